// Twenty waits at a time over a pool of three connections that are kept alive.
import http from "node:http";
const { APIXO_BASE_URL, POLLBENCH_MODEL, POLLBENCH_TASK_ID } = process.env;
const url = `${APIXO_BASE_URL}/statusTask/${POLLBENCH_MODEL}?taskId=${POLLBENCH_TASK_ID}`;
const agent = new http.Agent({ keepAlive: true, maxSockets: 3 });
const ask = (mark) =>
  new Promise((resolve, reject) => {
    const request = http.get(url + mark, { agent, headers: { authorization: "Bearer any" } }, (answer) => {
      let text = "";
      answer.on("data", (piece) => (text += piece));
      answer.on("end", () => resolve(JSON.parse(text)));
    });
    request.on("error", reject);
  });
const wait = async (number) => {
  while ((await ask(`&n=${number}`)).data.state !== "success") {
    await new Promise((resolve) => setTimeout(resolve, 2_000 + 137 * (number % 5)));
  }
};
await Promise.all([...Array(20).keys()].map(wait));
agent.destroy();
