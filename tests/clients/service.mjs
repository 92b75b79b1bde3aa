// A service as teams write them: polls every three seconds, gives up by the wall clock or after five errors in a row,
// wants both the HTTP status and the numeric code to be good, and downloads the first result.
//
//   node service.mjs BASE_URL KEY SCALE MODEL
const [base, key, scaleText, model] = process.argv.slice(2);
const scale = Number(scaleText);
const pause = (ms) => new Promise((wake) => setTimeout(wake, ms / scale));
const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json", "User-Agent": "service/1.0" };

async function call(path, options = {}) {
  const answer = await fetch(`${base}${path}`, { headers, signal: AbortSignal.timeout(30000), ...options });
  const body = await answer.json();
  if (!answer.ok || body.code !== 200) throw new Error(`${answer.status}/${body.code}: ${body.message}`);
  return body.data;
}

const { taskId } = await call(`/generateTask/${encodeURIComponent(model)}`, {
  method: "POST",
  body: JSON.stringify({ request_type: "async", webhook: null, source: "service", input: { prompt: "a lighthouse", extra: [1] } }),
});
let errors = 0;
for (const started = Date.now(); (Date.now() - started) * scale < 600000; ) {
  await pause(3000);
  let data;
  try {
    data = await call(`/statusTask/${encodeURIComponent(model)}?taskId=${encodeURIComponent(taskId)}`);
    errors = 0;
  } catch (error) {
    errors += 1;
    if (errors >= 5) throw error;
    continue;
  }
  if (data.state === "success" || data.state === "failed") {
    const url = data.state === "success" ? JSON.parse(data.resultJson).resultUrls[0] : null;
    const file = url && (await fetch(url));
    const bytes = file ? new Uint8Array(await file.arrayBuffer()).length : 0;
    console.log(JSON.stringify({ state: data.state, file: file?.status ?? null, type: file?.headers.get("content-type") ?? null, bytes }));
    process.exit(0);
  }
}
throw new Error("gave up");
