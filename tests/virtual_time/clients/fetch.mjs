// Node's fetch, whose pool keeps connections alive.
const { APIXO_BASE_URL, POLLBENCH_MODEL, POLLBENCH_TASK_ID } = process.env;
const url = `${APIXO_BASE_URL}/statusTask/${POLLBENCH_MODEL}?taskId=${POLLBENCH_TASK_ID}`;
for (;;) {
  try {
    const answer = await fetch(url, { headers: { authorization: "Bearer any" }, signal: AbortSignal.timeout(10_000) });
    if ((await answer.json()).data.state === "success") break;
  } catch {}
  await new Promise((resolve) => setTimeout(resolve, 3_000));
}
