// Node's http with an agent that keeps connections alive.
import http from "node:http";
const { APIXO_BASE_URL, POLLBENCH_MODEL, POLLBENCH_TASK_ID } = process.env;
const url = `${APIXO_BASE_URL}/statusTask/${POLLBENCH_MODEL}?taskId=${POLLBENCH_TASK_ID}`;
const agent = new http.Agent({ keepAlive: true });
const options = { agent, timeout: 10_000, headers: { authorization: "Bearer any" } };
const ask = () =>
  new Promise((resolve, reject) => {
    const request = http.get(url, options, (answer) => {
      let text = "";
      answer.on("data", (piece) => (text += piece));
      answer.on("end", () => resolve(JSON.parse(text)));
      answer.on("error", reject);
      answer.on("aborted", () => reject(new Error("aborted")));
    });
    request.on("timeout", () => request.destroy(new Error("timeout")));
    request.on("error", reject);
  });
for (;;) {
  try {
    if ((await ask()).data.state === "success") break;
  } catch {}
  await new Promise((resolve) => setTimeout(resolve, 3_000));
}
agent.destroy();
