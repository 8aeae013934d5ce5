#!/usr/bin/env bash
# From nothing to a trained, evaluated mixer: makes the environment, plays songs by code, trains a network on them,
# evaluates it on songs that it has not heard, mixes one of those with it, and writes a report of all that.
#
#   bash scripts/quickstart.sh           240 songs of 20 s, into runs/quickstart: up to 12 minutes on 2 cores
#   bash scripts/quickstart.sh --short   8 songs of 6 s, into runs/quickstart_short: two minutes, to see it work
#
# What is done already is kept when it is run again: songs that were played, a training that was cut short, whole
# parts. To begin from nothing, remove the folder in runs.
#
# GAINSTAGE_PYTHON names the Python to use, GAINSTAGE_TORCH the torch to install (say "torch==2.11.0").
set -euo pipefail

SONGS=240 VALIDATION=10 TEST=50 ARRANGEMENTS=8
SECONDS_EACH=20
out=runs/quickstart
shorter=()

case "${1:-}" in
  "") ;;
  --short)
    SONGS=8 VALIDATION=1 TEST=2 ARRANGEMENTS=2
    SECONDS_EACH=6
    out=runs/quickstart_short
    shorter=(steps=20 trainer.val_check_interval=10 data.settings.excerpts.audio_every=8
      data.settings.batch_size=8 data.settings.workers=0)
    ;;
  *) echo "quickstart.sh takes --short or nothing, not '$1'" >&2 && exit 2 ;;
esac

source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd "$ROOT"
environment_seconds=$PART_SECONDS
songs=$out/songs

# measured NAME --makes FILE … -- COMMAND …
measured() {
  "$BIN/python" scripts/measure.py "$out/parts.json" "$@"
}

generate() {
  measured generate --makes "$songs/manifest.jsonl" -- \
    "$BIN/gainstage" synth --dataset --songs "$SONGS" --validation "$VALIDATION" --test "$TEST" \
    --arrangements "$ARRANGEMENTS" --seconds "$SECONDS_EACH" --out "$songs"
}

train() {
  measured train --makes "$out/train/checkpoints/last.ckpt" --folder "$out/train" \
    --going-on "resume=$out/train" -- \
    "$BIN/gainstage" train experiment=quickstart "data.songs.root=$songs" "data.settings.cache=$out/cache" \
    "out=$out/train" "${shorter[@]}"
}

evaluate() {
  measured evaluate --makes "$out/evaluation/report.html" --folder "$out/evaluation" -- \
    "$BIN/gainstage" evaluate "checkpoint=$out/train" "data.songs.root=$songs" "out=$out/evaluation"
}

mix() {
  local song
  song=$songs/$("$BIN/python" -c 'import json, sys; print(json.loads(list(sys.stdin)[-1])["folder"])' \
    <"$songs/manifest.jsonl") # the last rows are for the test
  measured mix --makes "$out/mix/report.html" --folder "$out/mix" -- \
    "$BIN/gainstage" mix "$song/stems" --roles "$song/roles.yaml" \
    --checkpoint "$out/train/checkpoints/best.ckpt" --out "$out/mix"
}

report() {
  "$BIN/python" scripts/quickstart_report.py "$out" "$environment_seconds"
}

show_the_way() {
  local report=$ROOT/$out/report.html
  printf '\nThe network: %s\nA mix:       %s\nThe report:  %s (open it in a browser)\n' \
    "$out/train/checkpoints/best.ckpt" "$out/mix/mix.wav" "$report"
  if [ -t 1 ] && [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && command -v xdg-open >/dev/null; then
    xdg-open "$report" >/dev/null 2>&1 || true
  fi
}

part "generate $SONGS songs of $SECONDS_EACH s" generate
part "train" train
part "evaluate on $TEST songs" evaluate
part "mix a song" mix
part "report" report
say_times
show_the_way
