"""Clients that share no code with pollbench, against `pollbench serve`.

    python3 tests/clients/check.py target/debug/pollbench

The guide's techniques in JavaScript must send as many status requests for a stubbed task as the presets do for the same
task on every engine, and clients as teams write them must get to a result. Needs Node 18 or later.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

FOLDER = pathlib.Path(__file__).parent
SCALE = 30
# Technique, model, and an end of the task that lies well between two polls, in scenario seconds.
CASES = [
    ("basic", "nano-banana", 13.6),
    ("basic", "sora-2", None),
    ("adaptive", "flux-2", 27.9),
    ("adaptive", "sora-2", 98.0),
    ("adaptive", "suno", None),
    ("exponential", "veo-3-1", 52.0),
    ("resilient", "nano-banana", 10.7),
    ("concurrent", "flux-2", 19.7),
]
# The same with replies by request number, which only traces can script: an error's `data` is null.
SCRIPTED = [
    ("basic", "nano-banana", 13.6, {"2": {"kind": "null-data"}}),
    ("adaptive", "flux-2", 27.9, {"1": {"kind": "status", "code": 503}}),
    ("resilient", "nano-banana", 10.7, {"4": {"kind": "stale-read"}}),
    ("concurrent", "flux-2", 7.6, {"1": {"kind": "status", "code": 429, "retry_after": 7}}),
]


def call(base, path, body):
    headers = {"Authorization": "Bearer key", "Content-Type": "application/json"}
    request = urllib.request.Request(base + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


ENGINES = ("sim", "virtual", "wire")
SCENARIO = """schema_version = 1
name = "one-task"
tasks = 1
replicates = 1
[models.{model}]
completion = "{seconds}s"
stuck_probability = {stuck}
[[strategies]]
preset = "{technique}"
"""


def polls(pollbench, folder, engine, technique, model, completion):
    """Status requests of a preset for one task that ends then, or never."""
    seconds, stuck = (1, 1.0) if completion is None else (completion, 0.0)
    path = pathlib.Path(folder) / "one-task.toml"
    path.write_text(SCENARIO.format(technique=technique, model=model, seconds=seconds, stuck=stuck), encoding="utf-8")
    command = [pollbench, "compare", path, "--engine", engine, "--out", path.with_suffix(""), "--format", "json", "--quiet"]
    if engine == "wire":
        command += ["--time-scale", str(SCALE)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(found.stdout)["cells"][0]["polls"]["total"]


def traced(pollbench, technique, model, completion, replies):
    """Requests of a preset for one task with these replies. A trace gives no `Retry-After`; documented presets see none."""
    replies = {n: {key: reply[key] for key in reply if key != "retry_after"} for n, reply in replies.items()}
    task = {"completion_ms": completion * 1000}
    if technique == "concurrent":
        case = {"strategy": technique, "tasks": [{"id": "x", "added_ms": 0, "replies": replies, **task}]}
    else:
        case = {"strategy": technique, "model": model, "task": task, "replies": replies}
    command = [pollbench, "trace", "--case", "-", "--format", "json"]
    found = subprocess.run(command, input=json.dumps(case), capture_output=True, text=True, check=True)
    return len(json.loads(found.stdout)["requests"])


def main():
    pollbench = sys.argv[1]
    command = [pollbench, "serve", "--addr", "127.0.0.1:0", "--time-scale", str(SCALE), "--api-key", "key"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        base = server.stdout.readline().split()[-1]
        wrong = []
        for technique, model, completion, replies in [(*case, {}) for case in CASES] + SCRIPTED:
            stub = {"model": model, "completion_ms": None if completion is None else completion * 1000}
            call(base, "/__admin/stubs", {**stub, "result": "success", "replies": replies})
            command = ["node", FOLDER / "guide.mjs", base + "/api/v1", "key", str(SCALE), technique, model]
            client = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
            told = json.loads(client.stdout)
            case = (technique, model, completion)
            if replies:
                counts = {"traced": traced(pollbench, *case, replies)}
            else:
                with tempfile.TemporaryDirectory() as folder:
                    counts = {engine: polls(pollbench, folder, engine, *case) for engine in ENGINES}
            line = f"{technique} on {model}: {told['requests']} requests, {told['outcome']}; presets {counts}"
            print(line)
            if set(counts.values()) != {told["requests"]}:
                wrong.append(line)
        for command in (
            ["node", FOLDER / "service.mjs", base + "/api/v1", "key", str(SCALE), "nano-banana"],
            ["python3", FOLDER / "watcher.py", base, "key", str(SCALE), "suno"],
        ):
            result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
            print(result.strip())
            if json.loads(result)["state"] != "success":
                wrong.append(result)
    finally:
        server.terminate()
    if server.wait(timeout=10) != 0:
        wrong.append(f"the server ended with {server.returncode}")
    if wrong:
        sys.exit("\n".join(wrong))


main()
