// What a link may hold, and what a slider may set: `node --test lab/test/`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { STEPS, freeName, hashOf, held, stateIn, stateOf, stepOf, valueAt } from "../state.js";

const control = (key, min, max, more = {}) => ({ key, label: key, unit: "", min, max, log: true, from: min, whole: false, ...more });
const start = {
  controls: [control("median_s", 2, 900), control("stuck", 0, 0.3, { from: 0.0001 }), control("tasks", 50, 2000, { whole: true })],
  of_strategies: [control("first_s", 0, 1500, { from: 0.1 }), control("interval_s", 0.5, 300)],
  struck: control("probability", 0.0005, 0.5),
  presets: ["basic", "adaptive"],
  faults: [["reset", "Connection reset"]],
  most_strategies: 3,
  most_faults: 2,
};
const state = () => ({
  model: "sora-2", median_s: 190, stuck: 0, tasks: 500, faults: [{ kind: "reset", probability: 0.1 }],
  strategies: [{ preset: "basic" }, { own: { name: "mine <img src=x onerror=alert(1)>", first_s: 10, interval_s: 3 } }],
});

test("a state survives its link", () => {
  assert.deepEqual(stateIn(hashOf(state()), start), state());
});

test("a stranger's link is no state unless everything in it is", () => {
  const broken = [
    ["median_s", 1], ["median_s", "190"], ["median_s", null], ["tasks", 50.5], ["tasks", 1e9], ["model", ""], ["model", "x".repeat(61)], ["model", {}],
    ["strategies", []], ["strategies", [{ preset: "__proto__" }]], ["strategies", [{ preset: "basic" }, { preset: "basic" }]], ["strategies", {}],
    ["strategies", [{ own: { name: "a", first_s: 1 } }]], ["strategies", [{ preset: "basic", own: {} }]], ["strategies", [null]],
    ["strategies", Array.from({ length: 4 }, (_, at) => ({ own: { name: `n${at}`, first_s: 1, interval_s: 1 } }))],
    ["faults", [{ kind: "constructor", probability: 0.1 }]], ["faults", [{ kind: "reset", probability: 2 }]], ["faults", "reset"],
  ];
  for (const [key, value] of broken) assert.equal(stateOf({ ...state(), [key]: value }, start), null, `${key}: ${JSON.stringify(value)}`);
  assert.equal(stateOf({ ...state(), evil: 1 }, start), null);
  const { stuck: _, ...less } = state();
  assert.equal(stateOf(less, start), null);
  for (const hash of ["", "#", "#%", "#null", "#[]", "#{}", `#${"x".repeat(30_000)}`, "#%7B%22__proto__%22%3A%7B%7D%7D"]) assert.equal(stateIn(hash, start), null, hash.slice(0, 30));
});

test("every step of a slider is within bounds, in order, and comes back", () => {
  for (const one of [...start.controls, ...start.of_strategies, control("linear", 0, 0.6, { log: false, from: 0 })]) {
    let before = -Infinity;
    for (let step = 0; step <= STEPS; step += 1) {
      const value = valueAt(step, one);
      assert(value >= one.min && value <= one.max && value >= before, `${one.key} ${step}: ${value} after ${before}`);
      assert(one.whole || Math.abs(stepOf(value, one) - step) <= 1, `${one.key} ${step}: ${value} is at ${stepOf(value, one)}`);
      before = value;
    }
    assert.deepEqual([valueAt(0, one), valueAt(STEPS, one)], [one.min, one.max]);
  }
});

test("a value that a hand asks for is one that the control holds", () => {
  const [median, stuck, tasks] = start.controls;
  for (const [value, one, expected] of [[1e9, median, 900], [-5, median, 2], [NaN, median, 2], [123.456789, median, 123.5], [0.00001, stuck, 0], [0.00009, stuck, 0.0001], [77.7, tasks, 78]]) {
    assert.equal(held(value, one), expected);
  }
});

test("a new name is one that nobody has", () => {
  assert.equal(freeName("mine", [{ preset: "basic" }]), "mine");
  assert.equal(freeName("mine", [{ own: { name: "mine" } }, { own: { name: "mine 2" } }]), "mine 3");
});
