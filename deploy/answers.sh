#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs the example matrices of the three source documents on this machine and writes what they answer to
# docs/answers.md: crossovers and ledgers in sentences, then every row. Leave the machine alone meanwhile: on a busy
# one the grades fall and the answers are "not comparable".
#
#   deploy/answers.sh [OUT]        THREADS=1,2 measures more than one device (default 1)
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:-docs/answers.md}
documents=(why-nf4-loses document-a-gemma3n-nf4 document-b-gpt2-8bit-and-4bit document-c-compression-and-speed
  kv-cache-long-context)
# shellcheck source=deploy/local-fleet.sh
source deploy/local-fleet.sh

# The comment at the head of an example: its question.
question() { sed -n '/^#/!q;s/^# \{0,1\}//p' "examples/$1.yaml"; }

answer() {
  local id
  id=$("$bin/quantfleet" submit "examples/$1.yaml")
  "$bin/quantfleet" watch "$id" >&2
  "$bin/quantfleet" export "$id" --format markdown --out "$data/$1.md" >&2
  # shellcheck disable=SC2016
  printf '## %s\n\n%s\n\n`quantfleet run examples/%s.yaml`, then `quantfleet explain ID`:\n\n' \
    "$1" "$(question "$1")" "$1"
  # Crossovers as a list, each ledger a paragraph of its own; then the rows behind them.
  awk '/^\|/ || /^## / || /^$/ { next }
    /^Crossovers/ { print $0 ":\n"; next }
    /^    / { print "  " substr($0, 5); next }
    /^  / { print "- " substr($0, 3); next }
    { print "\n" $0 }
    END { print "" }' "$data/$1.md"
  printf '<details><summary>every row</summary>\n\n%s\n\n</details>\n\n' "$(grep '^|' "$data/$1.md")"
}

start_fleet answers "${THREADS:-1}"
{
  # shellcheck disable=SC2016
  printf '# Answers\n\nWritten by `make answers` from real runs, on the machine that the device classes name. Verdicts and intervals: '
  printf '[architecture.md](architecture.md); what the ledger splits: [decisions/0007-ledger-residual.md](decisions/0007-ledger-residual.md).\n\n'
  for document in "${documents[@]}"; do answer "$document"; done
} >"$data/answers.md"
mv "$data/answers.md" "$out"
echo "wrote $out"
