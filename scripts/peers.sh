#!/usr/bin/env bash
# Make .venv-peers: what .venv holds, bit for bit, and the peers of benchmarks/peers.txt, which only the benchmarks use.
#
#   bash scripts/peers.sh                 torch as in .venv
#   bash scripts/peers.sh --torchaudio    the CUDA build of the same torch (4 GB more), which computes on the CPU as
#                                         well: torchaudio's compiled part, its lfilter with it, loads beside no other
#
# torchlpc is built from its source (a C++ compiler, a minute and a half); where that fails, its ready-made wheel
# comes, which is slower, and the run says so. pedalboard is under the GPL: it is measured here and used nowhere.
set -euo pipefail

source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd "$ROOT"
PEERS=$ROOT/.venv-peers
PACKAGES=benchmarks/peers.txt

torchaudio=
case "${1:-}" in
  "") ;;
  --torchaudio) torchaudio=yes ;;
  *) echo "peers.sh takes --torchaudio or nothing, not '$1'" >&2 && exit 2 ;;
esac

export PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# Only the library is copied: the commands in .venv/bin name the Python of .venv.
copy() {
  local library
  rm -rf "$PEERS"
  "$BIN/python" -m venv --without-pip "$PEERS"
  library=$(cd "$PEERS" && echo lib/python3.*/site-packages)
  rm -rf "${PEERS:?}/$library"
  cp -a "$ROOT/.venv/$library" "$PEERS/$library"
}

install() {
  "$PEERS/bin/python" -m pip install -q --no-deps "$@"
}

install_peers() {
  local lpc
  lpc=$(grep -o '^torchlpc==[0-9.]*' "$PACKAGES")
  install -r <(grep -v '^torchlpc' "$PACKAGES")
  install --no-build-isolation --no-binary torchlpc "$lpc" || {
    echo "peers: $lpc could not be built, so its ready-made wheel comes; its numbers will be those of numba" >&2
    install "$lpc"
  }
}

# Three equals signs ask for that build and no other: two would take the CPU build too.
install_cuda_build() {
  local torch
  torch=$("$BIN/python" -c 'import torch; print(torch.__version__.partition("+")[0])')
  "$PEERS/bin/python" -m pip uninstall -q -y torch
  "$PEERS/bin/python" -m pip install -q -c <(grep -v '^#\|^torch==' constraints.txt) "torch===$torch"
}

part "copy .venv" copy
[ -z "$torchaudio" ] || part "CUDA build of torch" install_cuda_build
part "peers" install_peers
say_times
printf '\nReady: %s -m benchmarks.equaliser\n' "$PEERS/bin/python"
