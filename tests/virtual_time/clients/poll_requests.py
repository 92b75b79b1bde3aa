"""requests: a session that keeps its connection."""
import os, time, requests

url = "{APIXO_BASE_URL}/statusTask/{POLLBENCH_MODEL}?taskId={POLLBENCH_TASK_ID}".format_map(os.environ)
session = requests.Session()
while True:
    try:
        answer = session.get(url, headers={"Authorization": "Bearer any"}, timeout=10)
        if answer.json()["data"]["state"] == "success":
            break
    except Exception:
        pass
    time.sleep(3)
