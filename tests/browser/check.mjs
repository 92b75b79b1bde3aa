// Looks at every page in a real browser: `node check.mjs POLLBENCH CHROMIUM [FOLDER]`.
//
// Light, dark, 390 px, paper; axe-core finds nothing; nothing is told on the console; no request leaves the machine; what
// moves with script moves, and what must be there without script is there. With FOLDER, pictures of the pages are kept.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { served } from "./lab.mjs";
import { EVIL, SIZES, everywhere, open, unfold } from "./looks.mjs";

const [pollbench, executablePath, folder] = process.argv.slice(2);
assert(pollbench && executablePath, "usage: node check.mjs POLLBENCH CHROMIUM [FOLDER]");
const scratch = mkdtempSync(join(tmpdir(), "pollbench-pages-"));
if (folder) mkdirSync(folder, { recursive: true });

const run = (...words) => execFileSync(pollbench, words, { cwd: scratch, stdio: ["ignore", "pipe", "ignore"], encoding: "utf8" });

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

/** A live page that stays open: after hours of events, five thousand requests a second, it holds no more than after minutes. */
const hours = async (browser, url) => {
  const tick = (number) => ({
    now_ms: 500 * number, time_scale: 1, open: 3, connections: 2, skipped: 2460,
    requests: [["status", 200, 2500 * number], ["status", 503, number]], tasks: [["m", [1, 2, number, 0]]], faults: [[1, "reset", number]],
    recent: Array.from({ length: 40 }, (_, at) => ({ index: 2500 * number + at, at_ms: 500 * number, ended_ms: 500 * number + 3, method: "GET", route: "status", path: "/api/v1/statusTask/m", status: 200, unanswered: null, fault: null, task: `task_${at}` })),
  });
  const { page, complaints, close } = await open(browser, url);
  const sizes = [];
  for (const ticks of [300, 3_000]) {
    const body = Array.from({ length: ticks }, (_, number) => `event: tick\ndata: ${JSON.stringify(tick(number + 1))}\n\n`).join("");
    await page.unrouteAll();
    await page.route("**/__admin/events", (route) => route.fulfill({ status: 200, contentType: "text/event-stream", body }));
    await page.reload();
    await page.waitForFunction(() => document.querySelector("#state").textContent.includes("trying again"), null, { timeout: 120_000 });
    assert.match(await page.textContent("#skipped"), new RegExp(`^${(2460 * ticks).toLocaleString("en")} more`), "it says how many were left out");
    sizes.push(await page.evaluate(() => [document.querySelectorAll("*").length, document.body.innerHTML.length]));
  }
  const [[few, short], [many, long]] = sizes;
  assert(many === few && long < 1.05 * short, `${sizes}`);
  assert.deepEqual(complaints, []);
  await close();
};

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
  const found = await everywhere(browser, "live", `${mock.url}/__admin/`, { live: true, folder, ready: (page) => page.waitForSelector("#recent button") });
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
  await hours(browser, `${mock.url}/__admin/`);
  mock.stop();
  return found;
};

// A run with hostile names.
const hostile = () => {
  // The name of a scenario is that of a folder, of 60 characters at most.
  const name = EVIL.replaceAll("/", "").replaceAll(",", "").slice(0, 60);
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
  run("compare", "batches", "--quiet", "--tasks", "200", "--replicates", "4", "--out", "batches");
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
  for (const [name, path] of Object.entries({ report: "documented/report.html", flaky: "flaky/report.html", batches: "batches/report.html", tune: "tune/tune.html", by: "by/tune.html", grid: "grid/grid.html", lines: "lines/sweep.html", map: "map/sweep.html", webhook: "webhook/report.html", "no-webhook": "no-webhook/report.html", trace: "trace.html", hostile: "evil/report.html" })) {
    const here = await everywhere(browser, name, at(path), { folder });
    found.push(...here);
    console.log([`${name}: looked at`, ...new Set(here)].join("\n  "));
  }
  await report(browser, at("documented/report.html"));
  console.log("report: controls work");
  found.push(...await live(browser));
  console.log("live: looked at");
  found.push(...await served(browser, { pollbench, scratch, folder }));
  console.log("lab: looked at");
  assert.deepEqual([...new Set(found)], []);
  console.log("nothing to complain of");
} finally {
  await browser.close();
  rmSync(scratch, { recursive: true, force: true });
}
