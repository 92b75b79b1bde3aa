"""Waits for generation tasks of APIXO. Python 3.9 or later, no packages.

    python3 poller.py MODEL TASK_ID      waits for a task that was submitted before, here or elsewhere
    from poller import wait_for_task

The API key is read from APIXO_API_KEY, the server from APIXO_BASE_URL.
"""

import http.client
import json
import os
import re
import signal
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from email.utils import parsedate_to_datetime

# settings: begin
# The guide's settings: an example, which `pollbench tune --write-poller python` replaces.
SETTINGS = {
    "sora-2": {
        "checks_ms": [60000],
        "then_every_ms": 15000,
        "deadline_ms": 600000,
    },
}
# For models that are not named above: the guide's settings.
ANY_MODEL = {
    "checks_ms": [10000],
    "then_every_ms": 5000,
    "deadline_ms": 300000,
}
# settings: end

# The longest that one request may take, in seconds.
ATTEMPT_TIMEOUT = 10.0
# A Retry-After is obeyed within these bounds: 0 must not make a busy loop, and a day is ignored.
RETRY_AFTER_LEAST, RETRY_AFTER_MOST = 1.0, 60.0
# More than this of an answer is not read.
MOST_BYTES = 1 << 20
# Settings are divided by this: only tests against a mock that is faster than life set it.
TIME_SCALE = float(os.environ.get("POLLBENCH_TIME_SCALE") or 1)


class TaskFailed(Exception):
    """The task ended without a result."""


class TimedOut(Exception):
    """The deadline passed; the task may still end, and can be waited for again by its id."""


class Refused(Exception):
    """The server refuses the request itself: asking again cannot help."""


class Cancelled(Exception):
    """The caller cancelled the wait."""


def wait_for_task(
    model,
    task_id,
    cancelled=None,
    deadline=None,
    # webhook: begin
    told=None,
    # webhook: end
):
    """Waits until the task ends, and returns the URLs of its results.

    Asks at the instants of the settings, and once more at the deadline (in seconds). Whatever tells nothing (lost
    connections, server errors, rate limits, half an answer) is asked over until then. Nothing is kept between calls, so a
    new process can go on where this one stopped. `cancelled` is a threading.Event that ends the wait when it is set.
    """
    settings = SETTINGS.get(model, ANY_MODEL)
    cancelled = cancelled or threading.Event()
    if deadline is None:
        deadline = settings["deadline_ms"] / 1e3 / TIME_SCALE
    start = time.monotonic()
    planned, not_before = next_check(settings, -1.0), 0.0
    while True:
        at = max(planned, not_before)
        is_last = at >= deadline
        at = min(at, deadline)
        # webhook: begin
        if (
            told
            and planned > not_before
            and told.within(start + at - time.monotonic(), cancelled)
        ):
            planned = time.monotonic() - start
            continue
        # webhook: end
        if cancelled.wait(max(0.0, start + at - time.monotonic())):
            raise Cancelled(f"stopped; go on with: {model} {task_id}")

        # The look at the deadline has the whole attempt timeout, every other one what is left.
        attempt = max(ATTEMPT_TIMEOUT / TIME_SCALE, 1.0)
        timeout = attempt if is_last else min(attempt, deadline - at)
        seen = check(model, task_id, max(timeout, 0.001))
        if "urls" in seen:
            return seen["urls"]
        if "failed" in seen:
            raise TaskFailed(seen["failed"])
        if "refused" in seen and not is_last:
            raise Refused(seen["refused"])
        if is_last:
            raise TimedOut(
                f"{task_id} was not done after {deadline} s; last: {seen.get('trouble', 'unfinished')}"
            )

        # Not before its instant: a difference may be rounded to less than what was waited for.
        elapsed = max(time.monotonic() - start, at)
        planned = next_check(settings, elapsed)
        not_before = elapsed + seen.get("retry_after", 0.0)


def next_check(settings, elapsed):
    """When to look next, in seconds since the start: the first planned instant still to come, or after a gap."""
    for at_ms in settings["checks_ms"]:
        if at_ms / 1e3 / TIME_SCALE > elapsed:
            return at_ms / 1e3 / TIME_SCALE
    return elapsed + settings["then_every_ms"] / 1e3 / TIME_SCALE


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A status that sends elsewhere tells nothing of the task."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def check(model, task_id, timeout):
    """One request: `urls`, `failed`, `refused`, or whatever else was learnt of the task."""
    origin = os.environ.get("APIXO_BASE_URL", "https://api.apixo.ai").rstrip("/")
    root = origin if origin.endswith("/api/v1") else origin + "/api/v1"
    query = urllib.parse.urlencode({"taskId": task_id})
    url = f"{root}/statusTask/{urllib.parse.quote(model, safe='')}?{query}"
    request = urllib.request.Request(
        url, headers={"Authorization": f"Bearer {os.environ.get('APIXO_API_KEY', '')}"}
    )
    end = time.monotonic() + timeout
    try:
        try:
            response = OPENER.open(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            status, headers, text = (
                response.status,
                response.headers,
                bounded(response, end),
            )
    except (OSError, http.client.HTTPException, ValueError) as error:
        return {"trouble": str(error) or type(error).__name__}
    seen = {}
    pause = retry_after(headers.get("Retry-After"))
    if pause is not None:
        seen["retry_after"] = pause
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        answer = {}
    # Some servers say in the body what they should have said in the status.
    code = answer.get("code")
    if status == 200 and isinstance(code, int) and not isinstance(code, bool):
        status = code
    if status != 200:
        seen["trouble"] = f"HTTP {status} {answer.get('message', '')}".strip()
        # A replica that lags may not know a new task yet: 404 passes, as 408, 425 and 429 do.
        if 400 <= status < 500 and status not in (404, 408, 425, 429):
            seen["refused"] = seen["trouble"]
        return seen
    data = answer.get("data")
    if not isinstance(data, dict):
        seen["trouble"] = "an answer without data"
    elif data.get("taskId", task_id) != task_id:
        seen["trouble"] = "an answer about another task"
    elif data.get("state") == "failed":
        seen["failed"] = f"{data.get('failCode', 'failed')}: {data.get('failMsg', '')}"
    elif data.get("state") == "success":
        urls = result_urls(data.get("resultJson"))
        if urls:
            seen["urls"] = urls
        else:
            seen["trouble"] = "a result that cannot be read"
    # `pending`, `processing`, and states that are not known here: the task is not done.
    return seen


def result_urls(result_json):
    try:
        urls = json.loads(result_json)["resultUrls"]
    except (TypeError, ValueError, KeyError):
        return None
    return (
        urls
        if isinstance(urls, list) and urls and all(isinstance(url, str) for url in urls)
        else None
    )


def bounded(response, end):
    """The text of an answer, which must be neither endless nor late."""
    parts, size = [], 0
    while part := response.read1(65536):
        size += len(part)
        if size > MOST_BYTES or time.monotonic() > end:
            raise ValueError("an answer without end")
        parts.append(part)
    expected = response.headers.get("Content-Length")
    if expected and expected.isdigit() and size < int(expected):
        raise ValueError("half an answer")
    return b"".join(parts)


def retry_after(header):
    """Seconds to stay away, from seconds or an HTTP date; None for anything else."""
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]{1,15}", text):
        asked = float(text)
    elif re.fullmatch(
        r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT", text
    ):
        try:
            asked = parsedate_to_datetime(text).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    else:
        return None
    return min(max(asked, RETRY_AFTER_LEAST), RETRY_AFTER_MOST)


# webhook: begin
class Told:
    """What a webhook has told of one task: that it is time to look.

    Deliveries are not signed, so they are never believed: the look that follows tells what became of the task, and a
    delivery that is forged, damaged or about another task costs nothing but a request.
    """

    def __init__(self):
        self.event = threading.Event()

    def tell(self):
        self.event.set()

    def within(self, seconds, cancelled):
        """Whether it is told within so many seconds; each telling counts once."""
        end = time.monotonic() + seconds
        while not cancelled.is_set() and (left := end - time.monotonic()) > 0:
            # Two events cannot be waited for at once: a cancelled wait ends within a quarter of a second.
            if self.event.wait(min(left, 0.25)):
                self.event.clear()
                return True
        return False


def receive(port, waits):
    """Receives webhooks at `port`, on any path, and wakes the waits in `waits` by the id of their task.

    Tasks are submitted with the address at which the API reaches this port as their `callback_url`.
    """
    import http.server

    class Receiver(http.server.BaseHTTPRequestHandler):
        timeout = 30

        def do_POST(self):
            try:
                length = int(self.headers.get("Content-Length", ""))
                told = json.loads(
                    self.rfile.read(length) if 0 <= length <= MOST_BYTES else b""
                )["data"]["taskId"]
                status = 200
            except (OSError, ValueError, TypeError, KeyError):
                # It is sent again, and the fallback looks come anyway.
                told, status = None, 400
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            if isinstance(told, str) and told in waits:
                waits[told].tell()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("", port), Receiver)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


# webhook: end
def main():
    """Run as a program: one line of JSON on standard output says how it ended."""
    named = sys.argv[1:] + [None, None]
    model = named[0] or os.environ.get("POLLBENCH_MODEL")
    task_id = named[1] or os.environ.get("POLLBENCH_TASK_ID")
    if not model or not task_id:
        print("usage: python3 poller.py MODEL TASK_ID", file=sys.stderr)
        return 2
    cancelled = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: cancelled.set())
    deadline_ms = os.environ.get("POLLBENCH_DEADLINE_MS")
    deadline = float(deadline_ms) / 1e3 if deadline_ms else None
    options = {"cancelled": cancelled, "deadline": deadline}
    # webhook: begin
    options["told"] = Told()
    receive(
        int(os.environ.get("APIXO_WEBHOOK_PORT") or 9000), {task_id: options["told"]}
    )
    # webhook: end
    outcome, urls, code = "error", [], 1
    try:
        urls = wait_for_task(model, task_id, **options)
        outcome, code = "success", 0
    except TaskFailed as error:
        outcome = "failed"
        print(error, file=sys.stderr)
    except TimedOut as error:
        outcome = "timeout"
        print(error, file=sys.stderr)
    except Refused as error:
        print(error, file=sys.stderr)
    except Cancelled as error:
        code = 130
        print(error, file=sys.stderr)
    print(json.dumps({"outcome": outcome, "urls": urls}))
    return code


if __name__ == "__main__":
    sys.exit(main())
