// @ts-check
// A worker with a simulator of its own: the first message is the simulator, each of the others a question.

import { engine } from "./engine.js";

/** @typedef {import("./engine.js").Job} Job */
/** @typedef {{ number: number, job: Job, question: string }} Asked */
/** @typedef {{ number: number, told: string } | { number: number, problem: string, isBroken: boolean }} Told */

/** @type {ReturnType<typeof engine>} */
let simulator = Promise.reject(new Error("there is no simulator yet"));
simulator.catch(() => {});

addEventListener("message", async ({ data }) => {
  if (data instanceof WebAssembly.Module) {
    simulator = engine(data);
    return;
  }
  const { number, job, question } = /** @type {Asked} */ (data);
  /** @type {Told} */
  let answer;
  try {
    answer = { number, told: (await simulator)(job, question) };
  } catch (error) {
    // What a simulator that failed in the middle has in its memory is anybody's guess.
    const isBroken = error instanceof WebAssembly.RuntimeError;
    const problem = isBroken ? "the simulator failed; please report this state" : String(error instanceof Error ? error.message : error);
    answer = { number, problem, isBroken };
  }
  postMessage(answer);
});
