# Sourced by the scripts beside it: chooses a Python, makes .venv if it is not there or not whole, and gives
# ROOT (the checkout), BIN (.venv/bin), `part`, which runs a command and says how long it took, and
# PART_SECONDS, what the last one took.

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
BIN=$ROOT/.venv/bin
PART_TIMES=()

trap 'printf "\nStopped.\n" >&2; exit 130' INT

# Runs it, since the shims of version managers are there for versions that are not.
_suits() {
  "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' </dev/null >/dev/null 2>&1
}

_choose_python() {
  local name
  if [ -n "${GAINSTAGE_PYTHON:-}" ]; then
    _suits "$GAINSTAGE_PYTHON" && echo "$GAINSTAGE_PYTHON" && return
    echo "environment: GAINSTAGE_PYTHON=$GAINSTAGE_PYTHON is no Python 3.11, 3.12 or 3.13" >&2
    return 1
  fi
  for name in python3 python3.11 python3.12 python3.13 python; do
    _suits "$name" && echo "$name" && return
  done
  echo "environment: no Python 3.11, 3.12 or 3.13 found; install one (apt-get install python3 python3-pip" \
    "python3-venv) or name it with GAINSTAGE_PYTHON" >&2
  return 1
}

# part NAME COMMAND…
part() {
  local name=$1 started=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  "$@"
  PART_SECONDS=$((SECONDS - started))
  PART_TIMES+=("$(printf '%5d s  %s' "$PART_SECONDS" "$name")")
}

say_times() {
  printf '\n'
  printf '%s\n' "${PART_TIMES[@]}"
}

_make_environment() {
  local python
  python=$(_choose_python) || exit 1
  "$python" "$ROOT/scripts/environment.py" </dev/null || exit $?
}

part "environment" _make_environment
