"""urllib: a connection for each request."""
import json, os, time, urllib.request

url = "{APIXO_BASE_URL}/statusTask/{POLLBENCH_MODEL}?taskId={POLLBENCH_TASK_ID}".format_map(os.environ)
while True:
    try:
        request = urllib.request.Request(url, headers={"Authorization": "Bearer any"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            if json.load(answer)["data"]["state"] == "success":
                break
    except Exception:
        pass
    time.sleep(3)
