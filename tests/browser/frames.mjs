// How many answers a second the lab draws while a handle is dragged: `node frames.mjs POLLBENCH CHROMIUM [LAB.html]`.
//
// 12 strategies x 2,000 tasks, as the lab begins. Figures are told, nothing is asserted.

import { mkdtempSync, rmSync } from "node:fs";
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

const drag = async (page, label, [width, height]) => {
  const handle = page.locator(`[aria-label='${label}']`);
  await handle.scrollIntoViewIfNeeded();
  const box = await handle.locator("circle").boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  const began = performance.now();
  const before = (await shown(page)).frames;
  let seconds = 0;
  while (seconds < SECONDS) {
    const share = 0.5 - 0.5 * Math.cos((2 * Math.PI * seconds) / 4);
    await page.mouse.move(x + width * share, y + height * share);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
    seconds = (performance.now() - began) / 1000;
  }
  const rate = ((await shown(page)).frames - before) / seconds;
  const tasks = await page.evaluate(() => document.body.dataset.tasks);
  await page.mouse.up();
  return `${rate.toFixed(1)} answers a second, at the end over ${tasks} tasks`;
};

const measure = async (browser, what, url) => {
  const { page, close } = await open(browser, url);
  await rested(page);
  for (const [label, way] of Object.entries(DRAGGED)) {
    const [load] = loadavg();
    const rate = await drag(page, label, way);
    await rested(page);
    console.log(`${what}, ${label.toLowerCase()}: ${rate} (load ${load.toFixed(1)} on ${cpus().length} cores)`);
  }
  await close();
};

const scratch = mkdtempSync(join(tmpdir(), "pollbench-frames-"));
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const { url, stop } = await serve(pollbench, scratch);
  await measure(browser, "native", url);
  stop();
  if (file) await measure(browser, "WebAssembly", pathToFileURL(file).href);
} finally {
  await browser.close();
  rmSync(scratch, { recursive: true, force: true });
}
