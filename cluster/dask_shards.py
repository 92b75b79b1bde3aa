"""Runs a scenario in shards on a Dask cluster, and merges what they found.

    pip install distributed==2026.8.0
    python cluster/dask_shards.py --shards 64 --out reports/mine my.toml --seed 7
    python cluster/dask_shards.py --scheduler tcp://scheduler:8786 --shards 64 --out reports/mine my.toml

Without a scheduler it starts one on this machine. Dask runs a shard again whose worker died. Parts travel back as bytes, so
workers need the program and no shared folder; a scenario file and what it names must be at the same path everywhere.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

from distributed import Client, as_completed


def shard(program: str, number: int, of: int, flags: list[str]) -> bytes:
    """Runs one shard and returns its partial file."""
    with tempfile.TemporaryDirectory() as folder:
        part = pathlib.Path(folder, "part")
        command = [program, "compare", *flags, "--quiet", "--threads", "1", "--shard", f"{number}/{of}", "--partial", part]
        subprocess.run(command, check=True)
        return part.read_bytes()


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--scheduler", help="address of a scheduler; else one is started here")
    arguments.add_argument("--workers", type=int, default=os.cpu_count(), help="workers of one that is started here")
    arguments.add_argument("--shards", type=int, default=64)
    arguments.add_argument("--out", required=True, help="folder of the report")
    arguments.add_argument("--program", default="pollbench", help="path of pollbench")
    asked, flags = arguments.parse_known_args()
    cluster = {"address": asked.scheduler} if asked.scheduler else {"n_workers": asked.workers, "threads_per_worker": 1}
    with Client(**cluster) as client, tempfile.TemporaryDirectory() as folder:
        numbers = range(1, asked.shards + 1)
        # Not pure: a shard that was run for an earlier version of the file is not taken again.
        futures = [
            client.submit(shard, asked.program, number, asked.shards, flags, retries=3, pure=False, key=f"shard-{number}")
            for number in numbers
        ]
        parts = []
        for future, content in as_completed(futures, with_results=True):
            parts.append(pathlib.Path(folder, f"{future.key}.part"))
            parts[-1].write_bytes(content)
        return subprocess.run([asked.program, "merge", *parts, "--out", asked.out, "--quiet"]).returncode


if __name__ == "__main__":
    sys.exit(main())
