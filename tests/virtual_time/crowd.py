"""So many threads that ask at the same instants."""
import json, os, sys, threading, time, urllib.request

url = "{APIXO_BASE_URL}/statusTask/{POLLBENCH_MODEL}?taskId={POLLBENCH_TASK_ID}".format_map(os.environ)
threading.stack_size(256 << 10)


def wait(number):
    for pause in (0, 30, 30):
        time.sleep(pause)
        request = urllib.request.Request(f"{url}&n={number}", headers={"Authorization": "Bearer any"})
        with urllib.request.urlopen(request) as answer:
            json.load(answer)


threads = [threading.Thread(target=wait, args=(number,)) for number in range(int(sys.argv[1]))]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
