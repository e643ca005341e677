#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs the main job on this machine: everything on loopback, everything stopped at the end, also on Ctrl-C.
# KEEP=1 leaves it running and says how to reach and stop it.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$PWD/build/bin
data=$(mktemp -d "${TMPDIR:-/tmp}/quantfleet-demo.XXXXXX")
chmod 711 "$data" # PostgreSQL does not run as root: its user passes through
log=$data/up.log
ready=$data/ready
threads=1
[[ $(nproc) -le 1 ]] || threads="1,$(nproc)"

stop() {
  local status=$?
  trap - EXIT INT TERM
  if [[ -n ${up_pid:-} ]] && kill -0 "$up_pid" 2>/dev/null; then
    kill -TERM "$up_pid"
    wait "$up_pid" || true
  fi
  if [[ $status -eq 0 ]]; then
    rm -rf "$data"
  else
    echo "demo failed; logs are in $data" >&2
    tail -n 20 "$log" >&2 || true
  fi
  exit "$status"
}

"$bin/quantfleet" up --data "$data/fleet" --port 0 --http-port 0 --threads "$threads" >"$ready" 2>"$log" &
up_pid=$!
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "starting PostgreSQL, a coordinator and agents (threads: $threads) on loopback ..."
until grep -q '^ready: ' "$ready"; do
  kill -0 "$up_pid" 2>/dev/null || exit 1
  sleep 0.2
done
address=$(sed -n 's/^ready: //p' "$ready" | head -n 1)
export QUANTFLEET_ADDRESS=$address

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
  echo "still running: dashboard http://$(sed -n 's/^dashboard: //p' "$ready" | head -n 1)/"
  echo "  QUANTFLEET_ADDRESS=$address $bin/quantfleet fleet"
  echo "  stop it with: kill $up_pid   (data in $data)"
fi
