#!/usr/bin/env python3
"""Validates docs/openapi.yaml and tries it with schemathesis against the mock: `.ci/openapi.py POLLBENCH [EXAMPLES]`.

Needs `schemathesis` and `openapi-spec-validator`. Bounded: so many examples an operation, from a fixed seed.
"""

import pathlib
import subprocess
import sys
import urllib.request

import yaml
from openapi_spec_validator import validate

SPECIFICATION = pathlib.Path("docs/openapi.yaml")
# What the mock promises of any request: no crash, and only answers that the page describes.
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,unsupported_method"

pollbench, examples = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "25"
validate(yaml.safe_load(SPECIFICATION.read_text(encoding="utf-8")))
mock = subprocess.Popen([pollbench, "serve", "--addr", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
try:
    base = mock.stdout.readline().split()[-1]
    # A task that is there, so that its routes have something to answer.
    order = urllib.request.Request(f"{base}/api/v1/generateTask/sora-2", b'{"input":{"prompt":"dawn"}}', {"Authorization": "Bearer k"})
    urllib.request.urlopen(order).read()
    command = [str(pathlib.Path(sys.executable).parent / "schemathesis"), "run", str(SPECIFICATION), "--url", base]
    command += ["--header", "Authorization: Bearer k", "--checks", CHECKS, "--max-examples", examples, "--seed", "1"]
    command += ["--phases", "examples,coverage,fuzzing", "--generation-database", "none", "--request-timeout", "5"]
    # Has no end; reading it is tested in tests/mock/live_page.rs.
    command += ["--exclude-path", "/__admin/events"]
    result = subprocess.run(command, timeout=300, check=False)
finally:
    mock.terminate()
    mock.wait()
sys.exit(result.returncode)
