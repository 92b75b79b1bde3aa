// @ts-check
// Sliders with their names and values, and choices among many.

import { STEPS, held, stepOf, valueAt } from "./state.js";
import { withUnit } from "./words.js";

/** @typedef {import("./state.js").Control} Control */

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name @param {Partial<HTMLElementTagNameMap[Name]>} [properties] @param {(Node | string)[]} [children]
 * @returns {HTMLElementTagNameMap[Name]}
 */
export const html = (name, properties = {}, children = []) => {
  const made = document.createElement(name);
  Object.assign(made, properties);
  made.append(...children);
  return made;
};

/**
 * A slider: what it is in, and how to set it from outside.
 * @param {Control} control @param {number} value @param {(value: number, resting: boolean) => void} change @param {string} [owner]
 */
export const slider = (control, value, change, owner) => {
  const input = html("input", { type: "range", min: "0", max: String(STEPS), step: "1" });
  // No `output`: a label is that of the first control in it, and would be this one's. Who listens hears the slider's own value.
  const output = html("span", { className: "value", ariaHidden: "true" });
  if (owner) input.setAttribute("aria-label", `${control.label} of ${owner}`);
  const show = (/** @type {number} */ value) => {
    input.value = String(stepOf(value, control));
    output.textContent = withUnit(value, control.unit);
    input.setAttribute("aria-valuetext", output.textContent);
  };
  const read = (/** @type {boolean} */ resting) => {
    const value = valueAt(Number(input.value), control);
    output.textContent = withUnit(value, control.unit);
    input.setAttribute("aria-valuetext", output.textContent);
    change(value, resting);
  };
  input.addEventListener("input", () => read(false));
  input.addEventListener("change", () => read(true));
  show(value);
  const label = html("label", { className: "row" }, [html("span", {}, [control.label]), output, input]);
  return { label, show };
};

/** A number that is typed. @param {Control} control @param {number} value @param {(value: number, resting: boolean) => void} change */
export const field = (control, value, change) => {
  const input = html("input", { type: "text", inputMode: "numeric", size: 8, value: String(value) });
  input.addEventListener("change", () => {
    const now = held(Number(input.value), control);
    input.value = String(now);
    change(now, true);
  });
  const label = html("label", { className: "row" }, [html("span", {}, [control.label]), input]);
  return { label, show: (/** @type {number} */ now) => { input.value = String(now); } };
};

/** Fills a choice. @param {HTMLSelectElement} select @param {[string, string][]} options */
export const fill = (select, options) => select.replaceChildren(...options.map(([value, words]) => html("option", { value }, [words])));

/** Puts a text where other programs can have it. @param {string} text */
export const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without leave to use it, the old way.
    const area = html("textarea", { value: text, readOnly: true });
    area.style.position = "fixed";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
};
