// The guide's techniques in our own words, wrapped as a program that `pollbench check` can put on trial.
//
//   pollbench check -- node guide_poller.mjs TECHNIQUE
//   pollbench check --stream --clock scaled -- node guide_poller.mjs TECHNIQUE --stream
//
// TECHNIQUE is fixed, resilient or concurrent. The limits are those of the guide's code with the deadline in place of its
// own: sums of sleeps. Nothing is repaired.
import { createInterface } from "node:readline";

const technique = process.argv[2];
const pause = (ms, scale) => new Promise((wake) => setTimeout(wake, ms / scale));
const ended = (data) => data.state === "success" || data.state === "failed";
const told = (data) => ({ outcome: data.state, urls: data.state === "success" ? JSON.parse(data.resultJson).resultUrls : [] });

async function ask(task, id) {
  const answer = await fetch(`${task.base_url}/statusTask/${task.model}?taskId=${id}`, {
    headers: { Authorization: `Bearer ${task.api_key}` },
  });
  return (await answer.json()).data;
}

async function fixed(task) {
  for (let slept = 0; slept < task.most; slept += 3000) {
    const data = await ask(task, task.ids[0]);
    if (ended(data)) return [told(data)];
    await pause(3000, task.scale);
  }
  return [{ outcome: "timeout", urls: [] }];
}

async function resilient(task) {
  for (let slept = 0; slept < task.most; slept += 3000) {
    for (let retries = 0; retries < 3; ) {
      try {
        const data = await ask(task, task.ids[0]);
        if (ended(data)) return [told(data)];
        break;
      } catch (error) {
        if (!error.message.includes("network") && error.code !== "ECONNRESET") throw error;
        retries += 1;
        await pause(1000 * retries, task.scale);
      }
    }
    await pause(3000, task.scale);
  }
  return [{ outcome: "timeout", urls: [] }];
}

// All tasks in rounds; one rejection abandons them all.
async function concurrent(task, tell) {
  const open = new Map(task.ids.map((id) => [id, 0]));
  while (open.size > 0) {
    await Promise.all(
      [...open].map(async ([id, attempts]) => {
        const data = await ask(task, id);
        const isOver = attempts * 3000 > task.most;
        if (ended(data) || isOver) {
          tell(id, ended(data) ? told(data) : { outcome: "timeout", urls: [] });
          open.delete(id);
        } else {
          open.set(id, attempts + 1);
        }
      }),
    );
    if (open.size > 0) await pause(3000, task.scale);
  }
}

async function wait(task, tell) {
  const answered = new Set();
  const say = (id, end) => (answered.add(id), tell(id, end));
  try {
    if (technique === "concurrent") await concurrent(task, say);
    else (await (technique === "fixed" ? fixed : resilient)(task)).forEach((end) => say(task.ids[0], end));
  } catch (error) {
    for (const id of task.ids) if (!answered.has(id)) tell(id, { outcome: "error", urls: [], message: error.message });
  }
}

if (process.argv.includes("--stream")) {
  const capabilities = technique === "concurrent" ? ["time-scale", "many"] : ["time-scale"];
  console.log(JSON.stringify({ hello: { version: 1, capabilities } }));
  for await (const line of createInterface({ input: process.stdin })) {
    const given = JSON.parse(line);
    const ids = given.task_ids ?? [given.task_id];
    const task = { ...given, ids, scale: given.time_scale, most: given.deadline_ms * given.time_scale };
    const name = (id) => (ids.length > 1 ? { task_id: id } : {});
    wait(task, (id, end) => console.log(JSON.stringify({ case: given.case, ...name(id), ...end })));
  }
} else {
  const env = process.env;
  const scale = Number(env.POLLBENCH_TIME_SCALE);
  const task = {
    base_url: env.APIXO_BASE_URL,
    api_key: env.APIXO_API_KEY,
    model: env.POLLBENCH_MODEL,
    ids: [env.POLLBENCH_TASK_ID],
    scale,
    most: Number(env.POLLBENCH_DEADLINE_MS) * scale,
  };
  await wait(task, (_, end) => console.log(JSON.stringify(end)));
}
