#!/usr/bin/env bash
# From nothing to a first mix: makes the environment, plays a song by code, mixes it, shows the way to the report.
#
#   bash scripts/quickstart.sh           a song of 20 s
#   bash scripts/quickstart.sh --short   a song of 6 s, for a quick check
#
# GAINSTAGE_PYTHON names the Python to use, GAINSTAGE_TORCH the torch to install (say "torch==2.11.0").
set -euo pipefail

seconds=20
case "${1:-}" in
  "") ;;
  --short) seconds=6 ;;
  *) echo "quickstart.sh takes --short or nothing, not '$1'" >&2 && exit 2 ;;
esac

source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd "$ROOT"
out=runs/quickstart

play() {
  rm -rf "$out/songs"
  "$BIN/gainstage" synth --songs 1 --seconds "$seconds" --no-mix --out "$out/songs"
}

mix() {
  local song=("$out"/songs/*/)
  "$BIN/gainstage" mix "${song[0]}stems" --out "$out/mix"
}

show_the_way() {
  local report=$ROOT/$out/mix/report.html
  printf '\nThe mix:      %s\nThe settings: %s\nThe report:   %s (open it in a browser)\n' \
    "$out/mix/mix.wav" "$out/mix/mix.md" "$report"
  if [ -t 1 ] && [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && command -v xdg-open >/dev/null; then
    xdg-open "$report" >/dev/null 2>&1 || true
  fi
}

part "play a song" play
part "mix it" mix
say_times
show_the_way
