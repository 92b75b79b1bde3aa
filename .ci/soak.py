#!/usr/bin/env python3
"""Properties with many more cases and fresh seeds, as many as a minute allows: `.ci/soak.py [SECONDS]`.

Properties are taken in an order that differs from run to run; each has a slice of the time. One that fails prints its
seed and the case. What `POLLBENCH_SOAK=100 cargo test` does takes hours; this is what every change can afford.
"""

import json
import os
import pathlib
import random
import re
import subprocess
import sys
import time

FACTOR, SLICE_S = "100", 6
budget = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0


def properties():
    """The names of tests that take arguments, which only properties do."""
    for root in ("src", "tests"):
        for path in pathlib.Path(root).rglob("*.rs"):
            yield from re.findall(r"#\[test\]\s*(?:(?:#\[|//)[^\n]*\s*)*fn\s+(\w+)\s*\(\s*[^)\s]", path.read_text(encoding="utf-8"))


def binaries():
    command = ["cargo", "test", "--locked", "--lib", "--tests", "--no-run", "--message-format=json", "--quiet"]
    for line in subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message.get("profile", {}).get("test"):
            yield message["executable"]


names = set(properties())
found = []
for binary in binaries():
    listed = subprocess.run([binary, "--list", "--format=terse"], check=True, stdout=subprocess.PIPE, text=True).stdout
    tests = [line.removesuffix(": test") for line in listed.splitlines() if line.endswith(": test")]
    found += [(binary, test) for test in tests if test.split("::")[-1] in names]
if not found:
    sys.exit("error: no properties were found")
random.shuffle(found)

end, tried = time.monotonic() + budget, 0
for binary, test in found:
    left = min(SLICE_S, end - time.monotonic())
    if left <= 0:
        break
    tried += 1
    environment = {**os.environ, "POLLBENCH_SOAK": FACTOR}
    # Standard output and error of a test that is cut short are lost: only what ends can fail.
    process = subprocess.Popen(
        [binary, "--exact", test, "--nocapture"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        told, _ = process.communicate(timeout=left)
    except subprocess.TimeoutExpired:
        process.kill()
        told, _ = process.communicate()
        if not re.search(r"panicked at|FAILED", told):
            continue
    if process.returncode != 0:
        sys.exit(f"{told}\nerror: `{test}` does not hold")
print(f"{tried} of {len(found)} properties, each with up to {FACTOR} times its cases in at most {SLICE_S} s: all hold")
