"""Runs a scenario in shards on a Ray cluster, and merges what they found.

    pip install ray==2.60.0
    python cluster/ray_shards.py --shards 64 --out reports/mine my.toml --seed 7
    python cluster/ray_shards.py --address auto --shards 64 --out reports/mine my.toml

Without an address it starts Ray on this machine. Ray runs a shard again whose worker died. Parts travel back as bytes, so
nodes need the program and no shared folder; a scenario file and what it names must be at the same path everywhere.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import ray


@ray.remote(num_cpus=1, max_retries=3, retry_exceptions=True)
def shard(program: str, number: int, of: int, flags: list[str]) -> bytes:
    """Runs one shard and returns its partial file."""
    with tempfile.TemporaryDirectory() as folder:
        part = pathlib.Path(folder, "part")
        command = [program, "compare", *flags, "--quiet", "--threads", "1", "--shard", f"{number}/{of}", "--partial", part]
        subprocess.run(command, check=True)
        return part.read_bytes()


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--address", help="address of a cluster; else Ray is started here")
    arguments.add_argument("--workers", type=int, help="CPUs of one that is started here")
    arguments.add_argument("--shards", type=int, default=64)
    arguments.add_argument("--out", required=True, help="folder of the report")
    arguments.add_argument("--program", default="pollbench", help="path of pollbench")
    asked, flags = arguments.parse_known_args()
    ray.init(address=asked.address, num_cpus=None if asked.address else asked.workers, include_dashboard=False)
    open_shards = {shard.remote(asked.program, number, asked.shards, flags): number for number in range(1, asked.shards + 1)}
    with tempfile.TemporaryDirectory() as folder:
        parts = []
        while open_shards:
            [done], _ = ray.wait(list(open_shards), num_returns=1)
            parts.append(pathlib.Path(folder, f"{open_shards.pop(done)}.part"))
            parts[-1].write_bytes(ray.get(done))
        return subprocess.run([asked.program, "merge", *parts, "--out", asked.out, "--quiet"]).returncode


if __name__ == "__main__":
    sys.exit(main())
