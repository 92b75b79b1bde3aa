"""A watcher as scripts have them: every 30 seconds, no deadline, any error just waits for the next round.

    python3 watcher.py ORIGIN KEY SCALE MODEL

ORIGIN has no path; the standard library's client is used.
"""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

origin, key, scale, model = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4]


def call(path, body=None):
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(origin + path, data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


balance = call("/api/v1/apikeys/current-balance")["data"]
assert isinstance(balance, (int, float)), balance
accepted = call(f"/api/v1/generateTask/{model}", {"input": {"prompt": "a song", "mode": "custom"}, "provider": "auto"})
task = accepted["data"]["taskId"]
while True:
    time.sleep(30 / scale)
    try:
        answer = call(f"/api/v1/statusTask/{model}?taskId=" + urllib.parse.quote(task, safe=""))
    except (urllib.error.URLError, OSError, ValueError):
        continue
    data = answer["data"]
    if data["state"] in ("success", "failed"):
        break
urls = json.loads(data["resultJson"])["resultUrls"] if data["state"] == "success" else []
sizes = [len(urllib.request.urlopen(url, timeout=60).read()) for url in urls]
print(json.dumps({"state": data["state"], "urls": len(urls), "sizes": sizes}))
