// Who asks anew overtakes what was asked before.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Asker } from "../back.js";

const question = (name, exact) => ({ state: { name }, view: { exact, focus: null } });

/** A back that answers when it is told to. */
const slow = () => {
  const open = [];
  const compute = (asked, signal) => new Promise((answer, fail) => {
    const entry = { asked, signal, answer: () => answer(asked.state.name), fail };
    signal.addEventListener("abort", () => fail(new Error("aborted")));
    open.push(entry);
  });
  return { open, compute };
};
const turn = () => new Promise((done) => setTimeout(done));

test("quick questions wait for the one before, and only the newest is asked", async () => {
  const { open, compute } = slow();
  const told = [];
  const asker = new Asker(compute, (answer) => told.push(answer), assert.fail);
  for (const name of ["a", "b", "c"]) asker.ask(question(name, false));
  assert.equal(open.length, 1);
  open[0].answer();
  await turn();
  assert.deepEqual(open.map(({ asked }) => asked.state.name), ["a", "c"]);
  open[1].answer();
  await turn();
  assert.deepEqual(told, ["a", "c"]);
});

test("a thorough question is cancelled by the next, and tells nothing", async () => {
  const { open, compute } = slow();
  const told = [];
  const asker = new Asker(compute, (answer) => told.push(answer), assert.fail);
  asker.ask(question("thorough", true));
  asker.ask(question("quick", false));
  assert(open[0].signal.aborted);
  await turn();
  open[1].answer();
  await turn();
  assert.deepEqual(told, ["quick"]);
});

test("a failure is told, and the next question is asked all the same", async () => {
  const { open, compute } = slow();
  const [told, failed] = [[], []];
  const asker = new Asker(compute, (answer) => told.push(answer), (words) => failed.push(words));
  asker.ask(question("a", false));
  open[0].fail(new Error("no such state"));
  await turn();
  asker.ask(question("b", false));
  open[1].answer();
  await turn();
  assert.deepEqual([told, failed], [["b"], ["no such state"]]);
});
