// Waits for generation tasks of APIXO. Node 20 or later, no packages.
//
//   node poller.mjs MODEL TASK_ID            waits for a task that was submitted before, here or elsewhere
//   import { waitForTask } from "./poller.mjs"
//
// The API key is read from APIXO_API_KEY, the server from APIXO_BASE_URL.

// webhook: begin
import { createServer } from "node:http";
// webhook: end
import { pathToFileURL } from "node:url";

// settings: begin
// The guide's settings: an example, which `pollbench tune --write-poller js` replaces.
const SETTINGS = {
  "sora-2": {
    checksMs: [60000],
    thenEveryMs: 15000,
    deadlineMs: 600000,
  },
};
// For models that are not named above: the guide's settings.
const ANY_MODEL = {
  checksMs: [10000],
  thenEveryMs: 5000,
  deadlineMs: 300000,
};
// settings: end

/** The longest that one request may take. */
const ATTEMPT_TIMEOUT_MS = 10_000;
/** A Retry-After is obeyed within these bounds: 0 must not make a busy loop, and a day is ignored. */
const RETRY_AFTER_MS = { least: 1_000, most: 60_000 };
/** More than this of an answer is not read. */
const MOST_BYTES = 1 << 20;
/** Settings are divided by this: only tests against a mock that is faster than life set it. */
const TIME_SCALE = Number(process.env.POLLBENCH_TIME_SCALE || 1);

/** The task ended without a result. */
export class TaskFailed extends Error {}
/** The deadline passed; the task may still end, and can be waited for again by its id. */
export class TimedOut extends Error {}
/** The server refuses the request itself: asking again cannot help. */
export class Refused extends Error {}

/**
 * Waits until the task ends, and returns the URLs of its results.
 *
 * Asks at the instants of the settings, and once more at the deadline. Whatever tells nothing (lost connections, server
 * errors, rate limits, half an answer) is asked over until then. Nothing is kept between calls, so a new process can go on
 * where this one stopped.
 */
export async function waitForTask(model, taskId, options = {}) {
  const settings = Object.hasOwn(SETTINGS, model) ? SETTINGS[model] : ANY_MODEL;
  const deadline = options.deadlineMs ?? settings.deadlineMs / TIME_SCALE;
  const start = performance.now();
  let planned = nextCheck(settings, -1);
  let notBefore = 0;
  let trouble = "";
  for (;;) {
    let at = Math.max(planned, notBefore);
    const isLast = at >= deadline;
    at = Math.min(at, deadline);
    // webhook: begin
    if (
      planned > notBefore &&
      (await options.told?.within(
        start + at - performance.now(),
        options.signal,
      ))
    ) {
      planned = performance.now() - start;
      continue;
    }
    // webhook: end
    await sleep(start + at - performance.now(), options.signal);

    // The look at the deadline has the whole attempt timeout, every other one what is left.
    const attempt = Math.max(ATTEMPT_TIMEOUT_MS / TIME_SCALE, 1_000);
    const timeout = isLast ? attempt : Math.min(attempt, deadline - at);
    const seen = await check(model, taskId, timeout, options);
    if (seen.urls) return seen.urls;
    if (seen.failed) throw new TaskFailed(seen.failed);
    if (seen.refused && !isLast) throw new Refused(seen.refused);
    trouble = seen.trouble ?? "";
    if (isLast)
      throw new TimedOut(
        `${taskId} was not done after ${deadline} ms${trouble && `; last: ${trouble}`}`,
      );

    // Not before its instant: timers may end up to a millisecond early.
    const elapsed = Math.max(performance.now() - start, at);
    planned = nextCheck(settings, elapsed);
    notBefore = elapsed + (seen.retryAfterMs ?? 0);
  }
}

/** When to look next, in milliseconds since the start: the first planned instant that is still to come, or after a gap. */
function nextCheck({ checksMs, thenEveryMs }, elapsed) {
  const planned = checksMs.find((at) => at / TIME_SCALE > elapsed);
  return planned === undefined
    ? elapsed + thenEveryMs / TIME_SCALE
    : planned / TIME_SCALE;
}

/** One request: `{ urls }`, `{ failed }`, `{ refused }`, or whatever else was learnt of the task. */
async function check(model, taskId, timeoutMs, { signal, baseUrl, apiKey }) {
  const origin = (
    baseUrl ??
    process.env.APIXO_BASE_URL ??
    "https://api.apixo.ai"
  ).replace(/\/+$/, "");
  const root = origin.endsWith("/api/v1") ? origin : `${origin}/api/v1`;
  const url = `${root}/statusTask/${encodeURIComponent(model)}?taskId=${encodeURIComponent(taskId)}`;
  const headers = {
    Authorization: `Bearer ${apiKey ?? process.env.APIXO_API_KEY ?? ""}`,
  };
  // A timer of its own: that of `AbortSignal.timeout` would let the program end while it waits.
  const attempt = new AbortController();
  const stop = () => attempt.abort();
  const timer = setTimeout(stop, Math.max(1, Math.ceil(timeoutMs)));
  signal?.addEventListener("abort", stop, { once: true });
  let response, text;
  try {
    response = await fetch(url, {
      headers,
      redirect: "manual",
      signal: attempt.signal,
    });
    text = await bounded(response);
  } catch (error) {
    signal?.throwIfAborted();
    return {
      trouble: attempt.signal.aborted
        ? "no answer in time"
        : String(error.cause?.code ?? error.message),
    };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
  const retryAfterMs = retryAfter(response.headers.get("retry-after"));
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = undefined;
  }
  // Some servers say in the body what they should have said in the status.
  const said = answer?.code;
  const status =
    response.status === 200 && Number.isInteger(said) ? said : response.status;
  if (status !== 200) {
    const words = `HTTP ${status} ${answer?.message ?? ""}`.trim();
    // A replica that lags may not know a new task yet: 404 passes, as 408, 425 and 429 do.
    const blames =
      status >= 400 && status < 500 && ![404, 408, 425, 429].includes(status);
    return blames
      ? { refused: words, trouble: words }
      : { trouble: words, retryAfterMs };
  }
  const data = answer?.data;
  if (data === null || typeof data !== "object")
    return { trouble: "an answer without data", retryAfterMs };
  if (data.taskId !== undefined && data.taskId !== taskId)
    return { trouble: "an answer about another task", retryAfterMs };
  if (data.state === "failed")
    return { failed: `${data.failCode ?? "failed"}: ${data.failMsg ?? ""}` };
  if (data.state === "success") {
    const urls = resultUrls(data.resultJson);
    return urls
      ? { urls }
      : { trouble: "a result that cannot be read", retryAfterMs };
  }
  // `pending`, `processing`, and states that are not known here: the task is not done.
  return { retryAfterMs };
}

function resultUrls(resultJson) {
  try {
    const urls = JSON.parse(resultJson).resultUrls;
    return Array.isArray(urls) &&
      urls.length > 0 &&
      urls.every((url) => typeof url === "string")
      ? urls
      : undefined;
  } catch {
    return undefined;
  }
}

/** The text of an answer, which must not be endless. */
async function bounded(response) {
  const parts = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > MOST_BYTES) throw new Error("an answer of more than 1 MiB");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** Milliseconds to stay away, from seconds or an HTTP date; `undefined` for anything else. */
function retryAfter(header) {
  const text = header?.trim() ?? "";
  const asked = /^\d+$/.test(text)
    ? Number(text) * 1_000
    : /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(
          text,
        )
      ? Date.parse(text) - Date.now()
      : NaN;
  return Number.isNaN(asked)
    ? undefined
    : Math.min(Math.max(asked, RETRY_AFTER_MS.least), RETRY_AFTER_MS.most);
}

function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener("abort", stop);
        resolve();
      },
      Math.max(0, ms),
    );
    signal?.addEventListener("abort", stop, { once: true });
  });
}

// webhook: begin
/**
 * What a webhook has told of one task: that it is time to look. Deliveries are not signed, so they are never believed: the
 * look that follows tells what became of the task, and a delivery that is forged, damaged or about another task costs
 * nothing but a request.
 */
export class Told {
  #isTold = false;
  #wake = () => {};

  tell() {
    this.#isTold = true;
    this.#wake();
  }

  /** Whether it is told within so many milliseconds; each telling counts once. */
  async within(ms, signal) {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    if (!this.#isTold) {
      const both = signal
        ? AbortSignal.any([signal, woken.signal])
        : woken.signal;
      await sleep(ms, both).catch(() => signal?.throwIfAborted());
    }
    const isTold = this.#isTold;
    this.#isTold = false;
    return isTold;
  }
}

/**
 * Receives webhooks at `port`, on any path, and wakes the waits in `waits` by the id of their task. Tasks are submitted with
 * the address at which the API reaches this port as their `callback_url`.
 */
export function receive(port, waits) {
  const server = createServer(async (request, response) => {
    let text = "";
    try {
      for await (const part of request) {
        text += part;
        if (text.length > MOST_BYTES) throw new Error("too long");
      }
      const id = JSON.parse(text).data.taskId;
      response.writeHead(200).end();
      waits.get(id)?.tell();
    } catch {
      // It is sent again, and the fallback looks come anyway.
      response.writeHead(400).end();
    }
  });
  server.requestTimeout = 30_000;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, () => resolve(server));
  });
}

// webhook: end
/** Run as a program: one line of JSON on standard output says how it ended. */
async function main() {
  const [
    model = process.env.POLLBENCH_MODEL,
    taskId = process.env.POLLBENCH_TASK_ID,
  ] = process.argv.slice(2);
  if (!model || !taskId) {
    console.error("usage: node poller.mjs MODEL TASK_ID");
    process.exit(2);
  }
  const stopped = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"])
    process.once(name, () =>
      stopped.abort(new Error(`stopped; go on with: ${model} ${taskId}`)),
    );
  const deadlineMs = process.env.POLLBENCH_DEADLINE_MS
    ? Number(process.env.POLLBENCH_DEADLINE_MS)
    : undefined;
  const options = { signal: stopped.signal, deadlineMs };
  // webhook: begin
  options.told = new Told();
  const receiver = await receive(
    Number(process.env.APIXO_WEBHOOK_PORT ?? 9000),
    new Map([[taskId, options.told]]),
  );
  // webhook: end
  try {
    const urls = await waitForTask(model, taskId, options);
    console.log(JSON.stringify({ outcome: "success", urls }));
  } catch (error) {
    const outcome =
      error instanceof TaskFailed
        ? "failed"
        : error instanceof TimedOut
          ? "timeout"
          : "error";
    console.error(error.message);
    console.log(JSON.stringify({ outcome, urls: [] }));
    process.exitCode = stopped.signal.aborted ? 130 : 1;
  }
  // webhook: begin
  receiver.closeAllConnections();
  receiver.close();
  // webhook: end
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  await main();
