// @ts-check
// The simulator as WebAssembly: text in, text out.

/** @typedef {{ memory: WebAssembly.Memory, room: (length: number) => number, told: () => number, told_length: () => number }} Bare */
/** @typedef {"start" | "compute" | "poller"} Job */

/** How to ask an instance of it. @param {WebAssembly.Module} module @returns {Promise<(job: Job, question: string) => string>} */
export const engine = async (module) => {
  const { exports } = await WebAssembly.instantiate(module, {});
  const { memory, room, told, told_length } = /** @type {Bare} */ (/** @type {unknown} */ (exports));
  return (job, question) => {
    const asked = new TextEncoder().encode(question);
    // The memory may have grown, and moved, at each call.
    const at = room(asked.length);
    new Uint8Array(memory.buffer, at, asked.length).set(asked);
    const isTold = /** @type {() => number} */ (exports[job])();
    const words = new TextDecoder().decode(new Uint8Array(memory.buffer, told(), told_length()));
    if (!isTold) throw new Error(words);
    return words;
  };
};
