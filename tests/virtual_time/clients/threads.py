"""A thread polls, another waits for what it finds, and looks up now and then."""
import json, os, queue, threading, urllib.request

url = "{APIXO_BASE_URL}/statusTask/{POLLBENCH_MODEL}?taskId={POLLBENCH_TASK_ID}".format_map(os.environ)
found, stop = queue.Queue(), threading.Event()


def poll():
    while not stop.is_set():
        try:
            request = urllib.request.Request(url, headers={"Authorization": "Bearer any"})
            with urllib.request.urlopen(request, timeout=10) as answer:
                found.put(json.load(answer)["data"]["state"])
        except Exception as error:
            found.put(str(error))
        stop.wait(3)


thread = threading.Thread(target=poll)
thread.start()
while True:
    try:
        if found.get(timeout=0.7) == "success":
            break
    except queue.Empty:
        pass
stop.set()
thread.join()
