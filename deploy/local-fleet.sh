# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by scripts that need a fleet on this machine for as long as they run: everything on loopback, everything
# stopped at the end, also on Ctrl-C.

bin=$PWD/build/bin

stop_fleet() {
  local status=$?
  trap - EXIT INT TERM
  if [[ -n ${up_pid:-} ]] && kill -0 "$up_pid" 2>/dev/null; then
    kill -TERM "$up_pid"
    wait "$up_pid" || true
  fi
  if [[ $status -eq 0 ]]; then
    rm -rf "$data"
  else
    echo "$fleet_name failed; logs are in $data" >&2
    tail -n 20 "$data/up.log" >&2 || true
  fi
  exit "$status"
}

# start_fleet NAME THREADS: PostgreSQL, a coordinator and an agent for each number of threads (1,2). Sets bin, data (a
# folder of its own), up_pid and QUANTFLEET_ADDRESS.
start_fleet() {
  fleet_name=$1
  data=$(mktemp -d "${TMPDIR:-/tmp}/quantfleet-$1.XXXXXX")
  chmod 711 "$data" # PostgreSQL does not run as root: its user passes through
  "$bin/quantfleet" up --data "$data/fleet" --port 0 --http-port 0 --threads "$2" >"$data/ready" 2>"$data/up.log" &
  up_pid=$!
  trap stop_fleet EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  until grep -q '^ready: ' "$data/ready"; do
    kill -0 "$up_pid" 2>/dev/null || exit 1
    sleep 0.2
  done
  QUANTFLEET_ADDRESS=$(sed -n 's/^ready: //p' "$data/ready" | head -n 1)
  export QUANTFLEET_ADDRESS
}
