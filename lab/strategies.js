// @ts-check
// The strategies that are chosen, their numbers, and the faults that are stirred in.

import { html, slider } from "./controls.js";
import { freeName, nameOf } from "./state.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Start} Start */
/** @typedef {import("./state.js").Own} Own */
/** @typedef {import("./svg.js").Look} Look */
/** @typedef {(changes: Partial<State>, resting: boolean) => void} Change */

/** Shows the look of a strategy, or that it has none. @param {HTMLElement} swatch @param {Look | undefined} look */
const paint = (swatch, look) => {
  swatch.style.color = look ? `var(--c-${look.colour})` : "var(--c-faint)";
  swatch.style.background = look && !look.hollow ? "currentColor" : "none";
};

/** @param {Look | undefined} look */
export const swatch = (look) => {
  const made = html("i", { ariaHidden: "true" });
  paint(made, look);
  return made;
};

/** The boxes' swatches: what is in the pictures looks as it does there. @param {HTMLElement} into @param {Map<string, Look>} looks */
export const colour = (into, looks) => {
  for (const made of into.querySelectorAll("i")) paint(made, looks.get(made.dataset.strategy ?? ""));
};

/** A box for each preset. @param {HTMLElement} into @param {Start} start @param {() => State} state @param {Change} change */
export const presets = (into, start, state, change) => {
  const boxes = start.presets.map((preset) => {
    const box = html("input", { type: "checkbox", checked: state().strategies.some((chosen) => nameOf(chosen) === preset) });
    box.addEventListener("change", () => {
      const others = state().strategies.filter((chosen) => nameOf(chosen) !== preset);
      // In the order of the list, so that a strategy that comes back is where it was.
      const wanted = box.checked ? [...others, { preset }] : others;
      const rank = (/** @type {import("./state.js").Chosen} */ chosen) => ("preset" in chosen ? start.presets.indexOf(chosen.preset) : start.presets.length);
      if (wanted.length < 1 || wanted.length > start.most_strategies) {
        box.checked = !box.checked;
        return;
      }
      change({ strategies: wanted.sort((a, b) => rank(a) - rank(b)) }, true);
    });
    const look = swatch(undefined);
    look.dataset.strategy = preset;
    return html("label", {}, [box, look, preset]);
  });
  into.replaceChildren(...boxes);
};

/** What can be set of strategies of one's own. @param {HTMLElement} into @param {Start} start @param {() => State} state @param {Change} change @param {() => void} redraw */
export const own = (into, start, state, change, redraw) => {
  const parts = state().strategies.flatMap((chosen, at) => {
    if (!("own" in chosen)) return [];
    const set = (/** @type {Partial<Own>} */ changes, /** @type {boolean} */ resting) => {
      const strategies = state().strategies.map((now, index) => (index === at && "own" in now ? { own: { ...now.own, ...changes } } : now));
      change({ strategies }, resting);
    };
    const name = html("input", { type: "text", value: chosen.own.name, maxLength: 60, ariaLabel: "Name of the strategy" });
    name.addEventListener("change", () => {
      const others = state().strategies.filter((_, index) => index !== at);
      set({ name: freeName(name.value.trim() || "mine", others) }, true);
      redraw();
    });
    const away = html("button", { type: "button", ariaLabel: `Remove ${chosen.own.name}` }, ["Remove"]);
    away.addEventListener("click", () => {
      const strategies = state().strategies.filter((_, index) => index !== at);
      if (!strategies.length) return;
      change({ strategies }, true);
      redraw();
    });
    const numbers = start.of_strategies.map((control) => {
      const value = chosen.own[/** @type {keyof Own} */ (control.key)];
      return slider(control, Number(value), (now, resting) => set({ [control.key]: now }, resting), chosen.own.name).label;
    });
    return [html("div", { className: "own" }, [html("div", { className: "name" }, [name, away]), ...numbers])];
  });
  into.replaceChildren(...parts);
};

/** The faults that are stirred in. @param {HTMLElement} into @param {Start} start @param {() => State} state @param {Change} change @param {() => void} redraw */
export const faults = (into, start, state, change, redraw) => {
  const rows = state().faults.map((fault, at) => {
    const words = start.faults.find(([kind]) => kind === fault.kind)?.[1] ?? fault.kind;
    const set = (/** @type {number} */ probability, /** @type {boolean} */ resting) =>
      change({ faults: state().faults.map((now, index) => (index === at ? { ...now, probability } : now)) }, resting);
    const { label } = slider({ ...start.struck, label: words }, fault.probability, set);
    const away = html("button", { type: "button", ariaLabel: `Remove ${words}` }, ["Remove"]);
    away.addEventListener("click", () => {
      change({ faults: state().faults.filter((_, index) => index !== at) }, true);
      redraw();
    });
    return html("div", { className: "fault" }, [label, away]);
  });
  into.replaceChildren(...rows);
};
