// @ts-check
// The page: one state, one answer, and everything that is drawn from them.

import { Asker, Effort } from "./back.js";
import { FEW_LOST, ecdf, front, raster, rasterWords } from "./charts.js";
import { copy, field, fill, html, slider } from "./controls.js";
import { Curve } from "./curve.js";
import { freeName, hashOf, held, nameOf, stateIn } from "./state.js";
import { colour, faults, own, presets, swatch } from "./strategies.js";
import { themed, watchWidths, watchWindow } from "./svg.js";
import { number, percent, time } from "./words.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Start} Start */
/** @typedef {import("./state.js").Control} Control */
/** @typedef {import("./back.js").Answer} Answer */
/** @typedef {import("./back.js").Back} Back */
/** @typedef {{ radio: HTMLInputElement, label: HTMLLabelElement, look: string, cells: HTMLTableCellElement[], line: HTMLTableRowElement }} Row */

/** Which controls stand where. */
const PLACES = {
  "model-controls": ["median_s", "spread", "hump_share", "hump_s", "tail_share", "tail_shape", "queue_s", "failing", "stuck"],
  "price-controls": ["delay_cost_per_s"],
  "weather-controls": ["rtt_s", "rate_limit_per_s", "outage_s", "outage_from_s", "arrivals_per_s"],
  "run-controls": ["tasks", "replicates", "seed"],
};
/** Milliseconds without a change after which the controls are at rest, where nothing says so. */
const REST = 400;

/** @param {string} id */
const at = (id) => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
};

class Lab {
  /** @type {Answer | null} */ answer = null;
  resting = true;
  /** @type {string} */ focus;
  /** @type {Map<string, { show: (value: number) => void }>} */ sliders = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ rest;
  /** The table's, by strategy. @type {Map<string, Row>} */ rows = new Map();
  frames = 0;
  effort = new Effort();
  /** Whether the last question had no answer. */
  failing = false;
  /** Whether a part of the page is in the window. @type {(part: Element) => boolean} */ isSeen = () => true;

  /** @param {Back} back @param {Start} start @param {State} state */
  constructor(back, start, state) {
    this.back = back;
    this.start = start;
    this.state = state;
    this.focus = nameOf(state.strategies[0]);
    this.controls = new Map(start.controls.map((control) => [control.key, control]));
    this.asker = new Asker(back, (answer, question, ms) => this.told(answer, question, ms), (words) => { this.failing = true; this.problem(words); });
    this.curve = new Curve(at("curve"), state, start.horizon_s, this.controls, (changes, resting) => this.change(changes, resting));
  }

  /** @param {string} words */
  problem(words) {
    at("problem").textContent = words;
    at("problem").hidden = !words;
  }

  /** The one way in which the state changes. @param {Partial<State>} changes @param {boolean} resting */
  change(changes, resting) {
    this.state = { ...this.state, ...changes };
    for (const [key, { show }] of this.sliders) if (Object.hasOwn(changes, key)) show(Number(this.state[/** @type {keyof State} */ (key)]));
    if (!this.state.strategies.some((chosen) => nameOf(chosen) === this.focus)) this.focus = nameOf(this.state.strategies[0]);
    this.resting = resting;
    clearTimeout(this.rest);
    if (!resting) this.rest = setTimeout(() => this.change({}, true), REST);
    if (resting) this.curve.draw(this.state, null, resting);
    else this.curve.follow(this.state);
    if (this.answer && (Object.hasOwn(changes, "outage_s") || Object.hasOwn(changes, "outage_from_s"))) this.raster(this.answer, this.view(this.answer));
    this.ask();
  }

  ask() {
    this.asker.ask({ state: this.state, view: { exact: this.resting, share: this.resting ? 1 : this.effort.share, focus: this.focus } });
  }

  /** @param {string} strategy */
  pick(strategy) {
    this.focus = strategy;
    if (this.answer) this.draw(this.answer);
    this.ask();
  }

  /** @param {Answer} answer @param {import("./back.js").Question} question @param {number} ms */
  told(answer, question, ms) {
    this.answer = answer;
    const exact = question.view.exact && question.state === this.state;
    if (!question.view.exact) this.effort.took(ms);
    // Browsers allow a few of these a second: not while something is dragged.
    if (exact) history.replaceState(null, "", hashOf(this.state));
    this.frames += 1;
    document.body.dataset.frames = String(this.frames);
    document.body.dataset.exact = String(exact);
    document.body.dataset.tasks = String(answer.tasks);
    if (this.failing) this.problem("");
    this.failing = false;
    this.draw(answer);
  }

  /** @param {Answer} answer */
  looks(answer) {
    return new Map(answer.marks.map(({ strategy, look }) => [strategy, look]));
  }

  /** What is looked at, and how. @param {Answer} answer @returns {import("./charts.js").View} */
  view(answer) {
    const outage = { from: this.state.outage_from_s, length: this.state.outage_s };
    return { focus: this.focus, looks: this.looks(answer), resting: answer.exact, outage, pick: (strategy) => this.pick(strategy) };
  }

  /** @param {Answer} answer */
  draw(answer) {
    const view = this.view(answer);
    // At rest everything; while something moves, what is seen.
    const isDue = (/** @type {string} */ id) => answer.exact || this.isSeen(at(id));
    if (isDue("curve")) this.curve.draw(this.state, answer, answer.exact);
    if (isDue("front")) front(at("front"), answer, view);
    if (isDue("ecdf")) ecdf(at("ecdf"), answer, view);
    if (isDue("raster")) this.raster(answer, view);
    if (isDue("rows")) this.table(answer, view.looks);
    at("raster-of").textContent = answer.raster.strategy;
    at("digest").textContent = answer.whole && answer.exact ? answer.digest : "–";
    colour(at("presets"), view.looks);
    if (answer.exact) {
      this.verdict(answer);
      at("scenario").textContent = answer.scenario;
      at("cost-of-run").textContent = `· ${answer.tasks} tasks under ${answer.marks.length === 1 ? "one strategy" : `each of ${answer.marks.length} strategies`}, the same as “pollbench compare” prints for the copied scenario`;
    }
  }

  /** @param {Answer} answer @param {import("./charts.js").View} view */
  raster(answer, view) {
    raster(at("raster"), answer, view);
    const words = rasterWords(answer, view);
    if (at("raster-words").textContent !== words) at("raster-words").textContent = words;
  }

  /** @param {Answer} answer */
  verdict(answer) {
    const words = (/** @type {string | null} */ name) => {
      const mark = answer.marks.find((mark) => mark.strategy === name);
      return mark ? [html("strong", {}, [mark.strategy]), `: ${number(mark.requests)} requests a task, known ${time(mark.delay)} after the end, cost ${number(mark.cost)}.`] : ["none of these: all lose more than 1 % of the tasks."];
    };
    const parts = [html("p", {}, ["Least cost: ", ...words(answer.best)])];
    if (answer.best_polling !== answer.best) parts.push(html("p", {}, ["Without webhooks: ", ...words(answer.best_polling)]));
    const { settings } = answer;
    if (settings) parts.push(html("p", {}, ["Settings to paste: first wait ", html("strong", {}, [settings.first]), ", interval ", html("strong", {}, [settings.interval]), ", limit ", html("strong", {}, [settings.limit]), ` (expected cost ${number(settings.cost)} on a calm day).`]));
    at("verdict").replaceChildren(...parts);
  }

  /** @param {Answer} answer @param {Map<string, import("./svg.js").Look>} looks */
  table(answer, looks) {
    const sorted = [...answer.marks].sort((a, b) => Number(a.lost_share > FEW_LOST) - Number(b.lost_share > FEW_LOST) || a.cost - b.cost);
    const made = sorted.map((mark) => {
      const kept = this.rows.get(mark.strategy);
      const row = kept && kept.look === JSON.stringify(mark.look) ? kept : this.row(mark, looks);
      row.label.title = mark.about;
      row.radio.checked = mark.strategy === this.focus;
      row.line.className = mark.strategy === answer.best ? "best" : "";
      const figures = [number(mark.requests), time(mark.delay), mark.delay_p95 === null ? "never" : time(mark.delay_p95), mark.lost ? percent(mark.lost_share) : "0", number(mark.cost)];
      figures.forEach((words, column) => { if (row.cells[column].textContent !== words) row.cells[column].textContent = words; });
      row.cells[3].className = mark.lost ? "loses" : "";
      return row;
    });
    // Rows that are there stay, and with them the focus; what is moved is only what has another place.
    const body = /** @type {HTMLTableSectionElement} */ (at("rows"));
    const held = document.activeElement;
    made.forEach(({ line }, index) => { if (body.rows[index] !== line) body.insertBefore(line, body.rows[index] ?? null); });
    while (body.rows.length > made.length) body.lastElementChild?.remove();
    if (held instanceof HTMLInputElement && held !== document.activeElement && body.contains(held)) held.focus();
    this.rows = new Map(sorted.map((mark, index) => [mark.strategy, made[index]]));
  }

  /** @param {import("./back.js").Mark} mark @param {Map<string, import("./svg.js").Look>} looks @returns {Row} */
  row(mark, looks) {
    const radio = html("input", { type: "radio", name: "focus", value: mark.strategy });
    radio.addEventListener("change", () => this.pick(mark.strategy));
    const label = html("label", {}, [radio, swatch(looks.get(mark.strategy)), mark.strategy]);
    const cells = Array.from({ length: 5 }, () => html("td"));
    return { radio, label, cells, line: html("tr", {}, [html("th", { scope: "row" }, [label]), ...cells]), look: JSON.stringify(mark.look) };
  }

  /** Everything on the desk. */
  desk() {
    this.sliders.clear();
    for (const [place, keys] of Object.entries(PLACES)) {
      const made = keys.flatMap((key) => {
        const control = this.controls.get(key);
        if (!control) return [];
        const make = key === "seed" ? field : slider;
        const part = make(control, Number(this.state[/** @type {keyof State} */ (key)]), (value, resting) => this.change({ [key]: value }, resting));
        this.sliders.set(key, part);
        return [part.label];
      });
      at(place).replaceChildren(...made);
    }
    this.chosen();
  }

  /** What has parts that come and go. */
  chosen() {
    const change = (/** @type {Partial<State>} */ changes, /** @type {boolean} */ resting) => this.change(changes, resting);
    const state = () => this.state;
    presets(at("presets"), this.start, state, change);
    if (this.answer) colour(at("presets"), this.looks(this.answer));
    own(at("own"), this.start, state, change, () => this.chosen());
    faults(at("faults"), this.start, state, change, () => this.chosen());
  }

  /** @param {string} stem @param {{ first_s: number, interval_s: number, deadline_s: number }} numbers */
  add(stem, numbers) {
    const { strategies } = this.state;
    if (strategies.length >= this.start.most_strategies) return this.problem(`There is room for ${this.start.most_strategies} strategies.`);
    const made = { name: freeName(stem, strategies), multiplier: 1, cap_s: 60, ...numbers };
    for (const control of this.start.of_strategies) {
      const key = /** @type {"first_s"} */ (control.key);
      made[key] = held(made[key], control);
    }
    this.change({ strategies: [...strategies, { own: made }] }, true);
    this.pick(made.name);
    this.chosen();
  }

  wire() {
    const say = (/** @type {string} */ words) => { at("copied").textContent = words; };
    const click = (/** @type {string} */ id, /** @type {() => void | Promise<void>} */ what) => at(id).addEventListener("click", () => void what());
    const models = /** @type {HTMLSelectElement} */ (at("models"));
    const kind = /** @type {HTMLSelectElement} */ (at("kind"));
    const language = /** @type {HTMLSelectElement} */ (at("language"));
    fill(models, this.start.models.map((state, index) => [String(index), state.model]));
    fill(kind, this.start.faults);
    fill(language, this.start.languages.map((name) => [name, name]));
    const known = this.start.models.findIndex((state) => state.model === this.state.model);
    models.value = String(Math.max(0, known));
    models.addEventListener("change", () => {
      const { model, median_s, spread, hump_share, hump_s, tail_share, tail_shape, queue_s, stuck, failing } = this.start.models[Number(models.value)];
      this.change({ model, median_s, spread, hump_share, hump_s, tail_share, tail_shape, queue_s, stuck, failing }, true);
    });
    click("copy-scenario", async () => { await copy(this.answer?.scenario ?? ""); say("The scenario is copied."); });
    click("copy-link", async () => { await copy(location.href); say("The link is copied."); });
    click("copy-poller", async () => {
      try {
        await copy(await this.back.poller(this.state, this.focus, language.value));
        say(`A poller that waits like ${this.focus} is copied.`);
      } catch (error) {
        say(error instanceof Error ? error.message : String(error));
      }
    });
    click("reset", () => { this.change(this.start.models[0], true); models.value = "0"; this.desk(); say(""); });
    click("add-own", () => this.add("mine", { first_s: this.state.median_s * 0.6, interval_s: this.state.median_s * 0.05, deadline_s: this.state.median_s * 5 }));
    click("add-tuned", () => { if (this.answer?.settings) this.add("tuned", { ...this.pasted(this.answer.settings) }); });
    click("add-fault", () => {
      if (this.state.faults.length >= this.start.most_faults) return this.problem(`There is room for ${this.start.most_faults} faults.`);
      this.change({ faults: [...this.state.faults, { kind: kind.value, probability: 0.02 }] }, true);
      this.chosen();
    });
    at("desk").addEventListener("submit", (event) => event.preventDefault());
    addEventListener("hashchange", () => {
      const state = stateIn(location.hash, this.start);
      if (!state) return this.problem("The link holds no state that this lab can show.");
      this.problem("");
      this.change(state, true);
      this.desk();
    });
    const figures = ["curve", "front", "ecdf", "raster"].map(at);
    watchWidths(figures, () => { if (this.answer) this.draw(this.answer); });
    // At rest everything is drawn already.
    this.isSeen = watchWindow([...figures, at("rows")], () => { if (this.answer && !this.answer.exact) this.draw(this.answer); });
  }

  /** @param {import("./back.js").Settings} settings */
  pasted({ first_s, interval_s, limit_s }) {
    return { first_s, interval_s, deadline_s: limit_s };
  }
}

/** @param {() => Promise<Back>} find */
const main = async (find) => {
  const back = await find();
  const start = await back.start();
  themed(start.theme);
  const linked = stateIn(location.hash, start);
  const lab = new Lab(back, start, linked ?? start.models[0]);
  if (start.left_out.length) {
    at("left-out").textContent = `Of the scenario: ${start.left_out.join(" ")}`;
    at("left-out").hidden = false;
  }
  lab.wire();
  lab.desk();
  lab.ask();
  if (location.hash.length > 1 && !linked) lab.problem("The link holds no state that this lab can show; this is where the lab begins.");
};

/** The page, with the simulator that `find` finds. @param {() => Promise<Back>} find */
export const begin = (find) => main(find).catch((error) => {
  at("problem").textContent = String(error instanceof Error ? error.message : error);
  at("problem").hidden = false;
});
