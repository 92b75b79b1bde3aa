// The lab as one file: `node alone.mjs POLLBENCH CHROMIUM LAB.html [FOLDER]`. It is driven as the served one is, and its
// simulator answers twenty random states, asked as from the page, byte for byte as the program does.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { engine } from "../../lab/engine.js";
import { alone, serve } from "./lab.mjs";

const [pollbench, executablePath, file, folder] = process.argv.slice(2);
assert(pollbench && executablePath && file, "usage: node alone.mjs POLLBENCH CHROMIUM LAB.html [FOLDER]");
if (folder) mkdirSync(folder, { recursive: true });
const STATES = 20;

/** A small generator of numbers below 1, the same each time (splitmix32). */
const chances = (seed) => () => {
  seed = (seed + 0x9e3779b9) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
};

/** A state within the bounds that the page is told, with few tasks. */
const stateOf = (start, chance) => {
  const pick = (list) => list[Math.floor(chance() * list.length)];
  // The ends of a control are drawn as often as what is between them.
  const number = ({ min, max, whole }) => {
    const value = pick([min, max, min + chance() * (max - min), min + chance() * (max - min)]);
    return whole ? Math.round(value) : value;
  };
  const numbers = (controls) => Object.fromEntries(controls.map((control) => [control.key, number(control)]));
  const presets = start.presets.filter(() => chance() < 0.3).slice(0, 8);
  const own = { name: "mine", ...numbers(start.of_strategies) };
  const state = { model: pick(["m", "größer ✓", '"<\\']), ...numbers(start.controls), tasks: 60, replicates: 2 };
  const faults = start.faults.filter(() => chance() < 0.2).map(([kind]) => ({ kind, probability: 0.2 * Math.max(number(start.struck), 5 * start.struck.min) }));
  return { ...state, failing: 0.6 * state.failing, faults, strategies: [...presets.map((preset) => ({ preset })), { own }] };
};

/** The simulator in the file is the program. */
const same = async (scratch) => {
  const packed = /<script type="text\/plain" id="simulator">([^<]+)</.exec(readFileSync(file, "utf8"))[1];
  const inside = await engine(await WebAssembly.compile(gunzipSync(Buffer.from(packed, "base64"))));
  const { url, stop } = await serve(pollbench, scratch);
  const served = async (path, question) => {
    const answer = await fetch(url + path, { method: "POST", headers: { "content-type": "application/json" }, body: question });
    return { ok: answer.ok, text: answer.ok ? await answer.text() : (await answer.json()).error };
  };
  const here = (job, question) => {
    try {
      return { ok: true, text: inside(job, question) };
    } catch (error) {
      return { ok: false, text: error.message };
    }
  };
  const agree = async (job, question) => {
    const [one, other] = [here(job, question), await served(job, question)];
    // Answers are long: what is told of a difference is its surroundings.
    const at = [...one.text].findIndex((letter, index) => letter !== other.text[index]);
    const around = ({ text }) => text.slice(Math.max(0, at - 80), at + 40);
    assert(one.ok === other.ok && one.text === other.text, `${question}\n${around(one)}\n${around(other)}`);
    return one;
  };
  try {
    const start = JSON.parse(inside("start", ""));
    assert.deepEqual(start, await (await fetch(`${url}start`)).json());
    const chance = chances(16);
    const digests = new Set();
    for (let number = 0; number < STATES; number += 1) {
      const state = stateOf(start, chance);
      for (const exact of [false, true]) {
        const { ok, text } = await agree("compute", JSON.stringify({ state, view: { exact, share: 1, focus: null } }));
        assert(ok, text);
        if (exact) digests.add(JSON.parse(text).digest);
      }
      await agree("poller", JSON.stringify({ state, strategy: "mine", language: start.languages[number % start.languages.length] }));
    }
    assert.equal(digests.size, STATES, "each state has a digest of its own");
    for (const question of ["", "{}", "[".repeat(60_000), JSON.stringify({ state: { ...start.models[0], tasks: 1e12 }, view: { exact: true, share: 1, focus: null } })]) {
      assert(!(await agree("compute", question)).ok);
    }
  } finally {
    stop();
  }
};

const scratch = mkdtempSync(join(tmpdir(), "pollbench-alone-"));
try {
  await same(scratch);
  console.log(`lab-alone: ${STATES} states as the program answers them, byte for byte`);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    assert.deepEqual([...new Set(await alone(browser, file, { pollbench, scratch, folder }))], []);
  } finally {
    await browser.close();
  }
  console.log("lab-alone: nothing to complain of");
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
