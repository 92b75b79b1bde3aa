// The lab in a real browser: moved by mouse and by keyboard alone, linked to by strangers, asked by pages from elsewhere.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { get, request } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { EVIL, everywhere, open } from "./looks.mjs";

/** Starts the lab: its address, and how to stop it. */
export const serve = (pollbench, cwd, ...words) => new Promise((resolve, reject) => {
  const child = spawn(pollbench, ["lab", ...words, "--addr", "127.0.0.1:0"], { cwd, stdio: ["ignore", "pipe", "inherit"] });
  child.once("error", reject);
  child.once("exit", (code) => reject(new Error(`lab ended with ${code}`)));
  child.stdout.once("data", (line) => resolve({ url: String(line).trim().split(" ").pop(), pid: child.pid, stop: () => child.kill("SIGTERM") }));
});

/** At rest: the exact answer to the latest question is drawn. */
export const rested = (page) => page.waitForFunction(() => document.body.dataset.exact === "true");

/** What is on the page. */
export const shown = (page) => page.evaluate(() => ({
  digest: document.querySelector("#digest").textContent,
  median: document.querySelector("[aria-label=Median]").getAttribute("aria-valuenow"),
  front: document.querySelector("#front").innerHTML,
  frames: Number(document.body.dataset.frames),
}));

/** Does something that changes the digest, and waits until it has. */
const changing = async (page, what, act) => {
  const { digest } = await shown(page);
  await act();
  await page.waitForFunction((before) => document.body.dataset.exact === "true" && document.querySelector("#digest").textContent !== before, digest, { timeout: 60_000 }).catch(() => assert.fail(`${what} changes nothing`));
  return shown(page);
};

const status = (url, headers, method = "GET", body = "") => new Promise((resolve, reject) => {
  const asked = (method === "GET" ? get : request)(url, { method, headers }, (answer) => { resolve(answer.statusCode); answer.resume(); });
  asked.on("error", reject);
  asked.end(body);
});

/** What a button copies. */
const copying = async (page, button) => {
  await page.evaluate(() => { globalThis.copied = null; navigator.clipboard.writeText = async (text) => { globalThis.copied = text; }; });
  await page.click(button);
  await page.waitForFunction(() => globalThis.copied !== null);
  return page.evaluate(() => globalThis.copied);
};

const mouse = async (page) => {
  // A handle is dragged: pictures move while it is, and it ends at rest.
  const handle = page.locator("[aria-label=Median]");
  await handle.scrollIntoViewIfNeeded();
  const box = await handle.locator("circle").boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const before = await shown(page);
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let step = 1; step <= 60; step += 1) {
    await page.mouse.move(x - step * 2, y);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  }
  const during = await shown(page);
  await page.mouse.up();
  assert(Number(during.median) < Number(before.median), "the median follows the mouse");
  assert(during.frames > before.frames && during.front !== before.front, "pictures move while it is dragged");
  await rested(page);
  const hump = page.locator("[aria-label='Second hump']");
  const at = await hump.locator("circle").boundingBox();
  await changing(page, "the hump", async () => {
    await page.mouse.move(at.x + at.width / 2, at.y + at.height / 2);
    await page.mouse.down();
    await page.mouse.move(at.x + 40, at.y - 60, { steps: 5 });
    await page.mouse.up();
  });
  assert(Number(await hump.getAttribute("aria-valuenow")) > 0);
  await changing(page, "a strategy", () => page.click("#presets label:has-text('learned')"));
  await page.selectOption("#kind", "reset");
  await changing(page, "a fault", () => page.click("#add-fault"));
  await changing(page, "a strategy of one's own", () => page.click("#add-tuned"));
  await page.click("#table label:has-text('tuned')");
  await page.waitForFunction(() => document.querySelector("#raster-of").textContent === "tuned");
  await changing(page, "an outage", () => page.getByLabel("Outage, length").press("End"));
  // The longest one, from where it begins, is behind the waits that meet it, and follows its slider before any answer does.
  const bands = () => page.evaluate(() => document.querySelectorAll("#raster .outage").length);
  assert(await bands() > 0, "the outage is drawn");
  await changing(page, "no outage", () => page.getByLabel("Outage, length").press("Home"));
  assert.equal(await bands(), 0);
  await changing(page, "another model", () => page.selectOption("#models", "2"));
};

const keyboard = async (page) => {
  // From the top with Tab alone to the first handle, which arrows move; then on to a slider.
  await page.evaluate(() => document.activeElement?.blur());
  const reached = async (matches) => {
    for (let step = 0; step < 120; step += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((matches) => document.activeElement.matches(matches), matches)) return;
    }
    assert.fail(`Tab does not reach ${matches}`);
  };
  await reached("[aria-label=Median]");
  const { median } = await shown(page);
  const moved = await changing(page, "an arrow", () => page.keyboard.press("ArrowRight"));
  assert(Number(moved.median) > Number(median));
  await reached("[aria-label='Second hump']");
  await changing(page, "an arrow upwards", () => page.keyboard.press("ArrowUp"));
  await reached("#price-controls input");
  const cost = () => page.evaluate(() => document.querySelector("#table tbody").textContent);
  const before = await cost();
  await page.keyboard.press("PageUp");
  await page.waitForFunction((before) => document.body.dataset.exact === "true" && document.querySelector("#table tbody").textContent !== before, before);
  await reached("#presets input");
  await changing(page, "the space bar", () => page.keyboard.press("Space"));
};

/** What a stranger's link may not do, and a friend's does. */
const links = async (open, url, evil) => {
  const { page, complaints, close } = await open(url);
  await rested(page);
  const link = await changing(page, "a step", () => page.locator("#presets input").first().press("Space")).then(() => page.url());
  const { digest } = await shown(page);
  await close();
  const friend = await open(link);
  await rested(friend.page);
  assert.equal((await shown(friend.page)).digest, digest, "a link shows what was linked");
  complaints.push(...friend.complaints);
  const state = JSON.parse(decodeURIComponent(new URL(link).hash.slice(1)));
  const own = { name: evil.slice(0, 60), first_s: 10, interval_s: 5, multiplier: 1, cap_s: 60, deadline_s: 600 };
  await friend.close();
  const hostile = await open(`${url}#${encodeURIComponent(JSON.stringify({ ...state, model: evil.slice(0, 60), strategies: [{ own }] }))}`);
  await rested(hostile.page);
  assert.match(await hostile.page.textContent("#table tbody"), /<img/, "names stay text");
  assert.equal(await hostile.page.locator("img").count(), 0);
  complaints.push(...hostile.complaints);
  await hostile.close();
  for (const hash of ["#%", "#null", `#${encodeURIComponent(JSON.stringify({ ...state, tasks: 1e12 }))}`, `#${encodeURIComponent(JSON.stringify({ ...state, strategies: [{ preset: evil }] }))}`]) {
    const stranger = await open(url + hash);
    await rested(stranger.page);
    assert.match(await stranger.page.textContent("#problem"), /no state that this lab can show/, hash.slice(0, 20));
    complaints.push(...stranger.complaints);
    await stranger.close();
  }
  assert.deepEqual(complaints, []);
};

/** Who is no page of this machine, or asks too much, is turned away. */
const strangers = async (url) => {
  const json = { "content-type": "application/json" };
  for (const headers of [{ origin: "http://evil.example" }, { host: "evil.example" }, { origin: "null" }]) {
    for (const path of ["", "start"]) assert.equal(await status(url + path, headers), 403, JSON.stringify(headers));
    assert.equal(await status(`${url}compute`, { ...json, ...headers }, "POST", "{}"), 403, JSON.stringify(headers));
  }
  assert.equal(await status(`${url}compute`, { "content-type": "text/plain" }, "POST", "{}"), 400);
  assert.equal(await status(`${url}compute`, json, "POST", "{}"), 400);
  assert.equal(await status(`${url}compute`, json, "POST", "[".repeat(60_000)), 400);
  assert.equal(await status(`${url}compute`, json, "POST", "x".repeat(100_000)), 413);
};

/** What must hold of the lab's page wherever its simulator is; what does not. */
const driven = async (browser, name, url, { pollbench, scratch, folder }) => {
  const found = await everywhere(browser, name, url, { live: true, ready: rested, folder });
  const { page, complaints, close } = await open(browser, url);
  await rested(page);
  await mouse(page);
  await keyboard(page);
  // What is copied gives the digest that the page shows.
  const { digest } = await shown(page);
  const copied = join(scratch, `${name}.toml`);
  writeFileSync(copied, await copying(page, "#copy-scenario"));
  execFileSync(pollbench, ["compare", copied, "--quiet", "--out", join(scratch, name)], { stdio: ["ignore", "ignore", "inherit"] });
  assert.equal(JSON.parse(readFileSync(join(scratch, name, "results.json"), "utf8")).run.digest, digest);
  await page.click("#table label:has-text('adaptive')");
  assert.match(await copying(page, "#copy-poller"), /pollbench lab/);
  assert.deepEqual(complaints, []);
  await close();
  await links((to) => open(browser, to), url, EVIL);
  return found;
};

/** The lab that a program serves. */
export const served = async (browser, settings) => {
  const { url, stop } = await serve(settings.pollbench, settings.scratch);
  try {
    await strangers(url);
    return await driven(browser, "lab", url, settings);
  } finally {
    stop();
  }
};

/** The lab that is one file. */
export const alone = (browser, file, settings) => driven(browser, "lab-alone", pathToFileURL(file).href, settings);
