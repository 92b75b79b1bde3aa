// @ts-check
// Pictures: elements, marks and axes. Text goes in as text, never as markup.

import { numberTicks, timeTicks } from "./scales.js";
import { number, time } from "./words.js";

/** @typedef {import("./scales.js").Scale} Scale */
/** How a strategy looks, as in the reports: twins share colour and shape, and the repaired one is hollow.
 * @typedef {"circle" | "square" | "diamond" | "up" | "down" | "plus"} Shape
 * @typedef {{ colour: string, shape: Shape, hollow: boolean }} Look */

const SPACE = "http://www.w3.org/2000/svg";

/**
 * @param {string} name @param {Record<string, string | number>} [attributes] @param {(Node | string)[]} [children]
 * @returns {SVGElement}
 */
export const element = (name, attributes = {}, children = []) => {
  const made = /** @type {SVGElement} */ (document.createElementNS(SPACE, name));
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, typeof value === "number" ? String(Math.round(value * 100) / 100) : value);
  made.append(...children);
  return made;
};

/** A picture with a name. @param {string} label @param {number} width @param {number} height */
export const picture = (label, width, height) => element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });

/** @type {WeakMap<Element, number>} */
const widths = new WeakMap();

/** Measures figures when they change, not while they are drawn: that would lay the page out again for each. @param {HTMLElement[]} figures @param {() => void} changed */
export const watchWidths = (figures, changed) => {
  const observer = new ResizeObserver((entries) => {
    const before = figures.map(widthOf);
    for (const { target, contentRect } of entries) widths.set(target, Math.round(contentRect.width));
    if (figures.some((figure, index) => widthOf(figure) !== before[index])) changed();
  });
  for (const figure of figures) observer.observe(figure);
};

/** The room that a figure has. @param {HTMLElement} figure */
export const widthOf = (figure) => {
  const known = widths.get(figure) ?? Math.round(figure.clientWidth);
  widths.set(figure, known);
  return Math.max(300, known);
};

/**
 * Which parts of the page are in the window, or nearly: what nobody sees need not be drawn while something moves. `came` is told
 * when one comes into it. @param {HTMLElement[]} parts @param {() => void} came
 */
export const watchWindow = (parts, came) => {
  /** @type {Set<Element>} */
  const hidden = new Set();
  const observer = new IntersectionObserver((entries) => {
    const before = hidden.size;
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) hidden.delete(target);
      else hidden.add(target);
    }
    if (hidden.size < before) came();
  }, { rootMargin: "100px" });
  for (const part of parts) observer.observe(part);
  return (/** @type {Element} */ part) => !hidden.has(part);
};

/** @param {[number, number][]} points */
export const path = (points) => points.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join("");

/** @param {number} x @param {number} y @param {string} words @param {Record<string, string | number>} [more] */
export const text = (x, y, words, more = {}) => element("text", { x, y, "font-size": 12, ...more }, [words]);

/** A mark of a strategy. @param {number} x @param {number} y @param {Look} look @param {number} [size] */
export const mark = (x, y, look, size = 6) => {
  const s = size;
  const shapes = {
    circle: `M${x - s},${y}a${s},${s} 0 1 0 ${2 * s},0a${s},${s} 0 1 0 ${-2 * s},0`,
    square: `M${x - s},${y - s}h${2 * s}v${2 * s}h${-2 * s}Z`,
    diamond: `M${x},${y - s - 1}l${s + 1},${s + 1}l${-s - 1},${s + 1}l${-s - 1},${-s - 1}Z`,
    up: `M${x},${y - s - 1}l${s + 1},${2 * s}h${-2 * s - 2}Z`,
    plus: `M${x - 2},${y - s - 1}h4v${s - 1}h${s - 1}v4h${1 - s}v${s - 1}h-4v${1 - s}h${1 - s}v-4h${s - 1}Z`,
    down: `M${x},${y + s + 1}l${s + 1},${-2 * s}h${-2 * s - 2}Z`,
  };
  return element("path", { d: shapes[look.shape], fill: look.hollow ? "var(--card)" : `var(--c-${look.colour})`, stroke: `var(--c-${look.colour})`, "stroke-width": 2 });
};

/** The axes of a picture. @param {Scale} x @param {Scale} y @param {string} xName @param {string} yName @param {{ xTime?: boolean, yTime?: boolean, yShare?: boolean, yBare?: boolean }} kinds */
export const axes = (x, y, xName, yName, kinds) => {
  const [left, right, top, bottom] = [x.from, x.to, y.to, y.from];
  const out = [];
  const xTicks = kinds.xTime ? timeTicks(x.min, x.max, Math.floor((right - left) / 62)) : numberTicks(x.min, x.max, Math.floor((right - left) / 48));
  let taken = -Infinity;
  for (const tick of xTicks) {
    const at = x.at(tick);
    out.push(element("line", { x1: at, x2: at, y1: top, y2: bottom, class: "axis" }));
    const words = kinds.xTime ? time(tick) : number(tick);
    const anchor = at > right - 18 ? "end" : at < left + 18 ? "start" : "middle";
    const length = words.length * 7;
    const from = at - { start: 0, middle: length / 2, end: length }[anchor];
    if (from < taken + 4) continue;
    taken = from + length;
    out.push(text(at, bottom + 19, words, { "text-anchor": anchor }));
  }
  const yTicks = kinds.yBare ? [] : kinds.yShare ? [0, 0.25, 0.5, 0.75, 1] : kinds.yTime ? timeTicks(y.min, y.max, Math.floor((bottom - top) / 26)) : numberTicks(y.min, y.max, Math.floor((bottom - top) / 26));
  for (const tick of yTicks) {
    const at = y.at(tick);
    out.push(element("line", { x1: left, x2: right, y1: at, y2: at, class: "axis" }));
    out.push(text(left - 6, at + 4, kinds.yShare ? `${tick * 100} %` : kinds.yTime ? time(tick) : number(tick), { "text-anchor": "end" }));
  }
  out.push(element("path", { d: `M${left},${top}V${bottom}H${right}`, class: "frame" }));
  out.push(text(right, bottom + 34, xName, { "text-anchor": "end" }));
  out.push(text(left, top - 8, yName, { "text-anchor": "start" }));
  return out;
};

/** Gives the page the charts' colours, as variables. @param {[name: string, light: string, dark: string][]} theme */
export const themed = (theme) => {
  const rule = (/** @type {1 | 2} */ side) => `:root { ${theme.map((colour) => `--c-${colour[0]}: ${colour[side]};`).join(" ")} }`;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`${rule(1)} @media screen and (prefers-color-scheme: dark) { ${rule(2)} }`);
  document.adoptedStyleSheets.push(sheet);
};
