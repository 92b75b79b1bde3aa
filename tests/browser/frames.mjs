// How many answers a second the lab draws while a handle is dragged: `node frames.mjs POLLBENCH CHROMIUM [LAB.html]`.
//
// 12 strategies x 2,000 tasks, as the lab begins. Beside the rate, which belongs to the machine and to what else it does, the
// processor time of an answer: of the program, and of the page (drawing, and in WebAssembly the simulator). Figures are
// told, nothing is asserted.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { rested, serve, shown } from "./lab.mjs";
import { open } from "./looks.mjs";

const [pollbench, executablePath, file] = process.argv.slice(2);
const SECONDS = 5;
/** What is dragged: its name, and how far it goes. */
const DRAGGED = { Median: [-120, 0], "Second hump": [30, -60] };

/** Seconds of processor that a process of ours has used; 0 where the system does not tell. */
const used = (pid) => {
  try {
    const [, fields] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
    const [user, system] = fields.split(" ").slice(11, 13).map(Number);
    return (user + system) / 100;
  } catch {
    return 0;
  }
};

/** The same of the browser's pages. */
const drawn = async (browser) => {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.filter(({ type }) => type === "renderer").reduce((sum, { cpuTime }) => sum + cpuTime, 0);
};

const drag = async (page, pid, label, [width, height]) => {
  const handle = page.locator(`[aria-label='${label}']`);
  await handle.scrollIntoViewIfNeeded();
  const box = await handle.locator("circle").boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  const spent = async () => [used(pid), await drawn(page.context().browser())];
  const before = (await shown(page)).frames;
  const spentBefore = await spent();
  // Once held, the handle is moved by the page itself, each time before it draws: a mouse costs next to nothing, its driver does.
  const seconds = await handle.evaluate((held, { x, y, width, height, length }) => new Promise((done) => {
    const began = performance.now();
    const move = () => {
      const seconds = (performance.now() - began) / 1000;
      if (seconds >= length) return done(seconds);
      const share = 0.5 - 0.5 * Math.cos((2 * Math.PI * seconds) / 4);
      const at = { clientX: x + width * share, clientY: y + height * share };
      held.dispatchEvent(new PointerEvent("pointermove", { pointerId: 1, bubbles: true, ...at }));
      requestAnimationFrame(move);
    };
    move();
  }), { x, y, width, height, length: SECONDS });
  const frames = (await shown(page)).frames - before;
  const each = (await spent()).map((after, at) => `${(((after - spentBefore[at]) * 1000) / frames).toFixed(0)} ms`);
  const tasks = await page.evaluate(() => document.body.dataset.tasks);
  await page.mouse.up();
  return `${(frames / seconds).toFixed(1)} answers a second, at the end over ${tasks} tasks; processor an answer: program ${each[0]}, page ${each[1]}`;
};

const measure = async (browser, what, url, pid) => {
  const { page, close } = await open(browser, url);
  await rested(page);
  for (const [label, way] of Object.entries(DRAGGED)) {
    const [load] = loadavg();
    const rate = await drag(page, pid, label, way);
    await rested(page);
    console.log(`${what}, ${label.toLowerCase()}: ${rate} (load ${load.toFixed(1)} on ${cpus().length} cores)`);
  }
  await close();
};

const scratch = mkdtempSync(join(tmpdir(), "pollbench-frames-"));
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const { url, pid, stop } = await serve(pollbench, scratch);
  await measure(browser, "native", url, pid);
  stop();
  if (file) await measure(browser, "WebAssembly", pathToFileURL(file).href);
} finally {
  await browser.close();
  rmSync(scratch, { recursive: true, force: true });
}
