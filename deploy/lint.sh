#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
#
# Formatting, layering, shell scripts, clang-tidy. Usage: deploy/lint.sh [FILE.cpp ...] (default: all)
set -euo pipefail
cd "$(dirname "$0")/.."

/usr/bin/python3 tests/layering/check_format.py
/usr/bin/python3 tests/layering/check_layers.py
/usr/bin/python3 tests/layering/check_protos.py
/usr/bin/python3 tests/layering/check_sizes.py
git ls-files -- '*.sh' .ci/run | xargs shellcheck

# Own build directory: clang-tidy needs the generated headers, not the objects of the project.
tidy=build/tidy
cmake -S . -B "$tidy" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DQUANTFLEET_WERROR=OFF >/dev/null
ninja -C "$tidy" -t targets all | sed -n 's/^\(.*\.pb\.h\|.*generated[^:]*\): .*/\1/p' | xargs -r ninja -C "$tidy" >/dev/null
files=("$@")
if [[ ${#files[@]} -eq 0 ]]; then
  mapfile -t files < <(git ls-files -- 'base/*.cpp' 'agent/*.cpp' 'cli/*.cpp' 'coordinator/*.cpp' 'kernels/*.cpp')
fi
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy -p "$tidy" --quiet --warnings-as-errors='*' 2>/dev/null
echo "lint: clean"
