#!/bin/sh
# clang-tidy over our sources, with the compile commands of the release build.
set -eu
tidy=$(command -v clang-tidy-19 || command -v clang-tidy)
cmake --preset release >/dev/null
git ls-files 'src/*.cc' | grep -v _test.cc | xargs -P "$(nproc)" -n 4 "$tidy" -p build/release --quiet
