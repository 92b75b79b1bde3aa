// @ts-check
// The completion curve, and the handles by which it is dragged.

import { clamp, linearScale, logScale } from "./scales.js";
import { held } from "./state.js";
import { axes, element, path, text, widthOf } from "./svg.js";
import { percent, time } from "./words.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Control} Control */
/** @typedef {import("./back.js").Answer} Answer */
/** @typedef {"median_s" | "spread" | "hump_s" | "hump_share" | "tail_share"} Key */
/**
 * A handle: what it is called, where it stands, and what follows when it is dragged or pushed.
 * @typedef {{ name: string, key: Key, upright: Key | null, x: (state: State) => number, y: (state: State) => number | null,
 *   toX: ((state: State, at: number) => number) | null, told: (state: State) => string }} Handle
 */

const HEIGHT = 300;
const EDGE = { left: 20, right: 14, top: 30, bottom: 44 };
/** A share of one tail of the picture's height for each of `hump_share` and `tail_share`. */
const MOST_SHARE = 0.6;
/** Sigmas between the median and the handle of the spread. */
const SIGMAS = 1;

/** @type {Handle[]} */
export const HANDLES = [
  { name: "Median", key: "median_s", upright: null, x: (state) => state.median_s, y: () => null, toX: (_, at) => at, told: (state) => time(state.median_s) },
  { name: "Spread", key: "spread", upright: null, x: (state) => state.median_s * Math.exp(SIGMAS * state.spread), y: () => null, toX: (state, at) => Math.log(Math.max(1e-9, at / state.median_s)) / SIGMAS, told: (state) => `sigma ${state.spread}` },
  { name: "Second hump", key: "hump_s", upright: "hump_share", x: (state) => state.hump_s, y: (state) => state.hump_share, toX: (_, at) => at, told: (state) => `${percent(state.hump_share)} around ${time(state.hump_s)}` },
  { name: "Tail", key: "tail_share", upright: "tail_share", x: (state) => clamp(4.5 * state.median_s, 4, 1500), y: (state) => state.tail_share, toX: null, told: (state) => `${percent(state.tail_share)} of the tasks` },
];

export class Curve {
  /** @type {{ element: SVGElement, handle: Handle }[]} */ #handles = [];
  /** @type {SVGElement} */ #svg;
  /** @type {SVGElement} */ #drawn;
  #width = 900;
  /** @type {State} */ #state;
  /** @type {Answer | null} */ #answer = null;
  #top = 1;

  /**
   * @param {HTMLElement} figure @param {State} state @param {number} horizon @param {Map<string, Control>} controls
   * @param {(changes: Partial<State>, resting: boolean) => void} change
   */
  constructor(figure, state, horizon, controls, change) {
    this.figure = figure;
    this.horizon = horizon;
    this.controls = controls;
    this.change = change;
    this.#state = state;
    this.#drawn = element("g");
    this.#svg = element("svg", { role: "group", "aria-label": "Completion curve" });
    this.#svg.append(this.#drawn);
    for (const handle of HANDLES) this.#handles.push({ handle, element: this.#made(handle) });
    figure.append(this.#svg);
  }

  /** @param {State} state @param {Answer | null} answer @param {boolean} resting */
  draw(state, answer, resting) {
    this.#state = state;
    this.#answer = answer ?? this.#answer;
    this.#width = widthOf(this.figure);
    this.#svg.setAttribute("viewBox", `0 0 ${this.#width} ${HEIGHT}`);
    const { x, y } = this.#scales(resting);
    const parts = [...axes(x, y, "time since the submit", "", { xTime: true, yBare: true })];
    if (this.#answer) {
      const { at, density, quantiles, ends } = this.#answer.curve;
      /** @type {[number, number][]} */
      const points = at.map((time, index) => [x.at(time), y.at(density[index])]);
      parts.push(element("path", { d: `${path(points)}L${x.to},${y.from}L${x.from},${y.from}Z`, class: "area" }));
      parts.push(element("path", { d: path(points), class: "line", stroke: "var(--accent)" }));
      for (const [, when] of quantiles) {
        const place = x.at(when);
        parts.push(element("line", { x1: place, x2: place, y1: y.from, y2: y.to + 26, stroke: "var(--muted)", "stroke-dasharray": "2 4" }));
      }
      parts.push(text(x.to, 16, ends > 0.99995 ? "every task ends" : `${percent(1 - ends)} of the tasks never end`, { "text-anchor": "end" }));
    }
    this.#drawn.replaceChildren(...parts);
    for (const made of this.#handles) this.#place(made, x, y);
  }

  /** Moves the handles; the curve follows with the next answer. @param {State} state */
  follow(state) {
    this.#state = state;
    const { x, y } = this.#scales(false);
    for (const made of this.#handles) this.#place(made, x, y);
  }

  /** @param {boolean} resting */
  #scales(resting) {
    const highest = this.#answer ? Math.max(...this.#answer.curve.density, 0.2) * 1.25 : 1;
    if (resting || highest > this.#top) this.#top = highest;
    return {
      x: logScale(1, this.horizon, EDGE.left, this.#width - EDGE.right),
      y: linearScale(0, this.#top, HEIGHT - EDGE.bottom, EDGE.top),
    };
  }

  /** @param {Handle} handle */
  #made(handle) {
    const label = element("text", { "text-anchor": "middle", y: -14 }, [handle.name]);
    const made = element("g", { class: "handle", tabindex: 0, role: "slider", "aria-label": handle.name }, [element("circle", { r: 9 }), label]);
    this.#svg.append(made);
    made.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      made.focus();
      made.setPointerCapture(event.pointerId);
      made.classList.add("held");
    });
    made.addEventListener("pointermove", (event) => { if (made.hasPointerCapture(event.pointerId)) this.#drag(handle, event); });
    const release = (/** @type {PointerEvent} */ event) => {
      if (!made.classList.contains("held")) return;
      made.classList.remove("held");
      made.releasePointerCapture(event.pointerId);
      this.change({}, true);
    };
    made.addEventListener("pointerup", release);
    made.addEventListener("pointercancel", release);
    made.addEventListener("keydown", (event) => this.#push(handle, event));
    return made;
  }

  /** @param {Handle} handle @param {PointerEvent} event */
  #drag(handle, event) {
    const box = this.#svg.getBoundingClientRect();
    const scale = this.#width / box.width;
    const { x } = this.#scales(false);
    /** @type {Partial<State>} */
    const changes = {};
    if (handle.toX) changes[handle.key] = this.#held(handle.key, handle.toX(this.#state, x.back((event.clientX - box.left) * scale)));
    if (handle.upright) {
      const share = ((HEIGHT - EDGE.bottom - (event.clientY - box.top) * scale) / (HEIGHT - EDGE.bottom - EDGE.top)) * MOST_SHARE;
      changes[handle.upright] = this.#held(handle.upright, share);
    }
    this.change(changes, false);
  }

  /** @param {Handle} handle @param {KeyboardEvent} event */
  #push(handle, event) {
    const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
    const upwards = { ArrowDown: -1, ArrowUp: 1, PageDown: -5, PageUp: 5 }[event.key] ?? 0;
    const away = sideways || upwards;
    if (!away) return;
    event.preventDefault();
    const key = upwards && handle.upright ? handle.upright : handle.key;
    const before = this.#state[key];
    const isFactor = key === "median_s" || key === "hump_s";
    this.change({ [key]: this.#held(key, isFactor ? before * 1.03 ** away : before + 0.01 * away) }, false);
  }

  /** @param {Key} key @param {number} value */
  #held(key, value) {
    const control = this.controls.get(key);
    return control ? held(value, control) : value;
  }

  /** @param {{ element: SVGElement, handle: Handle }} made @param {import("./scales.js").Scale} x @param {import("./scales.js").Scale} y */
  #place({ element: group, handle }, x, y) {
    const value = handle.x(this.#state);
    const share = handle.y(this.#state);
    const floor = HEIGHT - EDGE.bottom;
    const place = share === null ? this.#onCurve(value, y) : floor - (share / MOST_SHARE) * (floor - EDGE.top);
    const at = x.at(value);
    group.setAttribute("transform", `translate(${at.toFixed(1)},${place.toFixed(1)})`);
    // The name stands beside a handle at an edge, and clear of the curve.
    const label = group.querySelector("text");
    label?.setAttribute("text-anchor", at > this.#width - 60 ? "end" : at < 60 ? "start" : handle.key === "spread" ? "start" : "middle");
    label?.setAttribute("x", handle.key === "spread" && at <= this.#width - 60 ? "14" : "0");
    label?.setAttribute("y", handle.key === "spread" ? "4" : handle.key === "tail_share" ? "-30" : handle.key === "hump_s" && (share ?? 0) > 0.08 ? "25" : "-14");
    const control = this.controls.get(handle.key);
    group.setAttribute("aria-valuemin", String(control?.min ?? 0));
    group.setAttribute("aria-valuemax", String(control?.max ?? 1));
    group.setAttribute("aria-valuenow", String(this.#state[handle.key]));
    group.setAttribute("aria-valuetext", handle.told(this.#state));
  }

  /** @param {number} value @param {import("./scales.js").Scale} y */
  #onCurve(value, y) {
    if (!this.#answer) return HEIGHT / 2;
    const { at, density } = this.#answer.curve;
    const index = at.findIndex((time) => time >= value);
    return y.at(density[index < 0 ? density.length - 1 : index]);
  }
}

