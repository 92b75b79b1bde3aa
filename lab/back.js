// @ts-check
// The simulator behind the page: one question, one answer. Who asks anew overtakes what was asked before.

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Start} Start */
/** @typedef {{ strategy: string, about: string, told: boolean, requests: number, requests_ci: [number, number] | null, delay: number | null,
 *   delay_ci: [number, number] | null, delay_p95: number | null, cost: number, cost_ci: [number, number] | null, lost: number, lost_share: number,
 *   known: number, ecdf: [number, number][] }} Mark */
/** @typedef {{ done: number | null, settled: number | null, known: boolean, struck: boolean, polls: [number, "u" | "w" | "f"][], more: number }} Row */
/** @typedef {{ first: string, interval: string, limit: string, first_s: number, interval_s: number, limit_s: number, cost: number }} Settings */
/** @typedef {{ digest: string, scenario: string, tasks: number, curve: { at: number[], density: number[], below: number[], quantiles: [number, number][], ends: number },
 *   marks: Mark[], floor: [number, number][], exact: boolean, settings: Settings | null, raster: { strategy: string, tasks: Row[] },
 *   best: string | null, best_polling: string | null }} Answer */
/** @typedef {{ state: State, view: { exact: boolean, focus: string | null } }} Question */
/** @typedef {{ start: () => Promise<Start>, compute: (question: Question, signal: AbortSignal) => Promise<Answer>, poller: (state: State, strategy: string, language: string) => Promise<string> }} Back */

/** @param {Response} response */
const sound = async (response) => {
  if (response.ok) return response;
  const said = await response.json().catch(() => null);
  throw new Error(said && typeof said.error === "string" ? said.error : `the lab answered ${response.status}`);
};

/** @param {string} path @param {unknown} body @param {AbortSignal} [signal] */
const ask = async (path, body, signal) =>
  sound(await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), ...(signal ? { signal } : {}) }));

/** The program that served the page. @returns {Back} */
export const overHttp = () => ({
  start: async () => (await sound(await fetch("start"))).json(),
  compute: async (question, signal) => (await ask("compute", question, signal)).json(),
  poller: async (state, strategy, language) => (await ask("poller", { state, strategy, language })).text(),
});

/**
 * Asks one question at a time. A newer one waits for a quick answer, so that there are frames while something is dragged,
 * and overtakes a thorough one, which is then cancelled.
 */
export class Asker {
  /** @type {Question | null} */ #next = null;
  /** @type {{ question: Question, stop: AbortController } | null} */ #asked = null;

  /** @param {Back["compute"]} compute @param {(answer: Answer, question: Question) => void} tell @param {(words: string) => void} fail */
  constructor(compute, tell, fail) {
    this.compute = compute;
    this.tell = tell;
    this.fail = fail;
  }

  /** @param {Question} question */
  ask(question) {
    this.#next = question;
    if (this.#asked?.question.view.exact) this.#asked.stop.abort();
    if (!this.#asked) void this.#run();
  }

  async #run() {
    while (this.#next) {
      const question = this.#next;
      const stop = new AbortController();
      this.#next = null;
      this.#asked = { question, stop };
      try {
        const answer = await this.compute(question, stop.signal);
        if (!stop.signal.aborted) this.tell(answer, question);
      } catch (error) {
        if (!stop.signal.aborted) this.fail(error instanceof Error ? error.message : String(error));
      }
      this.#asked = null;
    }
  }
}
