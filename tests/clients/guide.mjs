// The guide's techniques as a JavaScript program with the built-in fetch would have them, in our own words: what they
// do is described in the documentation of the presets. Used to hold the mock server and the presets against a client
// that shares no code with them.
//
//   node guide.mjs BASE_URL KEY SCALE TECHNIQUE MODEL
//
// SCALE is that of the server: a sleep of a second takes 1/SCALE. Prints one JSON object.
const [base, key, scaleText, technique, model] = process.argv.slice(2);
const scale = Number(scaleText);
let requests = 0;

const pause = (ms) => new Promise((wake) => setTimeout(wake, ms / scale));
const ended = (data) => data.state === "success" || data.state === "failed";

async function ask(task) {
  requests += 1;
  const answer = await fetch(`${base}/statusTask/${model}?taskId=${task}`, {
    headers: { Authorization: `Bearer ${key}` },
  });
  return (await answer.json()).data;
}

async function fixed(task) {
  for (let attempt = 0; attempt < 60; attempt += 1) {
    const data = await ask(task);
    if (ended(data)) return data.state;
    await pause(3000);
  }
  throw new Error("Timeout");
}

async function adaptive(task) {
  const table = { "nano-banana": [5, 3, 120], "flux-2": [10, 5, 180], "sora-2": [60, 15, 600], "veo-3-1": [45, 10, 480], suno: [30, 10, 300] };
  const [initial, interval, most] = (table[model] ?? [10, 5, 300]).map((seconds) => seconds * 1000);
  await pause(initial);
  for (let slept = initial; slept < most; slept += interval) {
    const data = await ask(task);
    if (ended(data)) return data.state;
    await pause(interval);
  }
  throw new Error("Timeout");
}

async function exponential(task) {
  let gap = 2000;
  for (let slept = 0; slept < 600000; ) {
    const data = await ask(task);
    if (ended(data)) return data.state;
    await pause(gap);
    slept += gap;
    gap = Math.min(gap * 1.5, 30000);
  }
  throw new Error("Timeout");
}

async function resilient(task) {
  for (let slept = 0; slept < 300000; slept += 3000) {
    for (let retries = 0; retries < 3; ) {
      try {
        const data = await ask(task);
        if (data.state === "success") return "success";
        if (data.state === "failed") throw new Error(`${data.failCode}: ${data.failMsg}`);
        break;
      } catch (error) {
        const isNetwork = error.message.includes("network") || error.code === "ECONNRESET";
        if (!isNetwork) throw error;
        retries += 1;
        await pause(1000 * retries);
      }
    }
    await pause(3000);
  }
  throw new Error("Timeout");
}

// All tasks in rounds; the next round starts a sleep after the slowest answer.
async function concurrent(all) {
  const open = new Map(all.map((task) => [task, 0]));
  const outcomes = {};
  while (open.size > 0) {
    await Promise.all(
      [...open].map(async ([task, attempts]) => {
        const data = await ask(task);
        if (ended(data) || attempts > 60) {
          outcomes[task] = ended(data) ? data.state : "Timeout";
          open.delete(task);
        } else {
          open.set(task, attempts + 1);
        }
      }),
    );
    if (open.size > 0) await pause(3000);
  }
  return outcomes;
}

const alone = { basic: fixed, adaptive, exponential, resilient };
const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
// The first request takes long to set up; the waiting must not begin with it.
await (await fetch(`${base}/apikeys/current-balance`, { headers })).json();
const body = JSON.stringify({ request_type: "async", input: { prompt: "a lighthouse" } });
const submitted = await fetch(`${base}/generateTask/${model}`, { method: "POST", headers, body });
const task = (await submitted.json()).data.taskId;
const wait = technique === "concurrent" ? concurrent([task]).then((ends) => ends[task]) : alone[technique](task);
const outcome = await wait.catch((error) => error.message);
console.log(JSON.stringify({ requests, outcome }));
