// Waits for one generation task: an exemplary poller for Node 18 or later, without dependencies.
//
//   APIXO_API_KEY=… node poller.mjs MODEL TASK_ID            prints {"outcome":"success","urls":["https://…"]}
//   node poller.mjs --stream                                 takes cases a line each, as `pollbench check --stream` gives them
//   node poller.mjs --stream --webhook                       the same, and is called back: it asks in case nobody calls

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

const SECOND = 1000;
const INTERVAL = 3 * SECOND;
const ATTEMPT = 10 * SECOND;
const CEILING = 60 * SECOND;

const sleep = (ms) =>
  new Promise((wake) => setTimeout(wake, Math.max(0, Math.ceil(ms))));

/** How long a Retry-After asks to stay away, in milliseconds; 0 where it is absent or cannot be read. */
function retryAfter(header) {
  if (!header) return 0;
  const text = header.trim();
  const ms = /^\d+$/.test(text)
    ? Number(text) * SECOND
    : Date.parse(text) - Date.now();
  return ms > 0 ? ms : 0;
}

/** An error that asking again cannot mend. 404 is none: a replica may not know a new task yet. */
const isPermanent = (status) =>
  status >= 400 && status < 500 && ![404, 408, 425, 429].includes(status);

/** How the task ended, as the `data` of an answer or of a webhook tells it; `undefined` where it tells no end. */
function endOf(data) {
  if (data?.state === "failed") return { outcome: "failed", urls: [] };
  if (data?.state !== "success") return undefined;
  const urls = JSON.parse(data.resultJson).resultUrls;
  // A success that shows nothing is told anew, once its result is there.
  return urls?.length ? { outcome: "success", urls } : undefined;
}

/** One look: what it told, and how long to stay away. Whatever tells nothing is `undefined`. */
async function look({ base_url, api_key, model, task_id }, patience) {
  // A timer of its own: that of `AbortSignal.timeout` would let the program end while it waits.
  const attempt = new AbortController();
  const timer = setTimeout(
    () => attempt.abort(),
    Math.max(1, Math.ceil(patience)),
  );
  try {
    const response = await fetch(
      `${base_url}/statusTask/${model}?taskId=${encodeURIComponent(task_id)}`,
      {
        headers: { Authorization: `Bearer ${api_key}` },
        signal: attempt.signal,
      },
    );
    const pause = retryAfter(response.headers.get("retry-after"));
    if (!response.ok) {
      await response.body?.cancel();
      return {
        end: isPermanent(response.status)
          ? { outcome: "error", urls: [] }
          : undefined,
        pause,
      };
    }
    const { data } = await response.json();
    if (data?.taskId && data.taskId !== task_id) return { pause };
    return { end: endOf(data), pause };
  } catch {
    // A broken connection, a silent one, half a JSON: the task lives on.
    return { pause: 0 };
  } finally {
    clearTimeout(timer);
  }
}

/** Who waits for a webhook, by task; each hears of the first one only. */
const waiting = new Map();

/** Takes webhooks, and says where. They are not signed: who does not know the secret in the address is not believed. */
async function receive() {
  const path = `/${randomUUID()}`;
  const server = createServer(async (request, response) => {
    const chunks = [];
    let status = request.url === path ? 400 : 404;
    try {
      for await (const chunk of request) if (chunks.push(chunk) > 64) break;
      const { data } = JSON.parse(Buffer.concat(chunks));
      const end = status === 400 && endOf(data);
      if (end) waiting.get(data.taskId)?.(end);
      if (status === 400) status = 200;
    } catch {
      // Half a JSON, or nobody there any more: it comes again, or the next look tells.
    }
    response.writeHead(status).end();
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  server.unref();
  return `http://127.0.0.1:${server.address().port}${path}`;
}

/** Waits for whichever comes first: a webhook, or a look that tells. */
async function wait(task) {
  const told = new Promise((hear) => waiting.set(task.task_id, hear));
  try {
    return await Promise.race([told, poll(task, told)]);
  } finally {
    waiting.delete(task.task_id);
  }
}

/** Looks every few seconds until the task has ended, and once more at the deadline; no more once it was `told`. */
async function poll(task, told) {
  let isOver = false;
  told.then(() => (isOver = true));
  const scale = task.time_scale ?? 1;
  const deadline = performance.now() + task.deadline_ms;
  for (let isLast = false; !isOver;) {
    const left = deadline - performance.now();
    const patience = isLast ? ATTEMPT / scale : Math.min(ATTEMPT / scale, left);
    const { end, pause } = await look(task, patience);
    if (end) return end;
    if (isLast) return { outcome: "timeout", urls: [] };
    const next =
      performance.now() + Math.max(INTERVAL / scale, Math.min(pause, CEILING));
    isLast = next >= deadline;
    await sleep(Math.min(next, deadline) - performance.now());
  }
}

if (process.argv.includes("--stream")) {
  const isCalledBack = process.argv.includes("--webhook");
  const hello = {
    version: 1,
    capabilities: isCalledBack ? ["time-scale", "webhook"] : ["time-scale"],
  };
  if (isCalledBack) hello.callback_url = await receive();
  console.log(JSON.stringify({ hello }));
  const waits = [];
  for await (const line of createInterface({ input: process.stdin })) {
    const task = JSON.parse(line);
    waits.push(
      wait(task).then((end) =>
        console.log(JSON.stringify({ case: task.case, ...end })),
      ),
    );
  }
  await Promise.all(waits);
  process.exit();
} else {
  const env = process.env;
  const end = await wait({
    base_url: env.APIXO_BASE_URL ?? "https://api.apixo.ai/api/v1",
    api_key: env.APIXO_API_KEY,
    model: process.argv[2] ?? env.POLLBENCH_MODEL,
    task_id: process.argv[3] ?? env.POLLBENCH_TASK_ID,
    deadline_ms: Number(env.POLLBENCH_DEADLINE_MS ?? 10 * 60 * SECOND),
    time_scale: Number(env.POLLBENCH_TIME_SCALE ?? 1),
  });
  console.log(JSON.stringify(end));
}
