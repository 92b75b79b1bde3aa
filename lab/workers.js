// @ts-check
// The simulator behind a page that has it inside: in workers, so that the page stays awake while it is asked.

/** @typedef {import("./back.js").Back} Back */
/** @typedef {import("./engine.js").Job} Job */
/** @typedef {import("./worker.js").Told} Told */

/** Most quick questions that are worked on at the same time. */
const MOST_LANES = 3;

/** A worker, and who waits for its answers. */
class Hired {
  /** @type {Map<number, { tell: (words: string) => void, fail: (error: Error) => void }>} */ #waiting = new Map();
  #asked = 0;
  isGone = false;

  /** @param {Worker} worker @param {WebAssembly.Module} module */
  constructor(worker, module) {
    this.worker = worker;
    worker.addEventListener("message", ({ data }) => this.#told(/** @type {Told} */ (data)));
    worker.addEventListener("error", (event) => this.dismiss(new Error(event.message || "a worker of this page failed")));
    worker.postMessage(module);
  }

  get load() {
    return this.#waiting.size;
  }

  /** @param {Job} job @param {unknown} question @returns {Promise<string>} */
  ask(job, question) {
    this.#asked += 1;
    const number = this.#asked;
    const told = new Promise((tell, fail) => this.#waiting.set(number, { tell, fail }));
    this.worker.postMessage({ number, job, question: question === undefined ? "" : JSON.stringify(question) });
    return told;
  }

  /** @param {Told} told */
  #told(told) {
    if ("problem" in told && told.isBroken) return this.dismiss(new Error(told.problem));
    const waiting = this.#waiting.get(told.number);
    this.#waiting.delete(told.number);
    if ("told" in told) waiting?.tell(told.told);
    else waiting?.fail(new Error(told.problem));
  }

  /** Ends what it is doing. @param {Error} why */
  dismiss(why) {
    this.isGone = true;
    this.worker.terminate();
    for (const { fail } of this.#waiting.values()) fail(why);
    this.#waiting.clear();
  }
}

/**
 * Quick questions go to the worker that has least to do; thorough ones have a worker of their own, which is dismissed when
 * they are overtaken: nothing else ends a computation that has begun.
 * @param {WebAssembly.Module} module @param {() => Worker} hire @param {number} cores @returns {Back}
 */
export const inWorkers = (module, hire, cores) => {
  const lanes = Math.max(1, Math.min(MOST_LANES, cores - 1));
  const hired = () => new Hired(hire(), module);
  /** @type {Hired[]} */ let quick = [];
  let thorough = hired();
  const idlest = () => {
    quick = quick.filter(({ isGone }) => !isGone);
    const idle = quick.find(({ load }) => load === 0);
    if (idle) return idle;
    if (quick.length < lanes) quick.push(hired());
    return quick.reduce((least, other) => (other.load < least.load ? other : least));
  };
  return {
    lanes,
    start: async () => JSON.parse(await thorough.ask("start", undefined)),
    compute: async (question, signal) => {
      if (!question.view.exact) return JSON.parse(await idlest().ask("compute", question));
      if (thorough.isGone) thorough = hired();
      const worker = thorough;
      const overtaken = () => {
        worker.dismiss(new DOMException("overtaken", "AbortError"));
        // The next one is awake when it is asked.
        thorough = hired();
      };
      signal.addEventListener("abort", overtaken);
      try {
        return JSON.parse(await worker.ask("compute", question));
      } finally {
        signal.removeEventListener("abort", overtaken);
      }
    },
    poller: (state, strategy, language) => idlest().ask("poller", { state, strategy, language }),
  };
};
