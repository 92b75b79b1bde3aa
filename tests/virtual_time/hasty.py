"""A poller with a mistake: it counts its sleeps and not the time, so that it looks too late, or not at all."""
import json, os, time, urllib.request

url = "{APIXO_BASE_URL}/statusTask/{POLLBENCH_MODEL}?taskId={POLLBENCH_TASK_ID}".format_map(os.environ)
outcome, urls = "timeout", []
for _ in range(int(float(os.environ["POLLBENCH_DEADLINE_MS"]) / 7000)):
    try:
        request = urllib.request.Request(url, headers={"Authorization": "Bearer any"})
        data = json.load(urllib.request.urlopen(request, timeout=20))["data"]
        if data["state"] == "success":
            outcome, urls = "success", json.loads(data["resultJson"])["resultUrls"]
            break
        if data["state"] == "failed":
            outcome = "failed"
            break
    except Exception:
        pass
    time.sleep(7)
print(json.dumps({"outcome": outcome, "urls": urls}))
