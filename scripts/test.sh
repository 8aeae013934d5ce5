#!/usr/bin/env bash
# The checks: ruff, mypy, the layers, pytest. Makes the environment first if it is not there.
#
#   bash scripts/test.sh                the default: some minutes
#   bash scripts/test.sh --all          the slow tests too
#   bash scripts/test.sh -k loudness    further arguments go to pytest
set -euo pipefail

all=()
if [ "${1:-}" = --all ]; then
  all=(-m "")
  shift
fi

source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd "$ROOT"

part "ruff" "$BIN/ruff" check .
part "mypy" "$BIN/mypy"
part "layers" "$BIN/lint-imports"
# Thousands of small tensors: a second thread of OpenMP costs more than it brings.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
# Two processes, a file of tests to each: what a file prepares is prepared once.
part "pytest" "$BIN/python" -m pytest -n 2 --dist loadfile "${all[@]}" "$@"
say_times
