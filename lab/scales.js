// @ts-check
// Numbers to places and back, and the ticks of an axis.

/**
 * An axis of equal factors.
 * @typedef {{ min: number, max: number, from: number, to: number, at: (value: number) => number, back: (place: number) => number }} Scale
 */

/** @param {number} value @param {number} low @param {number} high */
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** @param {number} min @param {number} max @param {number} from @param {number} to @returns {Scale} */
export const logScale = (min, max, from, to) => {
  const reach = Math.log(max / min);
  return {
    min, max, from, to,
    at: (value) => from + (Math.log(clamp(value, min, max) / min) / reach) * (to - from),
    back: (place) => min * Math.exp(((place - from) / (to - from)) * reach),
  };
};

/** @param {number} min @param {number} max @param {number} from @param {number} to @returns {Scale} */
export const linearScale = (min, max, from, to) => ({
  min, max, from, to,
  at: (value) => from + ((clamp(value, min, max) - min) / (max - min)) * (to - from),
  back: (place) => min + ((place - from) / (to - from)) * (max - min),
});

/** 1, 2 and 5 of every decade. */
const STEPS = [1, 2, 5];

/** The values 1, 2, 5 × 10ⁿ within a range. @param {number} min @param {number} max */
export const decades = (min, max) => {
  const out = [];
  for (let power = Math.floor(Math.log10(min)) - 1; power <= Math.ceil(Math.log10(max)); power += 1) {
    for (const step of STEPS) {
      const value = Number(`${step}e${power}`);
      if (value >= min * 0.9999 && value <= max * 1.0001) out.push(value);
    }
  }
  return out;
};

/**
 * Round ends, a 1, 2 or 5, around values; `before` is kept where it holds them without wasting half of itself.
 * @param {number[]} values @param {[number, number] | null} before @param {boolean} resting @param {[number, number]} otherwise
 * @returns {[number, number]}
 */
export const roundRange = (values, before, resting, otherwise) => {
  const sound = values.filter((value) => Number.isFinite(value) && value > 0);
  if (!sound.length) return before ?? otherwise;
  const [low, high] = [Math.min(...sound) * 0.9, Math.max(...sound) * 1.1];
  const all = decades(low / 20, high * 20);
  const below = all.filter((value) => value <= low).pop() ?? low;
  const above = all.find((value) => value >= high) ?? high;
  if (!before || resting) return [below, above];
  return [Math.min(before[0], below), Math.max(before[1], above)];
};

/** Times with good names. */
const TIMES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800];

/** @param {number} min @param {number} max @param {number} most */
export const timeTicks = (min, max, most) => thinned(TIMES.filter((time) => time >= min * 0.999 && time <= max * 1.001), most);

/** @param {number} min @param {number} max @param {number} most */
export const numberTicks = (min, max, most) => thinned(decades(min, max), most);

/** @param {number[]} ticks @param {number} most */
const thinned = (ticks, most) => {
  const step = Math.max(1, Math.ceil(ticks.length / most));
  return ticks.filter((_, index) => index % step === 0);
};
