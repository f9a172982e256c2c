#!/bin/sh
# Installs the Debian 12 packages that building and testing need, if some are missing. As root, or with sudo.
set -eu
packages="
  g++ cmake ninja-build ccache pkg-config mold python3
  libboost-dev libssl-dev
  libpcap-dev libre2-dev libfmt-dev libcli11-dev libexpected-dev libxxhash-dev
  libzstd-dev liblz4-dev liblzma-dev zlib1g-dev libboost-dev libssl-dev
  libsqlite3-dev libsodium-dev libsimdjson-dev libtomlplusplus-dev
  doctest-dev librapidcheck-dev libbenchmark-dev clang-19 libclang-rt-19-dev
"
missing=""
for package in $packages; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing="$missing $package"
done
duckdb="$(dirname "$0")/../third_party/duckdb"
# libduckdb.so, pinned by its lock file; a system-wide one will do as well.
bring_duckdb() {
  [ -e "$duckdb/node_modules/.package-lock.json" ] || ldconfig -p | grep -q libduckdb.so && return 0
  echo "installing: libduckdb.so"
  (cd "$duckdb" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
}
command -v npm >/dev/null || missing="$missing nodejs npm"
[ -n "$missing" ] || { bring_duckdb; exit 0; }
echo "installing:$missing"
run=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "run this as root, or install sudo" >&2; exit 1; }
  run="sudo"
fi
$run apt-get update -qq
# shellcheck disable=SC2086  # a list of words
$run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
bring_duckdb
