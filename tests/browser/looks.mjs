// What must hold of any page in a real browser: light, dark, 390 px, paper; axe-core finds nothing; nothing is told on the
// console; no request leaves the machine.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const SIZES = { wide: { width: 1280, height: 900 }, narrow: { width: 390, height: 844 } };
// What a stranger might call things.
export const EVIL = "<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script>";

/** A page that tells of everything that it should not do. */
export const open = async (browser, url, options = {}) => {
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

export const unfold = async (page) => {
  await page.evaluate(() => document.querySelectorAll("details").forEach((fold) => { fold.open = true; }));
  await frames(page);
};

/** Everything that must hold of any page; what does not. Pictures of it are kept in `folder`. */
export const everywhere = async (browser, name, url, { ready = async () => {}, live = false, folder } = {}) => {
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
