"""Runtimes, faults and load in virtual time: each client that this machine has polls every three seconds.

    python3 tests/virtual_time/table.py target/debug/pollbench [--idle 5] [--loaded 5] [--seconds 600] [--budget S]

Every cell is played some times while the machine is idle and some times beside four spinners. All its journals must be equal,
byte for byte, and without faults the requests must stand at 0, 3, 6 … seconds exactly. What cannot be led, a Go program, must be
said to be so. Prints a table: real milliseconds of a run while idle, and under load; exits with 1 where a cell is not as it
must be. With a budget, cells that would begin later are left out, and their number is said.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

CLIENTS = pathlib.Path(__file__).resolve().parent / "clients"
FAULTS = ("plain", "late", "stall", "reset", "close")
SCENARIO = """schema_version = 1
name = "{fault}"
tasks = 1
replicates = 1
[network]
rtt = "{rtt}"
[models.sora-2]
completion = "{seconds}s"
[[strategies]]
preset = "basic"
"""
RULE = '[[faults]]\nkind = "{fault}"\nprobability = 0.05\n'
DETECTED = "could not be run in virtual time"


def scenario(folder, fault, seconds):
    rtt = "uniform(low=250ms, high=12s)" if fault == "late" else "0s"
    text = SCENARIO.format(fault=fault, rtt=rtt, seconds=seconds)
    path = folder / f"{fault}.toml"
    path.write_text(text + (RULE.format(fault=fault) if fault in FAULTS[2:] else ""), encoding="utf-8")
    return path


def clients(folder):
    """Each client by its name: its command, and whether it can be led."""

    def file(name):
        return str(CLIENTS / name)

    def python(module):
        return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode == 0

    yield "Node fetch", "node", [["node", file("fetch.mjs")], True]
    yield "Node http", "node", [["node", file("http.mjs")], True]
    yield "urllib", "python3", [[sys.executable, file("poll_urllib.py")], True]
    for module in ("requests", "httpx", "aiohttp"):
        yield module, python(module) and "python3", [[sys.executable, file(f"poll_{module}.py")], True]
    yield "Python threads", "python3", [[sys.executable, file("threads.py")], True]
    yield "bash + curl", "curl", [["bash", file("curl.sh")], True]
    yield "wget", "wget", [["bash", file("wget.sh")], True]
    yield "Perl", "perl", [["perl", file("tiny.pl")], True]
    yield "Ruby", "ruby", [["ruby", file("poll.rb")], True]
    if shutil.which("javac"):
        subprocess.run(["javac", "-d", folder, file("Poll.java")], check=True)
    yield "Java", shutil.which("javac") and "java", [["java", "-cp", str(folder), "Poll"], True]
    for name, cgo in (("Go with cgo", "1"), ("static Go", "0")):
        binary = folder / f"poll-go-{cgo}"
        if shutil.which("go"):
            environment = {"GOCACHE": str(folder / "cache"), **os.environ, "CGO_ENABLED": cgo, "GO111MODULE": "off"}
            subprocess.run(["go", "build", "-o", binary, file("poll.go")], check=True, env=environment)
        yield name, "go", [[str(binary)], False]


def play(pollbench, folder, path, seconds, command):
    """One run: its journal, or what was said, and how long it took."""
    journal = folder / "journal"
    journal.unlink(missing_ok=True)
    words = [pollbench, "warp", "--scenario", path, "--completes-at", f"{seconds}s", "--deadline", "1h", "--journal", journal]
    began = time.monotonic()
    run = subprocess.run([*words, "--quiet", "--", *command], capture_output=True, text=True, timeout=600)
    took = time.monotonic() - began
    if run.returncode != 0:
        return f"exit code {run.returncode}: {run.stderr.strip()}", took
    return journal.read_bytes(), took


def wrong(fault, seconds, is_led, seen):
    """What is wrong with the runs of a cell; nothing where it is as it must be."""
    first = seen[0]
    if not is_led:
        missed = [one for one in seen if not isinstance(one, str) or DETECTED not in one]
        return f"not detected in {len(missed)} runs: {str(missed[0])[:120]}" if missed else ""
    failed = [one for one in seen if isinstance(one, str)]
    if failed:
        return f"{len(failed)} runs failed: {failed[0][:160]}"
    if fault == "plain":
        instants = [json.loads(line)["at_ms"] for line in first.splitlines()]
        if instants != [3_000.0 * number for number in range(seconds // 3 + 1)]:
            return f"instants {instants[:3]} … {instants[-1]}"
    others = sum(one != first for one in seen)
    return f"{others} of {len(seen)} journals differ" if others else ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pollbench", type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("--idle", type=int, default=5)
    parser.add_argument("--loaded", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--budget", type=float, default=float("inf"))
    parser.add_argument("--clients", default="")
    parser.add_argument("--faults", default=",".join(FAULTS))
    arguments = parser.parse_args()
    wanted, faults = [name for name in arguments.clients.split(",") if name], arguments.faults.split(",")
    end = time.monotonic() + arguments.budget
    failures, late, missing = [], 0, []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        paths = {fault: scenario(folder, fault, arguments.seconds) for fault in faults}
        rows = []
        for client, program, (command, is_led) in clients(folder):
            if wanted and client not in wanted:
                continue
            if not program or not shutil.which(program):
                missing.append(client)
            else:
                rows.append((client, command, is_led, {fault: [] for fault in faults}))
        times = {}
        for spinners, runs in ((0, arguments.idle), (4, arguments.loaded)):
            loads = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(spinners)]
            try:
                for client, command, is_led, cells in rows:
                    for fault in faults if is_led else faults[:1]:
                        for _ in range(runs):
                            if time.monotonic() > end:
                                late += 1
                                continue
                            seen, took = play(arguments.pollbench, folder, paths[fault], arguments.seconds, command)
                            cells[fault].append(seen)
                            times.setdefault((client, fault, spinners), []).append(took)
            finally:
                for load in loads:
                    load.kill()
                    load.wait()
        print(f"| client | {' | '.join(faults)} |")
        print(f"|:--|{'--:|' * len(faults)}")
        for client, _, is_led, cells in rows:
            texts = []
            for fault, seen in cells.items():
                trouble = wrong(fault, arguments.seconds, is_led, seen) if seen else ""
                if trouble:
                    failures.append(f"{client}, {fault}: {trouble}")
                spans = [times.get((client, fault, spinners)) for spinners in (0, 4)]
                told = [f"{1e3 * statistics.median(span):.0f}" if span else "–" for span in spans]
                text = f"{told[0]} ({told[1]})" if seen else "–"
                texts.append(f"**{trouble}**" if trouble else text if is_led or not seen else f"detected, {text}")
            print(f"| {client} | {' | '.join(texts)} |")
    print(f"\n{arguments.idle} runs idle and {arguments.loaded} beside four spinners, {arguments.seconds} virtual seconds")
    if missing:
        print(f"not on this machine: {', '.join(missing)}")
    if late:
        print(f"left out for want of time: {late} runs")
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
