// Looks at every page in a real browser: `node check.mjs POLLBENCH CHROMIUM [FOLDER]`.
//
// Light, dark, 390 px, paper; axe-core finds nothing; nothing is told on the console; no request leaves the machine; what
// moves with script moves, and what must be there without script is there. With FOLDER, pictures of the pages are kept.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { lab } from "./lab.mjs";

const [pollbench, executablePath, folder] = process.argv.slice(2);
assert(pollbench && executablePath, "usage: node check.mjs POLLBENCH CHROMIUM [FOLDER]");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const scratch = mkdtempSync(join(tmpdir(), "pollbench-pages-"));
if (folder) mkdirSync(folder, { recursive: true });

const SIZES = { wide: { width: 1280, height: 900 }, narrow: { width: 390, height: 844 } };
// What a stranger might call things.
const EVIL = "<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script>";

const run = (...words) => execFileSync(pollbench, words, { cwd: scratch, stdio: ["ignore", "pipe", "ignore"], encoding: "utf8" });

/** A page that tells of everything that it should not do. */
const open = async (browser, url, options = {}) => {
  const context = await browser.newContext({ viewport: SIZES.wide, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(`console: ${message.text()}`); });
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => { complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => {
    const to = new URL(request.url());
    const isHere = ["file:", "data:", "blob:"].includes(to.protocol) || to.hostname === "127.0.0.1";
    if (!isHere) complaints.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return { page, complaints, close: () => context.close() };
};

const audit = async (page) => {
  // Scripts of this test are not bound by the page's policy.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map((v) => `axe: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(" | ")}`);
};

/** Elements that stick out of the window although nothing scrolls them. */
const clipped = (page) => page.evaluate(() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => {
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      if (["auto", "scroll", "hidden"].includes(getComputedStyle(at).overflowX) || getComputedStyle(at).position === "fixed") return true;
    }
    return false;
  };
  const out = [...document.querySelectorAll("body *")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.right > width + 1 && element.checkVisibility() && !scrolls(element) && !element.matches(".skip");
  });
  return out.slice(0, 3).map((element) => `clipped: ${element.outerHTML.slice(0, 140)}`);
});

/** Texts of pictures that are too small or on top of each other, as the browser sets them. */
const unreadable = (page) => page.evaluate(() => {
  const found = [];
  for (const svg of document.querySelectorAll("svg[role=img]")) {
    if (!svg.checkVisibility()) continue;
    const texts = [...svg.querySelectorAll("text")].filter((text) => text.checkVisibility()).map((text) => ({ text, box: text.getBoundingClientRect() }));
    const scale = svg.getBoundingClientRect().width / (svg.viewBox.baseVal.width || 1);
    for (const { text, box } of texts) {
      const size = Number(text.getAttribute("font-size")) * scale;
      if (size < 11) found.push(`small: ${size.toFixed(1)} px: ${text.textContent} in ${svg.getAttribute("aria-label")}`);
      for (const other of texts) {
        if (other.text === text) break;
        const apart = box.right <= other.box.left + 1 || other.box.right <= box.left + 1 || box.bottom <= other.box.top + 3 || other.box.bottom <= box.top + 3;
        if (!apart) found.push(`overlap: ${text.textContent} and ${other.text.textContent} in ${svg.getAttribute("aria-label")}`);
      }
    }
  }
  return found;
});

/** What was skipped as folded is laid out in the next frames. */
const frames = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

const unfold = async (page) => {
  await page.evaluate(() => document.querySelectorAll("details").forEach((fold) => { fold.open = true; }));
  await frames(page);
};

/** Everything that must hold of any page. */
const everywhere = async (browser, name, url, { ready = async () => {}, live = false } = {}) => {
  const found = [];
  const say = (how, items) => found.push(...items.map((item) => `${name}, ${how}: ${item}`));
  for (const [how, options] of Object.entries({
    light: { colorScheme: "light" },
    dark: { colorScheme: "dark" },
    narrow: { viewport: SIZES.narrow },
    still: { javaScriptEnabled: false },
  })) {
    if (how === "still" && live) continue;
    const { page, complaints, close } = await open(browser, url, options);
    await ready(page, how);
    if (folder) await page.screenshot({ path: join(folder, `${name}-${how}.png`) });
    if (how !== "still") {
      say(how, await audit(page));
      await unfold(page);
      if (folder) await page.screenshot({ path: join(folder, `${name}-${how}-all.png`), fullPage: true });
      say(`${how}, unfolded`, await audit(page));
    }
    say(how, await clipped(page));
    if (how === "light") say(how, await unreadable(page));
    say(how, complaints);
    await close();
  }
  // Paper: all that is folded on the screen is there.
  const { page, complaints, close } = await open(browser, url);
  await ready(page, "paper");
  await page.emulateMedia({ media: "print" });
  await frames(page);
  const hidden = await page.evaluate(() => [...document.querySelectorAll("details table")].filter((table) => !table.checkVisibility({ contentVisibilityAuto: true })).length);
  if (hidden) say("paper", [`${hidden} tables are folded`]);
  const paper = await page.pdf({ format: "A4" });
  if (folder) writeFileSync(join(folder, `${name}.pdf`), paper);
  say("paper", complaints);
  await close();
  return found;
};

/** The report's first screen, and what its controls do. */
const report = async (browser, url) => {
  const { page, complaints, close } = await open(browser, url);
  const bottom = await page.evaluate(() => {
    const ends = ["#called", "#paste", "#heat", "#price"].map((id) => document.querySelector(id).getBoundingClientRect().bottom);
    return Math.max(...ends);
  });
  assert(bottom <= SIZES.wide.height, `the answer ends at ${bottom} px of ${SIZES.wide.height}`);
  // The price of a second, by keyboard: costs, settings and what to paste follow, and come back.
  const all = () => page.evaluate(() => ["#heat tbody", "#settings tbody", "#paste", "#controls output"].map((id) => document.querySelector(id).textContent));
  const costs = () => page.evaluate(() => [...document.querySelectorAll("#settings tbody tr")].map((row) => Number(row.cells[6].textContent)));
  const before = await all();
  const costsAtFirst = await costs();
  await page.focus("#price");
  await page.keyboard.press("ArrowRight");
  const after = await all();
  after.forEach((text, at) => assert.notEqual(text, before[at], `part ${at} does not follow the price`));
  // At a higher price of a second no settings cost less.
  const costsNow = await costs();
  costsAtFirst.forEach((cost, at) => assert(costsNow[at] > cost, `${costsNow} after ${costsAtFirst}`));
  await page.keyboard.press("ArrowLeft");
  assert.deepEqual(await all(), before);
  // A strategy is switched off everywhere.
  await page.click("#controls summary");
  await page.click("#controls label:has-text('basic-hardened') input");
  await unfold(page);
  const shown = await page.evaluate(() => [...document.querySelectorAll("[data-s='basic-hardened']")].filter((element) => element.getBoundingClientRect().width > 0).length);
  assert.equal(shown, 0, "a strategy that is switched off is still seen");
  // Values of what is pointed at.
  const spot = page.locator("svg [data-s='optimal'] circle[data-t]").first();
  await spot.scrollIntoViewIfNeeded();
  await spot.hover({ force: true });
  assert.match(await page.textContent(".tip"), /optimal/);
  assert.deepEqual(complaints, []);
  await close();
};

/** Starts a mock: its address, and how to stop it. */
const serve = (...words) => new Promise((resolve, reject) => {
  const child = spawn(pollbench, ["serve", ...words, "--addr", "127.0.0.1:0"], { cwd: scratch, stdio: ["ignore", "pipe", "ignore"] });
  child.once("error", reject);
  child.once("exit", (code) => reject(new Error(`serve ended with ${code}`)));
  child.stdout.once("data", (line) => resolve({ url: String(line).trim().split(" ").pop(), stop: () => child.kill("SIGTERM") }));
});

/** The live page while tasks of a hostile name are made and asked for. */
const live = async (browser) => {
  const mock = await serve("--time-scale", "10");
  const headers = { authorization: "Bearer k", "content-type": "application/json" };
  const model = encodeURIComponent(EVIL.replaceAll("/", "|"));
  let stopped = false;
  const work = (async () => {
    while (!stopped) {
      const made = await fetch(`${mock.url}/api/v1/generateTask/${model}`, { method: "POST", headers, body: JSON.stringify({ request_type: "async", input: { prompt: EVIL } }) });
      const { data } = await made.json();
      if (data?.taskId) await fetch(`${mock.url}/api/v1/statusTask/${model}?taskId=${data.taskId}`, { headers });
      await new Promise((wake) => setTimeout(wake, 20));
    }
  })();
  const found = await everywhere(browser, "live", `${mock.url}/__admin/`, { live: true, ready: (page) => page.waitForSelector("#recent button") });
  const { page, complaints, close } = await open(browser, `${mock.url}/__admin/`);
  await page.waitForSelector("#recent button");
  await page.locator("#recent button").last().focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#truth").textContent.includes("fate"));
  assert(await page.evaluate(() => document.querySelector("#tasks").textContent.includes("<img")), "names stay text");
  // A page from elsewhere, and one by another name of this machine, are turned away.
  for (const foreign of [{ origin: "http://evil.example" }, { host: "evil.example" }]) {
    const status = await new Promise((resolve, reject) => {
      import("node:http").then(({ get }) => get(`${mock.url}/__admin/events`, { headers: foreign }, (answer) => { resolve(answer.statusCode); answer.destroy(); }).on("error", reject));
    });
    assert.equal(status, 403, JSON.stringify(foreign));
  }
  assert.deepEqual(complaints, []);
  stopped = true;
  await work;
  await close();
  mock.stop();
  return found;
};

// A run with hostile names.
const hostile = () => {
  // The name of a scenario is that of a folder.
  const name = EVIL.replaceAll("/", "").replaceAll(",", "");
  const text = `schema_version = 1\nname = ${JSON.stringify(name)}\ndescription = ${JSON.stringify(EVIL)}\ntasks = 40\nreplicates = 2\n[models.${JSON.stringify(EVIL)}]\ncompletion = { kind = "lognormal", median = "60s", sigma = 0.3 }\n[[strategies]]\npreset = "basic"\n[[strategies]]\npreset = "adaptive"\nname = ${JSON.stringify(`${EVIL}2`)}\n[[strategies]]\npreset = "webhook"\n`;
  writeFileSync(join(scratch, "evil.toml"), text);
  run("compare", "evil.toml", "--quiet", "--out", "evil");
};

// A sweep along one axis has lines and a knee; one along two has a heat map.
const AXES = {
  lines: `"faults.0.rate_per_s" = { from = 1, to = 40, steps = 6, scale = "log" }\n`,
  map: `"faults.0.rate_per_s" = [1, 5, 25]\n"models.sora-2.completion.scale" = [1.0, 1.4, 2.0]\n`,
};

/** A log of two models, one of them with too few rows for settings of its own. */
const log = () => {
  const rows = [["sora-2", 300, 180], ["flux-2", 300, 8], ["rare", 3, 40]].flatMap(([model, count, median]) =>
    Array.from({ length: count }, (_, at) => `${model},${(median * Math.exp(0.4 * Math.sin(7.3 * at) + 0.2 * Math.cos(3.1 * at))).toFixed(2)}`));
  return ["model,took_s", ...rows, ""].join("\n");
};

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  run("compare", "documented", "--quiet", "--out", "documented");
  run("compare", "flaky", "--quiet", "--tasks", "100", "--replicates", "4", "--out", "flaky");
  run("tune", "--model", "sora-2", "--deadline", "10m", "--out", "tune");
  run("compare", "flaky", "storm", "provider-incident", "--quiet", "--tasks", "60", "--replicates", "3", "--out", "grid");
  for (const answer of ["webhook", "no-webhook"]) {
    run("compare", "documented", "--quiet", "--tasks", "60", "--replicates", "3", `--${answer}`, "--out", answer);
  }
  writeFileSync(join(scratch, "log.csv"), log());
  run("tune", "--observed", "log.csv", "--by", "model", "--column", "took_s", "--out", "by");
  for (const [name, axes] of Object.entries(AXES)) {
    writeFileSync(join(scratch, `${name}.toml`), `scenario = "rate-limited"\nmodels = ["sora-2"]\ntasks = 60\nreplicates = 3\n[axes]\n${axes}`);
    run("sweep", `${name}.toml`, "--quiet", "--out", name);
  }
  writeFileSync(join(scratch, "trace.html"), run("trace", "--strategy", "adaptive", "--model", "sora-2", "--completes-at", "94s", "--format", "html"));
  hostile();
  const at = (path) => pathToFileURL(join(scratch, path)).href;
  const found = [];
  for (const [name, path] of Object.entries({ report: "documented/report.html", flaky: "flaky/report.html", tune: "tune/tune.html", by: "by/tune.html", grid: "grid/grid.html", lines: "lines/sweep.html", map: "map/sweep.html", webhook: "webhook/report.html", "no-webhook": "no-webhook/report.html", trace: "trace.html", hostile: "evil/report.html" })) {
    const here = await everywhere(browser, name, at(path));
    found.push(...here);
    console.log([`${name}: looked at`, ...new Set(here)].join("\n  "));
  }
  await report(browser, at("documented/report.html"));
  console.log("report: controls work");
  found.push(...await live(browser));
  console.log("live: looked at");
  const digestOf = (text) => {
    writeFileSync(join(scratch, "copied.toml"), text);
    run("compare", "copied.toml", "--quiet", "--out", "copied");
    return JSON.parse(readFileSync(join(scratch, "copied/results.json"), "utf8")).run.digest;
  };
  found.push(...await lab({ pollbench, scratch, browser, open, everywhere, digestOf, evil: EVIL }));
  console.log("lab: looked at");
  assert.deepEqual([...new Set(found)], []);
  console.log("nothing to complain of");
} finally {
  await browser.close();
  rmSync(scratch, { recursive: true, force: true });
}
