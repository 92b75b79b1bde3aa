// @ts-check
// Figures in words, as the reports write them.

/** Three digits that matter, without zeros behind. @param {number} value */
export const number = (value) => {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : Math.min(6, 2 - Math.floor(Math.log10(size)));
  return value.toFixed(digits).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
};

/** A time such as `80 ms`, `2.5 s`, `3 min 10 s`. @param {number | null} seconds */
export const time = (seconds) => {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  if (seconds === 0) return "0 s";
  if (seconds < 0.9995) return `${number(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${number(Math.round(seconds * 100) / 100)} s`;
  const whole = Math.round(seconds);
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  return rest ? `${minutes} min ${rest} s` : `${minutes} min`;
};

/** A share. @param {number} share */
export const percent = (share) => `${number(share * 100)} %`;

/** How the value of a control is written. @param {number} value @param {string} unit */
export const withUnit = (value, unit) => {
  if (unit === "s") return value === 0 ? "none" : time(value);
  if (unit === "%") return value === 0 ? "none" : percent(value);
  if (unit === "per s") return value === 0 ? "none" : `${number(value)} per s`;
  if (unit === "×") return `× ${number(value)}`;
  if (unit === "polls") return `${number(value)} ${value === 1 ? "poll" : "polls"}`;
  return number(value);
};
