"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  // What is linked to or printed is unfolded.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const fold of folded) fold.open = true;
  });
  addEventListener("afterprint", () => { for (const fold of folded) fold.open = false; });

  // Values of what is pointed at.
  const tip = make("div", { class: "tip", role: "status", hidden: "" });
  document.body.append(tip);
  for (const title of all("svg [pointer-events] > title")) {
    title.parentElement.dataset.t = title.textContent;
    title.remove();
  }
  document.addEventListener("pointermove", (event) => {
    const spot = event.target.closest?.("[data-t]");
    tip.hidden = !spot;
    if (!spot) return;
    tip.textContent = spot.dataset.t;
    tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8)}px`;
  });

  // Something to paste has a button.
  for (const code of all("#paste, pre.paste code")) {
    const button = make("button", { type: "button", class: "copy" }, "Copy");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
    });
    code.parentElement.before(button);
  }

  // Strategies are switched off and on everywhere at once.
  const names = [...new Set(all("#heat tr[data-s], svg g[data-s]").map((element) => element.dataset.s))];
  const controls = document.getElementById("controls");
  if (controls && names.length > 1) {
    const off = new Set();
    const boxes = names.map((name) => {
      const box = make("input", { type: "checkbox", checked: "" });
      box.addEventListener("change", () => {
        if (box.checked) off.delete(name); else off.add(name);
        for (const element of all("[data-s]")) element.classList.toggle("off", off.has(element.dataset.s));
      });
      return make("label", {}, box, ` ${name}`);
    });
    controls.append(make("details", { class: "fold" },
      make("summary", {}, "Strategies shown"), make("div", { class: "boxes" }, ...boxes)));
  }

  // Another price of a second: what everything costs then, from the stored figures.
  const stored = document.getElementById("figures");
  if (!stored || !controls) return;
  const figures = JSON.parse(stored.textContent);
  if (!figures.cells?.length) return;
  const number = (x) => {
    if (!Number.isFinite(x)) return "–";
    if (x === 0) return "0";
    if (x >= 999.5) return Math.round(x).toLocaleString("en");
    const digits = Math.min(Math.max(2 - Math.floor(Math.log10(Number(x.toPrecision(3)))), 0), 6);
    return x.toFixed(digits);
  };
  const short = (x) => (x > 0 && x < 0.01 ? "< 0.01" : x > 0 && x < 1 ? x.toFixed(2) : number(x));
  const duration = (ms) => {
    if (ms === null) return "–";
    if (ms < 999.5) return `${number(ms)} ms`;
    if (ms < 59950) return `${number(ms / 1000)} s`;
    const s = Math.round(ms / 1000), pad = (n) => String(n).padStart(2, "0");
    if (s >= 3600) return `${Math.floor(s / 3600)} h${s % 3600 >= 60 ? ` ${pad(Math.floor(s / 60) % 60)} min` : ""}`;
    return `${Math.floor(s / 60)} min${s % 60 ? ` ${pad(s % 60)} s` : ""}`;
  };
  const share = (lost, tasks) => {
    const p = 100 * lost / tasks;
    return p < 0.1 ? "< 0.1 %" : p < 9.95 ? `${p.toFixed(1)} %` : p > 99 && lost < tasks ? "> 99 %" : `${p.toFixed(0)} %`;
  };
  const models = [...new Set(figures.cells.map((cell) => cell.model))];
  const strategies = [...new Set(figures.cells.map((cell) => cell.strategy))];
  const find = (model, strategy) => figures.cells.find((cell) => cell.model === model && cell.strategy === strategy);
  const shade = (cell, cost, least) => {
    const lost = cell.lost / cell.tasks;
    if (lost > 0) return lost < 0.01 ? "loses" : lost < 0.1 ? "loses-many" : "loses-most";
    return cost / least <= 1.25 ? "cheap" : cost / least <= 2 ? "fair" : "dear";
  };
  // The report's rule: of those that do not lose significantly more than the best, the least cost; within 1 % of it, the
  // first that survives errors.
  const choose = (cells, cost) => {
    const sorted = cells.filter((cell) => !cell.out).sort((a, b) => cost(a) - cost(b));
    if (!sorted.length) return undefined;
    const close = sorted.filter((cell) => cost(cell) <= 1.01 * cost(sorted[0]));
    return close.find((cell) => cell.tolerant) ?? sorted[0];
  };
  const said = (cells) => {
    const by = new Map();
    for (const cell of cells) if (cell) by.set(cell.strategy, [...(by.get(cell.strategy) ?? []), cell.model]);
    return [...by].map(([name, of]) => `${name} for ${of.length === models.length && of.length > 1 ? `all ${of.length} models` : of.join(", ")}`).join("; ");
  };
  const output = make("output", { for: "price" });
  const ranked = make("p", { class: "note", "aria-live": "polite" });
  const slider = make("input", { id: "price", type: "range", min: "0", max: String(figures.prices.length - 1), step: "1", value: String(figures.own) });
  const original = all("#heat tbody tr").map((row) => [...row.cells].slice(1).map((cell) => [cell.className, cell.innerHTML]));
  const draw = () => {
    const at = Number(slider.value), price = figures.delay_cost_per_s * figures.prices[at];
    const cost = (cell) => figures.poll_cost * cell.polls + price * cell.delay_s;
    const polls = price > 0 ? figures.poll_cost / price : Infinity;
    output.textContent = `a poll is worth ${duration(1000 * polls)} of delay${at === figures.own ? " (this run)" : ""}`;
    slider.setAttribute("aria-valuetext", output.textContent);
    const called = models.map((model) => choose(figures.cells.filter((cell) => cell.model === model), cost));
    const asking = models.map((model) => choose(figures.cells.filter((cell) => cell.model === model && !cell.called), cost));
    const any = figures.cells.some((cell) => cell.called);
    ranked.textContent = any ? `Least cost if the API can call you: ${said(called)}. If you can only poll: ${said(asking)}.` : `Least cost of those compared: ${said(asking)}.`;
    all("#heat tbody tr").forEach((row, r) => [...row.cells].slice(1).forEach((square, m) => {
      const cell = find(models[m], strategies[r]);
      if (at === figures.own || !cell) {
        [square.className, square.innerHTML] = original[r][m];
        return;
      }
      const kin = figures.cells.filter((other) => other.model === cell.model && other.called === cell.called && other.lost === 0);
      square.className = shade(cell, cost(cell), Math.min(...kin.map(cost)));
      square.replaceChildren(short(cost(cell)));
      if (cell.lost > 0) square.append(" ", make("b", {}, share(cell.lost, cell.tasks)));
    }));
    const rows = all("#settings tbody tr");
    figures.settings.forEach((of, i) => {
      const now = of.at[at];
      if (!now || !rows[i]) return;
      const values = [duration(now.initial), duration(now.interval), duration(now.max), number(now.polls), duration(now.delay), number(now.cost), now.guide === null ? "–" : number(now.guide)];
      values.forEach((value, c) => { rows[i].cells[c + 1].textContent = value; });
    });
    const paste = document.getElementById("paste");
    if (paste && figures.pastes[at]) paste.textContent = figures.pastes[at];
    for (const [place, section] of all("[id^='model-']").entries()) bars(section, models[place], cost, at);
  };
  // Bars of cost, cheapest first, in place of the picture for the run's own price.
  const bars = (section, model, cost, at) => {
    const picture = all("figure", section).find((figure) => figure.querySelector("svg[aria-label$=': cost per task']"));
    if (!picture) return;
    let redrawn = picture.querySelector(".bars");
    if (!redrawn) {
      redrawn = make("div", { class: "bars", hidden: "" });
      picture.querySelector(".picture").before(redrawn);
    }
    const own = at === figures.own;
    redrawn.hidden = own;
    picture.querySelector(".picture").hidden = !own;
    if (own) return;
    const cells = figures.cells.filter((cell) => cell.model === model).sort((a, b) => cost(a) - cost(b));
    const most = Math.max(...cells.map(cost));
    redrawn.replaceChildren(...cells.map((cell) => {
      const bar = make("i", {});
      bar.style.width = `${100 * cost(cell) / most}%`;
      const lost = cell.lost ? `, ${share(cell.lost, cell.tasks)} lost` : "";
      return make("div", { "data-s": cell.strategy }, make("span", {}, cell.strategy), make("span", {}, bar), make("span", {}, `${number(cost(cell))}${lost}`));
    }));
  };
  slider.addEventListener("input", draw);
  controls.prepend(make("div", { class: "price" }, make("label", { for: "price" }, "Price of a second "), slider, output), ranked);
  draw();
})();
