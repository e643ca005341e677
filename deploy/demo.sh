#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs the main job on this machine: everything on loopback, everything stopped at the end, also on Ctrl-C.
# KEEP=1 leaves it running and says how to reach and stop it.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=deploy/local-fleet.sh
source deploy/local-fleet.sh

threads=1
[[ $(nproc) -le 1 ]] || threads="1,$(nproc)"
echo "starting PostgreSQL, a coordinator and agents (threads: $threads) on loopback ..."
start_fleet demo "$threads"

id=$("$bin/quantfleet" submit examples/quickstart.yaml)
echo "matrix $id of examples/quickstart.yaml"
"$bin/quantfleet" watch "$id"
echo
"$bin/quantfleet" compare "$id" --full
"$bin/quantfleet" export "$id" --format html --out demo-report.html
echo
echo "wrote demo-report.html"

why=$("$bin/quantfleet" submit examples/why-nf4-loses.yaml)
echo
echo "matrix $why of examples/why-nf4-loses.yaml"
"$bin/quantfleet" watch "$why"
echo
"$bin/quantfleet" explain "$why"

if [[ ${KEEP:-} == 1 ]]; then
  trap - EXIT
  disown "$up_pid"
  echo "still running: dashboard http://$(sed -n 's/^dashboard: //p' "$data/ready" | head -n 1)/"
  echo "  QUANTFLEET_ADDRESS=$QUANTFLEET_ADDRESS $bin/quantfleet fleet"
  echo "  stop it with: kill $up_pid   (data in $data)"
fi
