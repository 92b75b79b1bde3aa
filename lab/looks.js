// @ts-check
// Colours and shapes of strategies, as the reports have them: twins share both, and the repaired one is hollow.

/** @typedef {"circle" | "square" | "diamond" | "up" | "down" | "plus"} Shape */
/** @typedef {{ colour: string, shape: Shape, hollow: boolean }} Look */

/** @type {Record<string, [string, Shape]>} */
const FAMILIES = {
  basic: ["grey", "circle"],
  adaptive: ["blue", "square"],
  exponential: ["orange", "diamond"],
  concurrent: ["vermilion", "up"],
  webhook: ["green", "down"],
  resilient: ["purple", "plus"],
  optimal: ["ink", "diamond"],
};
const COLOURS = ["sky", "yellow", "purple", "green", "orange", "blue", "vermilion"];
/** @type {Shape[]} */
const SHAPES = ["up", "circle", "diamond", "square", "down"];

/** The look of each strategy, by name. @param {string[]} names @returns {Map<string, Look>} */
export const looks = (names) => {
  let own = 0;
  return new Map(names.map((name) => {
    const stem = name.replace(/-(hardened|hybrid)$/, "");
    const known = Object.hasOwn(FAMILIES, stem) ? FAMILIES[stem] : undefined;
    if (known) return [name, { colour: known[0], shape: known[1], hollow: stem !== name }];
    own += 1;
    return [name, { colour: COLOURS[(own - 1) % COLOURS.length], shape: SHAPES[(own - 1) % SHAPES.length], hollow: false }];
  }));
};
