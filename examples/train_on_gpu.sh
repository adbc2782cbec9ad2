#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
# Trains a policy from nothing within MINUTES, on every core and on the GPU where there is one, and
# flies it on validation seeds, also in seasons and a city that it has not seen. Installs nothing.
#
# usage, in the project's root: examples/train_on_gpu.sh MINUTES OUTPUT [options of dagger]
#
# OUTPUT holds, as they come: episodes/, flying/ (the newest weights), tensorboard/, the checkpoint
# (config.json, model.safetensors, README.md), validation.json of the summer forest, and
# validation_PLACE.json of every further place that there was time for.
set -euo pipefail

usage='usage: examples/train_on_gpu.sh MINUTES OUTPUT [options of lnn-control dagger]'
[ $# -ge 2 ] && [[ $1 =~ ^[0-9]+(\.[0-9]+)?$ ]] || { echo "$usage" >&2; exit 2; }
minutes=$1 output=$2
shift 2
SECONDS=0
# Two seconds to end in.
total=$(awk -v minutes="$minutes" 'BEGIN { print int(60 * minutes) - 2 }')
left() { echo $((total - SECONDS)); }
least() { echo $(($1 < $2 ? $1 : $2)); }
most() { echo $(($1 > $2 ? $1 : $2)); }

# Also where the package is only on PYTHONPATH.
lnn=(lnn-control)
command -v lnn-control >/dev/null || lnn=("${PYTHON:-python3}" -m lnn_control.cli.main)

# A trial takes a core a second or two: all five places together at most half of the time.
cores=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)  # which those would change
trials=$(least 200 "$(most 2 $((total * cores / 20)))")
reserve=$(least $((total * 45 / 100)) $((5 * trials * 2 / cores + 20)))
training=$((total - reserve))
batch=8 collectors=$(most 1 $((cores - 1)))
if [ -e /dev/nvidia0 ]; then
  batch=48 collectors=$cores
fi
# The expert flies alone for a tenth of the training, four flights a core at most.
expert=$(least $((4 * cores + 16)) "$(most 2 $((training * collectors / 30)))")

echo "cores: $cores, batches of $batch windows, $trials trials a place, $training s of training"
mkdir -p "$output"
train=(dagger --task fly_to_target --output "$output" --batch-size "$batch" --threads 1
  --budget-minutes "$(awk -v seconds="$training" 'BEGIN { print seconds / 60 }')"
  --expert-episodes "$expert" --publish-seconds 10 --validate-episodes "$trials" "$@")
echo "lnn-control ${train[*]}" > "$output/recipe.txt"
timeout -k 1 "$(left)" "${lnn[@]}" "${train[@]}" || {
  code=$?
  [ $code -eq 124 ] && echo "no time left: the same command goes on from $output" >&2
  exit $code
}

# Farther and farther from what was trained, each as long as there is time for it.
results=("$output/validation.json")
took=$((trials * 2 / cores + 5))
for place in 'forest autumn' 'forest winter' 'forest dusk' 'urban summer'; do
  read -r world season <<< "$place"
  if [ "$(left)" -lt $((took * 5 / 4 + 10)) ]; then
    echo "no time left for $place"
    continue
  fi
  start=$SECONDS
  file=$output/validation_${world}_$season.json
  timeout -k 1 "$(left)" "${lnn[@]}" evaluate --policy "$output" --world "$world" \
    --season "$season" --episodes "$trials" --first-seed 1000000 --no-references \
    --json "$file" || break
  results+=("$file")
  took=$((SECONDS - start))
done

if [ ${#results[@]} -gt 1 ] && [ "$(left)" -gt 5 ]; then
  timeout -k 1 "$(left)" "${lnn[@]}" card --policy "$output" --recipe "$output/recipe.txt" \
    --json "${results[@]}" || true
fi
echo "done after $SECONDS of $total s: $output"
