"""Tries the engines on this machine: the same bytes as from one process, with a worker killed on the way.

    python cluster/check.py target/debug/pollbench [local] [dask] [ray]
"""

import filecmp
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
SCENARIO = ["rate-limited", "--tasks", "400", "--replicates", "12", "--seed", "7"]
SHARDS = "12"


def same(one: pathlib.Path, other: pathlib.Path) -> bool:
    """Whether two folders hold the same files with the same bytes."""
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    others = sorted(path.relative_to(other) for path in other.rglob("*") if path.is_file())
    return files == others and all(filecmp.cmp(one / file, other / file, shallow=False) for file in files)


def children(pid: int) -> list[int]:
    """All descendants of a process, the newest last."""
    found = []
    for child in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = child.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found += [int(child.parent.name), *children(int(child.parent.name))]
    return found


def kill_a_worker(pid: int, marker: bytes) -> bool:
    """Kills one worker of an engine, while it runs a shard: the parent of a process that runs one."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for child in children(pid):
            try:
                command = pathlib.Path(f"/proc/{child}/cmdline").read_bytes()
                parent = int(pathlib.Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[1])
                if b"--partial" in command and marker in pathlib.Path(f"/proc/{parent}/cmdline").read_bytes():
                    os.kill(parent, signal.SIGKILL)
                    return True
            except (OSError, IndexError):
                continue
        time.sleep(0.005)
    return False


def main() -> int:
    program = str(pathlib.Path(sys.argv[1]).resolve())
    engines = sys.argv[2:] or ["local"]
    with tempfile.TemporaryDirectory() as folder:
        whole = pathlib.Path(folder, "whole")
        subprocess.run([program, "compare", *SCENARIO, "--quiet", "--out", whole], check=True, stdout=subprocess.DEVNULL)
        for engine in engines:
            out = pathlib.Path(folder, engine)
            if engine == "local":
                command = [HERE / "local.sh", out, SHARDS, "2", *SCENARIO]
            else:
                script = HERE / f"{engine}_shards.py"
                command = [sys.executable, script, "--program", program, "--workers", "2", "--shards", SHARDS, "--out", out, *SCENARIO]
            run = subprocess.Popen(command, env=os.environ | {"POLLBENCH": program}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            killed = engine == "local" or kill_a_worker(run.pid, {"dask": b"multiprocessing", "ray": b"ray::"}[engine])
            _, told = run.communicate(timeout=300)
            if run.returncode or not same(whole, out):
                print(told.decode(errors="replace"))
                print(f"{engine}: not the bytes of one machine")
                return 1
            print(f"{engine}: the bytes of one machine{', a worker killed' if killed and engine != 'local' else ''}")
            if not killed:
                print(f"{engine}: no worker was seen at work, so none was killed")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
