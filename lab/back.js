// @ts-check
// The simulator behind the page: one question, one answer. Who asks anew overtakes what was asked before.

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Start} Start */
/** @typedef {{ strategy: string, look: import("./svg.js").Look, about: string, told: boolean, requests: number, requests_ci: [number, number] | null, delay: number | null,
 *   delay_ci: [number, number] | null, delay_p95: number | null, cost: number, cost_ci: [number, number] | null, lost: number, lost_share: number,
 *   known: number, ecdf: [number, number][] }} Mark */
/** @typedef {{ began: number, done: number | null, settled: number | null, known: boolean, struck: boolean, polls: [number, "u" | "w" | "f"][], more: number }} Row */
/** @typedef {{ first: string, interval: string, limit: string, first_s: number, interval_s: number, limit_s: number, cost: number }} Settings */
/** @typedef {{ digest: string, scenario: string, tasks: number, whole: boolean, curve: { at: number[], density: number[], below: number[], quantiles: [number, number][], ends: number },
 *   marks: Mark[], floor: [number, number][], exact: boolean, settings: Settings | null, raster: { strategy: string, tasks: Row[] },
 *   best: string | null, best_polling: string | null }} Answer */
/** @typedef {{ state: State, view: { exact: boolean, share: number, focus: string | null } }} Question */
/** A simulator: how many questions it takes at a time, and the answers to them. */
/** @typedef {{ lanes: number, start: () => Promise<Start>, compute: (question: Question, signal: AbortSignal) => Promise<Answer>, poller: (state: State, strategy: string, language: string) => Promise<string> }} Back */

/** @param {Response} response */
const sound = async (response) => {
  if (response.ok) return response;
  const said = await response.json().catch(() => null);
  throw new Error(said && typeof said.error === "string" ? said.error : `the lab answered ${response.status}`);
};

/** @param {string} path @param {unknown} body @param {AbortSignal} [signal] */
const ask = async (path, body, signal) =>
  sound(await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), ...(signal ? { signal } : {}) }));

/** The program that served the page; it works on one question while the next is on its way. @returns {Back} */
export const overHttp = () => ({
  lanes: 2,
  start: async () => (await sound(await fetch("start"))).json(),
  compute: async (question, signal) => (await ask("compute", question, signal)).json(),
  poller: async (state, strategy, language) => (await ask("poller", { state, strategy, language })).text(),
});

/** Milliseconds from one answer to the next at which pictures still move, and at which there is room for more. */
const SLOW = 1000 / 15;
const FAST = 20;
const LEAST_SHARE = 1 / 16;

/** The share of the tasks that is simulated while something is dragged: all of them, unless pictures would stand still. */
export class Effort {
  share = 1;

  /** An answer came so long after the one before. @param {number} ms */
  took(ms) {
    if (ms > SLOW) this.share = Math.max(LEAST_SHARE, this.share / 2);
    else if (ms < FAST) this.share = Math.min(1, this.share * 2);
  }
}

/**
 * Asks as many questions at a time as the back has lanes, and the newest of all next. While something is dragged quick
 * questions come to their end, so that there are frames; a thorough one is cancelled by whatever comes after it. What is
 * told never goes back: an answer that a newer one has overtaken is dropped.
 */
export class Asker {
  /** @type {Question | null} */ #next = null;
  /** @type {Set<{ question: Question, stop: AbortController }>} */ #open = new Set();
  #asked = 0;
  #told = 0;

  /** @param {Pick<Back, "lanes" | "compute">} back @param {(answer: Answer, question: Question, ms: number) => void} tell What is done with an answer, and how long
   * each takes when all lanes are taken. @param {(words: string) => void} fail */
  constructor(back, tell, fail) {
    this.back = back;
    this.tell = tell;
    this.fail = fail;
  }

  /** @param {Question} question */
  ask(question) {
    this.#next = question;
    for (const open of this.#open) if (open.question.view.exact) open.stop.abort();
    this.#fill();
  }

  #fill() {
    while (this.#next && this.#open.size < this.back.lanes) {
      void this.#run(this.#next);
      this.#next = null;
    }
  }

  /** @param {Question} question */
  async #run(question) {
    this.#asked += 1;
    const number = this.#asked;
    const entry = { question, stop: new AbortController() };
    const { signal } = entry.stop;
    this.#open.add(entry);
    const isNews = () => !signal.aborted && number > this.#told;
    /** @type {() => void} */ let say = () => {};
    try {
      const began = performance.now();
      const open = this.#open.size;
      const answer = await this.back.compute(question, signal);
      const ms = (performance.now() - began) / open;
      say = () => this.tell(answer, question, ms);
    } catch (error) {
      say = () => this.fail(error instanceof Error ? error.message : String(error));
    }
    this.#open.delete(entry);
    // The next question is on its way before this answer is drawn.
    this.#fill();
    if (isNews()) {
      this.#told = number;
      say();
    }
  }
}
