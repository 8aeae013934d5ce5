#!/usr/bin/env bash
# Install the outside programs that the tests use beside Python, on Debian or Ubuntu; what is present is left alone.
#
#   bash scripts/install_tools.sh
#
# ffmpeg judges loudness and makes lossy files; Chromium opens the reports; Ardour with the LSP plug-ins plays
# exported sessions. Gainstage itself needs none of them.
set -euo pipefail

has() { command -v "$1" >/dev/null 2>&1; }
has_package() { dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

missing=()
has ffmpeg || missing+=(ffmpeg)
has chromium || has chromium-browser || has google-chrome || missing+=(chromium)
compgen -c ardour | grep -qE '^ardour[0-9]*-export$' || missing+=(ardour)
has_package lsp-plugins-lv2 || missing+=(lsp-plugins-lv2)

if [ ${#missing[@]} -eq 0 ]; then
  echo "tools: all there"
  exit 0
fi

fail() {
  echo "tools: ${missing[*]} could not be installed: $1" >&2
  exit 1
}

has apt-get || fail "there is no apt-get here; install them by hand"
become_root=()
if [ "$(id -u)" -ne 0 ]; then
  sudo -n true 2>/dev/null || fail "run 'apt-get install ${missing[*]}' as root, or give this user sudo without a password"
  become_root=(sudo -n)
fi

apt() { "${become_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null; }

echo "tools: installing ${missing[*]}"
apt update || fail "apt-get update failed, see above"
apt install -y --no-install-recommends "${missing[@]}" >/dev/null || fail "apt-get install failed, see above"
echo "tools: installed after $SECONDS s"
