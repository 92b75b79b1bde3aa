// @ts-check
// What the controls say, and how it is read from a link: whatever stands there is checked before it is used.

/**
 * @typedef {{ key: string, label: string, unit: string, min: number, max: number, log: boolean, from: number, whole: boolean }} Control
 * @typedef {{ name: string, first_s: number, interval_s: number, multiplier: number, cap_s: number, deadline_s: number }} Own
 * @typedef {{ preset: string } | { own: Own }} Chosen
 * @typedef {{ kind: string, probability: number }} Stirred
 * @typedef {Record<string, number> & { model: string, faults: Stirred[], strategies: Chosen[] }} Loose
 * @typedef {{ model: string, median_s: number, spread: number, hump_share: number, hump_s: number, tail_share: number, tail_shape: number,
 *   queue_s: number, stuck: number, failing: number, rtt_s: number, arrivals_per_s: number, rate_limit_per_s: number, outage_s: number, outage_from_s: number,
 *   delay_cost_per_s: number, tasks: number, replicates: number, seed: number, faults: Stirred[], strategies: Chosen[] }} State
 * @typedef {{ models: State[], left_out: string[], controls: Control[], of_strategies: Control[], struck: Control, presets: string[],
 *   faults: [string, string][], languages: string[], theme: [string, string, string][], most_strategies: number, most_faults: number, horizon_s: number }} Start
 */

/** The longest link that is looked at. */
const LONGEST = 20_000;
const LONGEST_NAME = 60;

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isTable = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** @param {unknown} value @param {Control} control */
const isWithin = (value, control) =>
  typeof value === "number" && value >= control.min && value <= control.max && (!control.whole || Number.isInteger(value));

/** @param {unknown} value @returns {value is string} */
const isName = (value) => typeof value === "string" && value.length > 0 && [...value].length <= LONGEST_NAME;

/** @param {Record<string, unknown>} table @param {string[]} keys */
const hasOnly = (table, keys) => Object.keys(table).length === keys.length && keys.every((key) => Object.hasOwn(table, key));

/** @param {unknown} value @param {Start} start */
const isChosen = (value, start) => {
  if (!isTable(value)) return false;
  if (hasOnly(value, ["preset"])) return typeof value.preset === "string" && start.presets.includes(value.preset);
  const own = hasOnly(value, ["own"]) ? value.own : null;
  const keys = start.of_strategies.map((control) => control.key);
  return isTable(own) && hasOnly(own, ["name", ...keys]) && isName(own.name) && start.of_strategies.every((control) => isWithin(own[control.key], control));
};

/** @param {unknown} value @param {Start} start */
const isStirred = (value, start) =>
  isTable(value) && hasOnly(value, ["kind", "probability"]) && start.faults.some(([kind]) => kind === value.kind) && isWithin(value.probability, start.struck);

/** The state, if it is one. @param {unknown} value @param {Start} start @returns {State | null} */
export const stateOf = (value, start) => {
  if (!isTable(value)) return null;
  const keys = ["model", "faults", "strategies", ...start.controls.map((control) => control.key)];
  const { faults, strategies } = value;
  const isSound =
    hasOnly(value, keys) && isName(value.model) && start.controls.every((control) => isWithin(value[control.key], control)) &&
    Array.isArray(faults) && faults.length <= start.most_faults && faults.every((fault) => isStirred(fault, start)) &&
    Array.isArray(strategies) && strategies.length >= 1 && strategies.length <= start.most_strategies && strategies.every((chosen) => isChosen(chosen, start));
  if (!isSound) return null;
  const state = /** @type {State} */ (/** @type {unknown} */ (value));
  const names = state.strategies.map(nameOf);
  return new Set(names).size === names.length ? state : null;
};

/** The part of a link that holds a state. @param {State} state */
export const hashOf = (state) => `#${encodeURIComponent(JSON.stringify(state))}`;

/** The state in that part of a link; `null` where there is none that can be used. @param {string} hash @param {Start} start */
export const stateIn = (hash, start) => {
  if (hash.length < 2 || hash.length > LONGEST) return null;
  try {
    return stateOf(JSON.parse(decodeURIComponent(hash.slice(1))), start);
  } catch {
    return null;
  }
};

/** @param {Chosen} chosen */
export const nameOf = (chosen) => ("preset" in chosen ? chosen.preset : chosen.own.name);

/** A name that none of them has yet. @param {string} stem @param {Chosen[]} strategies */
export const freeName = (stem, strategies) => {
  const names = strategies.map(nameOf);
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? stem : `${stem} ${number}`;
    if (!names.includes(name)) return name;
  }
};

/**
 * A value as its control can hold it: whole, within its bounds, in four digits.
 * @param {number} value @param {Control} control
 */
export const held = (value, control) => {
  if (control.min < control.from && value < control.from) return value < control.from / 2 ? control.min : control.from;
  const bounded = Math.min(control.max, Math.max(control.min, Number.isFinite(value) ? value : control.min));
  return control.whole ? Math.round(bounded) : Number(bounded.toPrecision(4));
};

/** Steps of a slider. */
export const STEPS = 400;

/** Where a value stands on its slider, from 0 to `STEPS`. @param {number} value @param {Control} control */
export const stepOf = (value, control) => {
  if (!control.log) return Math.round(((value - control.min) / (control.max - control.min)) * STEPS);
  if (value < control.from) return 0;
  const first = control.min < control.from ? 1 : 0;
  return Math.round(first + (Math.log(value / control.from) / Math.log(control.max / control.from)) * (STEPS - first));
};

/** The value at a step. @param {number} step @param {Control} control */
export const valueAt = (step, control) => {
  if (!control.log) return held(control.min + (step / STEPS) * (control.max - control.min), control);
  const first = control.min < control.from ? 1 : 0;
  if (step < first) return control.min;
  return held(control.from * Math.exp(((step - first) / (STEPS - first)) * Math.log(control.max / control.from)), control);
};
