#!/usr/bin/env python3
"""Waits for one generation task: an exemplary poller for Python 3.9 or later, with the standard library alone.

APIXO_API_KEY=… python3 poller.py MODEL TASK_ID      prints {"outcome": "success", "urls": ["https://…"]}
python3 poller.py --stream                           takes cases a line each, as `pollbench check --stream` gives them
"""

import concurrent.futures
import email.utils
import http.client
import json
import os
import socket
import sys
import threading
import time
import urllib.parse

INTERVAL, ATTEMPT, CEILING = 3.0, 10.0, 60.0


def retry_after(header):
    """How long a Retry-After asks to stay away, in seconds; 0 where it is absent or cannot be read."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(
            0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time()
        )
    except (TypeError, ValueError, IndexError, OverflowError):
        return 0.0


def is_permanent(status):
    """Whether asking again cannot help. 404 is no such error: a replica may not know a new task yet."""
    return 400 <= status < 500 and status not in (404, 408, 425, 429)


def request(task, patience):
    """Status, Retry-After and body of one request, all of it within `patience` seconds."""
    url = urllib.parse.urlsplit(task["base_url"])
    kind = (
        http.client.HTTPSConnection
        if url.scheme == "https"
        else http.client.HTTPConnection
    )
    connection = kind(url.hostname, url.port, timeout=patience)
    # A socket's timeout starts anew with every byte: the whole exchange has a limit of its own.
    connection.connect()
    line = connection.sock
    limit = threading.Timer(patience, lambda: line.shutdown(socket.SHUT_RDWR))
    limit.daemon = True
    limit.start()
    try:
        path = f"{url.path}/statusTask/{task['model']}?taskId={urllib.parse.quote(task['task_id'])}"
        connection.request(
            "GET", path, headers={"Authorization": f"Bearer {task['api_key']}"}
        )
        answer = connection.getresponse()
        return answer.status, answer.getheader("Retry-After"), answer.read(1 << 20)
    finally:
        limit.cancel()
        connection.close()


def look(task, patience):
    """One look: how the task ended, or None, and how long to stay away."""
    pause = 0.0
    try:
        status, header, body = request(task, patience)
        pause = retry_after(header)
        if status != 200:
            return (
                {"outcome": "error", "urls": []} if is_permanent(status) else None
            ), pause
        data = json.loads(body)["data"]
        if data.get("taskId", task["task_id"]) != task["task_id"]:
            return None, pause
        if data["state"] == "success":
            urls = json.loads(data["resultJson"])["resultUrls"]
            # A success that shows nothing is told anew, once its result is there.
            return ({"outcome": "success", "urls": urls} if urls else None), pause
        if data["state"] == "failed":
            return {"outcome": "failed", "urls": []}, pause
    except (
        OSError,
        http.client.HTTPException,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
    ):
        pass  # A broken connection, a silent one, half a JSON: the task lives on.
    return None, pause


def wait(task):
    """Looks every few seconds until the task has ended, and once more at the deadline."""
    scale = task.get("time_scale", 1)
    deadline = time.monotonic() + task["deadline_ms"] / 1000
    is_last = False
    while True:
        left = deadline - time.monotonic()
        patience = ATTEMPT / scale if is_last else min(ATTEMPT / scale, left)
        end, pause = look(task, max(patience, 0.001))
        if end:
            return end
        if is_last:
            return {"outcome": "timeout", "urls": []}
        after = time.monotonic() + max(INTERVAL / scale, min(pause, CEILING))
        is_last = after >= deadline
        time.sleep(max(0.0, min(after, deadline) - time.monotonic()))


def stream():
    tell = threading.Lock()

    def answer(task):
        end = wait(task)
        with tell:
            print(json.dumps({"case": task["case"], **end}), flush=True)

    print(
        json.dumps({"hello": {"version": 1, "capabilities": ["time-scale"]}}),
        flush=True,
    )
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        for line in sys.stdin:
            pool.submit(answer, json.loads(line))


def main():
    if "--stream" in sys.argv:
        return stream()
    model, task_id = (
        sys.argv[1:3]
        + [os.environ.get("POLLBENCH_MODEL"), os.environ.get("POLLBENCH_TASK_ID")]
    )[:2]
    end = wait(
        {
            "base_url": os.environ.get("APIXO_BASE_URL", "https://api.apixo.ai/api/v1"),
            "api_key": os.environ["APIXO_API_KEY"],
            "model": model,
            "task_id": task_id,
            "deadline_ms": float(os.environ.get("POLLBENCH_DEADLINE_MS", 600_000)),
            "time_scale": float(os.environ.get("POLLBENCH_TIME_SCALE", 1)),
        }
    )
    print(json.dumps(end))


if __name__ == "__main__":
    main()
