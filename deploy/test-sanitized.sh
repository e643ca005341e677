#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
#
# Builds and runs, under AddressSanitizer with UndefinedBehaviorSanitizer and under ThreadSanitizer, the tests whose
# label says so: `outside_bytes` (YAML, engine JSON, reports, spool) and `threads`. Then each libFuzzer target (YAML,
# engine JSON, reports) for FUZZ_SECONDS (20) from its corpus, under the first two of them.
set -euo pipefail
cd "$(dirname "$0")/.."

run() {
  local preset=$1 label=$2
  shift 2
  cmake --preset "$preset" -DQUANTFLEET_TESTS=ON "$@" >/dev/null
  mapfile -t tests < <(ctest --test-dir "build/$preset" -N -L "$label" | sed -n 's/^ *Test *#[0-9]*: //p')
  [[ ${#tests[@]} -gt 0 ]] || { echo "no test carries the label $label" >&2; exit 1; }
  cmake --build "build/$preset" -j "$(nproc)" --target "${tests[@]}"
  ctest --test-dir "build/$preset" -L "$label" --output-on-failure --no-tests=error
}

export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1
run asan outside_bytes
run tsan threads
if command -v clang++ >/dev/null; then
  run fuzz fuzz -DQUANTFLEET_FUZZ_SECONDS="${FUZZ_SECONDS:-20}"
else
  echo "test-sanitized: no clang++, so no libFuzzer; the seeded mutations ran without it" >&2
fi
