// Who asks anew overtakes what was asked before.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Asker, Effort } from "../back.js";

const question = (name, exact) => ({ state: { name }, view: { exact, focus: null } });

/** A back that answers when it is told to. */
const slow = (lanes = 1) => {
  const open = [];
  const compute = (asked, signal) => new Promise((answer, fail) => {
    const entry = { asked, signal, answer: () => answer(asked.state.name), fail };
    signal.addEventListener("abort", () => fail(new Error("aborted")));
    open.push(entry);
  });
  return { open, back: { lanes, compute }, names: () => open.map(({ asked }) => asked.state.name) };
};
const turn = () => new Promise((done) => setTimeout(done));

test("quick questions wait for the one before, and only the newest is asked", async () => {
  const { open, back, names } = slow();
  const told = [];
  const asker = new Asker(back, (answer) => told.push(answer), assert.fail);
  for (const name of ["a", "b", "c"]) asker.ask(question(name, false));
  assert.equal(open.length, 1);
  open[0].answer();
  await turn();
  assert.deepEqual(names(), ["a", "c"]);
  open[1].answer();
  await turn();
  assert.deepEqual(told, ["a", "c"]);
});

test("as many questions are open as there are lanes, and an older answer never comes after a newer one", async () => {
  const { open, back, names } = slow(2);
  const told = [];
  const asker = new Asker(back, (answer) => told.push(answer), assert.fail);
  for (const name of ["a", "b", "c", "d"]) asker.ask(question(name, false));
  assert.deepEqual(names(), ["a", "b"]);
  open[1].answer();
  await turn();
  assert.deepEqual(names(), ["a", "b", "d"]);
  open[0].answer();
  await turn();
  open[2].answer();
  await turn();
  assert.deepEqual(told, ["b", "d"]);
});

test("a thorough question is cancelled by the next, and tells nothing", async () => {
  const { open, back } = slow();
  const told = [];
  const asker = new Asker(back, (answer) => told.push(answer), assert.fail);
  asker.ask(question("thorough", true));
  asker.ask(question("quick", false));
  assert(open[0].signal.aborted);
  await turn();
  open[1].answer();
  await turn();
  assert.deepEqual(told, ["quick"]);
});

test("a failure is told, and the next question is asked all the same", async () => {
  const { open, back } = slow();
  const [told, failed] = [[], []];
  const asker = new Asker(back, (answer) => told.push(answer), (words) => failed.push(words));
  asker.ask(question("a", false));
  open[0].fail(new Error("no such state"));
  await turn();
  asker.ask(question("b", false));
  open[1].answer();
  await turn();
  assert.deepEqual([told, failed], [["b"], ["no such state"]]);
});

test("slow answers are asked of fewer tasks, and fast ones of all again", () => {
  const effort = new Effort();
  const after = (ms) => { effort.took(ms); return effort.share; };
  assert.deepEqual([60, 70, 70, 60, 30, 10, 10, 10].map(after), [1, 0.5, 0.25, 0.25, 0.25, 0.5, 1, 1]);
  for (let turn = 0; turn < 20; turn += 1) effort.took(1000);
  assert.equal(effort.share, 1 / 16);
});
