#!/bin/sh
# Builds in release and runs the comparison with tshark, sngrep and sipgrep; see docs/BENCHMARKS.md.
set -eu
cd "$(dirname "$0")/.."
make --no-print-directory build PRESET=release
exec python3 bench/compare.py "$@"
