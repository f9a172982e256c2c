#!/bin/sh
# clang-tidy over our sources, with the compile commands of the clang build: those of others name several files at once.
set -eu
tidy=$(command -v clang-tidy-19 || command -v clang-tidy)
cmake --preset clang >/dev/null
git ls-files 'src/*.cc' | grep -v _test.cc | xargs -P "$(nproc)" -n 4 "$tidy" -p build/clang --quiet
