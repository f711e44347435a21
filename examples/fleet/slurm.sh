#!/bin/sh
#SBATCH --job-name=caption --array=1-8 --cpus-per-task=2 --output=caption-%a.log
# sbatch examples/fleet/slurm.sh sfx/    in the parent folder of the files
#
# Each task captions an eighth of the files and has its own manifest. Submit it again after a
# failure: files with a caption in the manifest are not sent again.
# When all are done: cat captions-*.jsonl > captions.jsonl
set -eu

: "${ENGINE:=http://engine:8000/v1}" "${ENGINE_KEY:=none}"
# The environment of the submitting user may hold the key of another service.
export AIMLAPI_KEY="$ENGINE_KEY"

caption --base-url "$ENGINE" --allow-http -m Qwen/Qwen3-Omni-30B-A3B-Captioner --max-upload none \
  --shard "$SLURM_ARRAY_TASK_ID/8" -j 64 --allow-empty \
  --manifest "captions-$SLURM_ARRAY_TASK_ID.jsonl" -f jsonl -o /dev/null "$@"
