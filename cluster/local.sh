#!/bin/sh
# Runs a scenario in shards on one machine, several at a time:
#   cluster/local.sh OUT SHARDS AT_A_TIME SCENARIO [FLAGS OF compare …]
# With GNU parallel instead of xargs: seq 8 | parallel pollbench compare flaky --shard {}/8 --partial {}.part
set -eu
out=$1 shards=$2 at_a_time=$3
shift 3
pollbench=${POLLBENCH:-pollbench}
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
seq "$shards" |
    xargs -P "$at_a_time" -I{} "$pollbench" compare "$@" --quiet --threads 1 --shard "{}/$shards" --partial "$parts/{}.part"
"$pollbench" merge "$parts"/*.part --out "$out" --quiet
