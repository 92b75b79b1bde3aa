// Questions among workers: quick ones side by side, thorough ones in one that can be dismissed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inWorkers } from "../workers.js";

const question = (name, exact) => ({ state: { name }, view: { exact, focus: null } });

/** Workers that answer when they are told to, and what they were sent. */
const crew = () => {
  const hired = [];
  const hire = () => {
    const worker = { sent: [], isGone: false, postMessage: (data) => worker.sent.push(data), terminate: () => { worker.isGone = true; } };
    const heard = {};
    worker.addEventListener = (kind, hear) => { heard[kind] = hear; };
    worker.questions = () => worker.sent.slice(1);
    worker.answer = (at, answer) => heard.message({ data: { number: worker.questions()[at].number, ...answer } });
    worker.fail = (message) => heard.error({ message });
    hired.push(worker);
    return worker;
  };
  return { hired, hire };
};
const { signal } = new AbortController();

test("each worker is given the simulator first, and there are no more than lanes for quick questions", async () => {
  const { hired, hire } = crew();
  const back = inWorkers("module", hire, 3);
  assert.equal(back.lanes, 2);
  const answers = ["a", "b", "c"].map((name) => back.compute(question(name, false), signal));
  assert.deepEqual(hired.map(({ sent }) => sent[0]), ["module", "module", "module"]);
  assert.deepEqual(hired.map((worker) => worker.questions().length), [0, 2, 1]);
  hired[2].answer(0, { told: '"B"' });
  hired[1].answer(1, { told: '"C"' });
  hired[1].answer(0, { told: '"A"' });
  assert.deepEqual(await Promise.all(answers), ["A", "B", "C"]);
});

test("one core has one lane", () => {
  for (const cores of [1, 2]) assert.equal(inWorkers("module", crew().hire, cores).lanes, 1);
  assert.equal(inWorkers("module", crew().hire, 64).lanes, 3);
});

test("a thorough question that is overtaken loses its worker, and the next has a new one", async () => {
  const { hired, hire } = crew();
  const back = inWorkers("module", hire, 2);
  const stop = new AbortController();
  const first = back.compute(question("first", true), stop.signal);
  stop.abort();
  await assert.rejects(first, { name: "AbortError" });
  assert(hired[0].isGone);
  const second = back.compute(question("second", true), signal);
  assert.equal(hired[1].questions().length, 1);
  hired[1].answer(0, { told: "2" });
  assert.equal(await second, 2);
  assert(!hired[1].isGone);
});

test("what a worker refuses is refused with its words, and one that fails is replaced", async () => {
  const { hired, hire } = crew();
  const back = inWorkers("module", hire, 2);
  const refused = back.compute(question("a", false), signal);
  hired[1].answer(0, { problem: "no such state", isBroken: false });
  await assert.rejects(refused, { message: "no such state" });
  const trapped = back.poller({}, "basic", "js");
  hired[1].answer(1, { problem: "unreachable", isBroken: true });
  await assert.rejects(trapped, { message: "unreachable" });
  const failed = back.poller({}, "basic", "js");
  hired[2].fail("out of memory");
  await assert.rejects(failed, { message: "out of memory" });
  assert.deepEqual(hired.map(({ isGone }) => isGone), [false, true, true]);
});
