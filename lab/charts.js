// @ts-check
// The pictures of an answer: requests × delay, the distribution of the delay, and tasks poll by poll.

import { linearScale, logScale, roundRange } from "./scales.js";
import { axes, element, mark, path, picture, text, widthOf } from "./svg.js";
import { number, percent, time } from "./words.js";

/** @typedef {import("./back.js").Answer} Answer */
/** @typedef {import("./back.js").Mark} Mark */
/** @typedef {import("./svg.js").Look} Look */
/** @typedef {{ focus: string, looks: Map<string, Look>, resting: boolean, outage: { from: number, length: number }, pick: (strategy: string) => void }} View */

/** Who loses more is crossed out. */
export const FEW_LOST = 0.01;
const DELAY = "detection delay (mean)";
/** @type {Look} */
const UNKNOWN = { colour: "grey", shape: "circle", hollow: false };

/** @type {Record<string, [number, number] | null>} */
const ranges = { requests: null, delay: null };

/** @param {View} view @param {string} name */
const look = (view, name) => view.looks.get(name) ?? UNKNOWN;

/** @param {SVGElement} element @param {string} strategy @param {View} view */
const pickable = (element, strategy, view) => {
  element.classList.add("pick");
  element.addEventListener("click", () => view.pick(strategy));
  return element;
};

/** How far from its point a label may be, and in how many directions. */
const REACHES = [0, 8, 18, 30, 44, 62, 84, 110, 140, 180];
const DIRECTIONS = 24;
/** Half of a label's height, and how far a mark reaches. */
const HALF = 8;
const REACH = 10;

/** @typedef {[left: number, top: number, right: number, bottom: number]} Box */

/** @param {Box} box @param {Box[]} others */
const isClear = (box, others) => others.every((other) => box[2] <= other[0] || other[2] <= box[0] || box[3] <= other[1] || other[3] <= box[1]);

/** What is taken, for labels to keep clear of. */
class Board {
  /** @type {Box[]} */ taken = [];
  /** @type {Box[]} */ marks = [];
  /** @type {Box[]} */ labels = [];

  /**
   * A free place for words beside a point, if there is one, with the line that leads to it where it is not next to the point.
   * @param {number} x @param {number} y @param {string} words @param {{ from: number, width: number, height: number }} room @param {Box[]} barriers What that line may not
   * go through.
   */
  place(x, y, words, { from, width, height }, barriers) {
    // The sign of what was left out is as wide as two letters.
    const half = ((words.length + Number(words.includes("…"))) * 6.7 + 4) / 2;
    for (const reach of REACHES) {
      for (let turn = 0; turn < DIRECTIONS; turn += 1) {
        // To the right first, then by turns above and below, and to the left at last.
        const angle = (((turn % 2 ? 1 : -1) * Math.ceil(turn / 2)) / DIRECTIONS) * 2 * Math.PI;
        const [left, middle] = [x + Math.cos(angle) * (REACH + reach + half) - half, y + Math.sin(angle) * (REACH + reach + HALF)];
        /** @type {Box} */
        const box = [left, middle - HALF, left + 2 * half, middle + HALF];
        const isInside = box[0] >= from && box[2] <= width - 4 && box[1] >= 0 && box[3] <= height;
        if (!isInside || !isClear(box, this.taken) || !isClear(box, this.marks)) continue;
        const leader = reach > REACHES[1] ? steps([x, y], [Math.min(Math.max(x, box[0]), box[2]), Math.min(Math.max(y, box[1]), box[3])], REACH, 2) : [];
        if (!leader.every((step) => isClear(step, barriers))) continue;
        this.taken.push(box, ...leader);
        this.labels.push(box);
        return { left: left + 2, base: middle + 4, leader };
      }
    }
    return null;
  }
}

/**
 * A line as a row of small boxes, from so far along it on. @param {[number, number]} from @param {[number, number]} to @param {number} first
 * @param {number} half Half of a box's side. @returns {Box[]}
 */
const steps = (from, to, first, half) => {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  /** @type {Box[]} */
  const out = [];
  for (let at = first; at <= length; at += 2 * half) {
    const share = at / (length || 1);
    const [x, y] = [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])];
    out.push([x - half, y - half, x + half, y + half]);
  }
  return out;
};

/** A name in at most so many letters. @param {string} name @param {number} most */
const shortened = (name, most) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);

/** Requests × delay. @param {HTMLElement} figure @param {Answer} answer @param {View} view */
export const front = (figure, answer, view) => {
  const [width, height] = [widthOf(figure), 340];
  const edge = { left: 62, right: 16, top: 30, bottom: 42 };
  const marks = answer.marks.filter((mark) => mark.delay !== null && mark.requests > 0);
  ranges.requests = roundRange(marks.map((mark) => mark.requests), ranges.requests, view.resting, [1, 100]);
  ranges.delay = roundRange(marks.map((mark) => mark.delay ?? 0), ranges.delay, view.resting, [0.1, 100]);
  const x = logScale(ranges.requests[0], ranges.requests[1], edge.left, width - edge.right);
  const y = logScale(ranges.delay[0], ranges.delay[1], height - edge.bottom, edge.top);
  const svg = picture("Requests and delay of each strategy; the same figures are in the table", width, height);
  svg.append(...axes(x, y, "requests per task (mean)", DELAY, { yTime: true }));
  const isInside = (/** @type {[number, number]} */ [requests, delay]) => requests >= x.min && requests <= x.max && delay >= y.min && delay <= y.max;
  const floor = answer.floor.filter(isInside).map(([requests, delay]) => /** @type {[number, number]} */ ([x.at(requests), y.at(delay)]));
  if (floor.length > 1) svg.append(element("path", { d: path(floor), class: "floor" }));
  const board = new Board();
  // The name of the axis stands above it.
  board.taken.push([edge.left, 0, edge.left + DELAY.length * 6.7, edge.top - 4]);
  for (let index = 1; index < floor.length; index += 1) board.taken.push(...steps(floor[index - 1], floor[index], 0, 4));
  const places = marks.map((mark) => ({ mark, left: x.at(mark.requests), top: y.at(mark.delay ?? 0) }));
  for (const { left, top } of places) board.marks.push([left - 8, top - 8, left + 8, top + 8]);
  for (const { mark: known, left, top } of places) {
    const group = pickable(element("g", { "data-strategy": known.strategy }), known.strategy, view);
    const here = known.strategy === view.focus;
    if (here) group.append(element("circle", { cx: left, cy: top, r: 12, fill: "none", stroke: "var(--ink)" }));
    group.append(mark(left, top, look(view, known.strategy)));
    if (known.lost_share > FEW_LOST) group.append(element("path", { d: `M${left - 8},${top - 8}l16,16m0,-16l-16,16`, stroke: "var(--warn)", "stroke-width": 2 }));
    group.append(element("title", {}, [`${known.strategy}: ${number(known.requests)} requests, ${time(known.delay)} delay, cost ${number(known.cost)}`]));
    svg.append(group);
  }
  // The one that is looked at is named first, then the cheapest.
  const order = [...places].sort((a, b) => Number(b.mark.strategy === view.focus) - Number(a.mark.strategy === view.focus) || a.mark.cost - b.mark.cost);
  for (const { mark: known, left, top } of order) {
    const lost = known.lost > 0 ? `, ${percent(known.lost_share)} lost` : "";
    const room = { from: edge.left + 2, width, height: height - edge.bottom };
    const others = board.marks.filter(([l, t, r, b]) => left < l || left > r || top < t || top > b);
    const full = shortened(known.strategy, 26) + lost;
    /** @type {[words: string, barriers: Box[]][]} From the best to the last resort: what has no room for its losses is crossed out still. */
    const ways = [[full, [...board.labels, ...others]], [full, board.labels], [shortened(known.strategy, 14) + lost, board.labels], [shortened(known.strategy, 14), board.labels], [shortened(known.strategy, 9), []]];
    for (const [words, barriers] of ways) {
      const place = board.place(left, top, words, room, barriers);
      if (!place) continue;
      const [first, last] = [place.leader[0], place.leader[place.leader.length - 1]];
      if (first && last) svg.append(element("line", { x1: first[0] + 2, y1: first[1] + 2, x2: last[0] + 2, y2: last[1] + 2, stroke: "var(--muted)", "stroke-width": 0.7 }));
      const kind = known.strategy === view.focus ? " chosen" : known.lost > 0 ? " loses" : "";
      const label = text(place.left, place.base, words, { class: `label${kind}` });
      if (words !== known.strategy + lost) label.append(element("title", {}, [known.strategy + lost]));
      svg.append(label);
      break;
    }
  }
  figure.replaceChildren(svg);
};

/** The distribution of the delay: the one that is looked at over the others. @param {HTMLElement} figure @param {Answer} answer @param {View} view */
export const ecdf = (figure, answer, view) => {
  const [width, height] = [widthOf(figure), 340];
  const x = logScale(0.05, 600, 46, width - 16);
  const y = linearScale(0, 1, height - 42, 30);
  const svg = picture(`Detection delay of ${view.focus}, over those of the others`, width, height);
  svg.append(...axes(x, y, "detection delay", "share of all tasks known", { xTime: true, yShare: true }));
  const drawn = (/** @type {Mark} */ known) => {
    /** @type {[number, number][]} */
    const points = [];
    let share = 0;
    for (const [delay, below] of known.ecdf) {
      const place = x.at(Math.max(delay, x.min));
      points.push([place, y.at(share)], [place, y.at(below)]);
      share = below;
    }
    points.push([x.to, y.at(share)]);
    return path(points);
  };
  for (const known of answer.marks) {
    if (known.strategy !== view.focus && known.ecdf.length) svg.append(pickable(element("path", { d: drawn(known), class: "ghost" }, [element("title", {}, [known.strategy])]), known.strategy, view));
  }
  const chosen = answer.marks.find((known) => known.strategy === view.focus);
  if (chosen?.ecdf.length) {
    const { colour, hollow } = look(view, chosen.strategy);
    svg.append(element("path", { d: drawn(chosen), class: "line", stroke: `var(--c-${colour})`, "stroke-width": 3, ...(hollow ? { "stroke-dasharray": "7 3" } : {}) }));
    svg.append(text(x.to - 4, y.from - 8, chosen.known > 0.99995 ? "all known in the end" : `${percent(1 - chosen.known)} never known`, { "text-anchor": "end", class: chosen.known > 0.995 ? "label" : "label loses" }));
  }
  figure.replaceChildren(svg);
};

/** How that picture of tasks poll by poll is read. @param {Answer} answer @param {View} view */
export const rasterWords = (answer, view) => [
  "Five tasks of the first replicate. A ring is a poll that said “not yet”, a filled circle one that told the end, a cross one that told nothing; the bar begins where the task ends.",
  ...(answer.raster.tasks.some(({ done, known }) => done !== null && !known) ? ["A hatched bar is a task whose end never became known."] : []),
  ...(view.outage.length > 0 ? ["Red ground is the outage, where a wait met it."] : []),
].join(" ");

/** Tasks poll by poll. @param {HTMLElement} figure @param {Answer} answer @param {View} view */
export const raster = (figure, answer, view) => {
  const { tasks } = answer.raster;
  const width = widthOf(figure);
  const { from: outage, length } = view.outage;
  const rows = 30 * Math.max(1, tasks.length);
  const height = 56 + rows + (length > 0 ? 44 : 0);
  const end = Math.max(1, ...tasks.map((task) => Math.max(task.settled ?? 0, task.done ?? 0, ...task.polls.map(([at]) => at))));
  const x = linearScale(0, end, 18, width - 22);
  const svg = picture(`Polls of ${answer.raster.strategy} for five tasks`, width, height);
  svg.append(element("defs", {}, [element("pattern", { id: "never-known", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, [
    element("line", { x1: 1, x2: 1, y1: 0, y2: 5, stroke: "var(--muted)", "stroke-width": 1.5 }),
  ])]));
  const bottom = 16 + rows;
  const step = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600].find((step) => end / step <= Math.max(3, width / 110)) ?? 1200;
  for (let at = 0; at <= end; at += step) {
    const place = x.at(at);
    svg.append(element("line", { x1: place, x2: place, y1: 4, y2: bottom, class: "axis" }));
    svg.append(text(place, bottom + 16, time(at), { "text-anchor": at === 0 ? "start" : place > width - 40 ? "end" : "middle" }));
  }
  svg.append(text(width - 22, bottom + 34, "since the wait began", { "text-anchor": "end" }));
  const colour = `var(--c-${look(view, answer.raster.strategy).colour})`;
  // The outage is somewhere in the run, and each wait began somewhere else in it.
  if (length > 0) {
    const run = linearScale(0, 1.02 * Math.max(outage + length, ...tasks.map(({ began }) => began)), 18, width - 22);
    const top = bottom + 62;
    const words = `Outage from ${time(outage)} to ${time(outage + length)} of the run`;
    svg.append(text(18, top - 6, width < 560 ? words : `${words}; ticks: where these waits began`, { class: "label" }));
    svg.append(element("rect", { x: run.from, y: top, width: run.to - run.from, height: 12, fill: "var(--line)" }));
    svg.append(element("rect", { x: run.at(outage), y: top, width: Math.max(2, run.at(outage + length) - run.at(outage)), height: 12, class: "outage" }));
    for (const { began } of tasks) svg.append(element("line", { x1: run.at(began), x2: run.at(began), y1: top - 2, y2: top + 14, stroke: "var(--ink)", "stroke-width": 1.5 }));
  }
  tasks.forEach(({ began }, index) => {
    const [from, to] = [outage - began, outage + length - began];
    if (length > 0 && to > 0 && from < end) svg.append(element("rect", { x: x.at(from), y: 5 + 30 * index, width: Math.max(1.5, x.at(to) - x.at(from)), height: 30, class: "outage" }, [element("title", {}, ["outage"])]));
  });
  tasks.forEach((task, index) => {
    const y = 20 + 30 * index;
    const ends = task.settled ?? end;
    svg.append(element("line", { x1: x.at(0), x2: x.at(ends), y1: y, y2: y, stroke: "var(--line)", "stroke-width": 2 }));
    if (task.done !== null && task.done <= end) {
      const [from, to] = [x.at(Math.max(0, task.done)), x.at(task.known ? ends : end)];
      /** @type {Record<string, string | number>} */
      const look = task.known ? { fill: colour, opacity: 0.3 } : { fill: "url(#never-known)", stroke: "var(--muted)" };
      svg.append(element("rect", { x: from, y: y - 8, width: Math.max(1.5, to - from), height: 16, ...look }));
    }
    for (const [at, kind] of task.polls) {
      const place = x.at(at);
      if (kind === "f") svg.append(element("path", { d: `M${place - 4},${y - 4}l8,8m0,-8l-8,8`, stroke: "var(--warn)", "stroke-width": 2 }));
      else svg.append(element("circle", { cx: place, cy: y, r: kind === "u" ? 5 : 3.5, fill: kind === "u" ? colour : "var(--card)", stroke: colour, "stroke-width": 1.5 }));
    }
  });
  figure.replaceChildren(svg);
};
