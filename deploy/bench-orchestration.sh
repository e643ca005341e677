#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
#
# Builds what the orchestration benchmark needs, installs the queues it compares with into build/peers (npm, versions
# of the lock file) and runs it. NO_PEERS=1 leaves them out. Usage: deploy/bench-orchestration.sh [--quick ...]
set -euo pipefail
cd "$(dirname "$0")/.."

cmake --preset release -DQUANTFLEET_TESTS=OFF -DQUANTFLEET_BENCHMARKS=ON >/dev/null
cmake --build build -j "$(nproc)" --target quantfleet-coordinator quantfleet fleet_simulator

peers=()
if [[ -z ${NO_PEERS:-} ]]; then
  # Node's own packages bring npm along, Debian's do not.
  command -v npm >/dev/null || deploy/install-dependencies.sh bench
  mkdir -p build/peers
  cp benchmarks/orchestration/peers/* build/peers/
  if ! cmp -s build/peers/package-lock.json build/peers/installed.json; then
    # They run on the Node 22 that the lock file names, whatever npm itself runs on.
    npm ci --prefix build/peers --no-audit --no-fund --loglevel=error
    cp build/peers/package-lock.json build/peers/installed.json
  fi
  peers=(--peers build/peers)
fi
exec /usr/bin/python3 benchmarks/orchestration/bench.py --json build/bench-orchestration.json "${peers[@]}" "$@"
