#!/bin/sh
# A Slurm array, and the merge after it:
#   job=$(sbatch --parsable --array=1-64 cluster/slurm.sh my.toml)
#   sbatch --dependency=afterok:"$job" --wrap "pollbench merge parts/*.part --out reports/mine"
# A task that fails is run again by `scontrol requeue`, or alone: sbatch --array=17 would be another array, so then say the
# shard: pollbench compare my.toml --shard 17/64 --partial parts/17.part
#SBATCH --cpus-per-task=1
#SBATCH --time=01:00:00
set -eu
mkdir -p parts
pollbench compare "$@" --quiet --threads "${SLURM_CPUS_PER_TASK:-1}" --shard auto --partial "parts/$SLURM_ARRAY_TASK_ID.part"
