// Places, ticks and words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decades, linearScale, logScale, roundRange, timeTicks } from "../scales.js";
import { number, percent, time, withUnit } from "../words.js";

test("scales go there and back", () => {
  for (const scale of [logScale(1, 1800, 20, 900), linearScale(0, 10, 300, 20)]) {
    for (const share of [0, 0.1, 0.5, 0.99, 1]) {
      const place = scale.from + share * (scale.to - scale.from);
      assert(Math.abs(scale.at(scale.back(place)) - place) < 1e-9);
    }
    assert.equal(scale.at(1e12), scale.to);
  }
});

test("a range holds its values, and only grows while something is dragged", () => {
  const first = roundRange([3, 40], null, true, [1, 10]);
  assert.deepEqual(first, [2, 50]);
  assert.deepEqual(roundRange([5, 30], first, false, [1, 10]), [2, 50]);
  assert.deepEqual(roundRange([5, 90], first, false, [1, 10]), [2, 100]);
  assert.deepEqual(roundRange([5, 30], first, true, [1, 10]), [2, 50]);
  assert.deepEqual(roundRange([], null, true, [1, 10]), [1, 10]);
  assert.deepEqual(roundRange([NaN, 0, Infinity], null, true, [1, 10]), [1, 10]);
});

test("ticks are round and few", () => {
  assert.deepEqual(decades(1, 100), [1, 2, 5, 10, 20, 50, 100]);
  assert(timeTicks(1, 1800, 6).length <= 6);
});

test("figures are written as people read them", () => {
  assert.deepEqual([0, 0.00123, 0.5, 2, 9.876, 31.45, 1234.5].map(number), ["0", "0.00123", "0.5", "2", "9.88", "31.4", "1235"]);
  assert.deepEqual([null, 0, 0.08, 0.9999, 2.5, 59.99, 190].map(time), ["–", "0 s", "80 ms", "1 s", "2.5 s", "1 min", "3 min 10 s"]);
  assert.equal(percent(0.025), "2.5 %");
  assert.deepEqual([withUnit(0, "s"), withUnit(0.1, "%"), withUnit(5, "per s"), withUnit(1, "polls"), withUnit(1.5, "×")], ["none", "10 %", "5 per s", "1 poll", "× 1.5"]);
});
