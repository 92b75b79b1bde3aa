// @ts-check
// Where the page begins that has its simulator inside; `lab/build` has put it there.

import { begin } from "./main.js";
import { inWorkers } from "./workers.js";

/** @param {string} id */
const inside = (id) => document.getElementById(id)?.textContent?.trim() ?? "";

const compiled = async () => {
  const packed = Uint8Array.from(atob(inside("simulator")), (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return WebAssembly.compile(await new Response(unpacked).arrayBuffer());
};

begin(async () => {
  const script = URL.createObjectURL(new Blob([inside("worker")], { type: "text/javascript" }));
  return inWorkers(await compiled(), () => new Worker(script), navigator.hardwareConcurrency);
});
