#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""How long a busy device stands idle between two blocks, and what share of a matrix that is.

Runs a matrix of small blocks through a real fleet of one CPU device (PostgreSQL, coordinator, agent and engine on this
machine), and takes from the agent's log the time from the engine's answer to one block until it has the next: decoding
the answer, handing it on, asking the device for its fingerprint, and sending the request. The share counts every gap,
those in which the agent had to ask the coordinator first as well, and the makespan from the first block on.
With --prefetch 0 every block has to be asked for, and the gaps say what that costs.
Usage: block_gap.py [--blocks 200] [--seconds 0.05] [--prefetch 1] [--bin build/bin]
"""
import argparse
import datetime
import json
import pathlib
import re
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from fleet import Fleet, wait_for  # noqa: E402

MATRIX = """version: 1
name: gap
workload: linear
fixed: {{seed: 11, layer: {{n: 256, k: 256}}}}
axes:
  batch: [{batches}]
  format: [fp32, int8]
baseline: {{format: fp32}}
targets:
  - {{name: here, where: {{kind: cpu}}}}
measure: {{relative_ci: 0.1%, min_seconds: {seconds}, max_seconds: {seconds}, rounds: {{min: 2}}}}
"""
LINE = re.compile(r"^(\S+) info quantfleet-agent: block (begins|ends) (.*)$")


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def read_log(path):
    """(begin of the first block, end of the last, [(gap in ms, whether the block was there)])."""
    begin, end, gaps = None, None, []
    for line in path.read_text(errors="replace").splitlines():
        match = LINE.match(line)
        if not match:
            continue
        at = moment(match.group(1))
        begin = begin or at
        if match.group(2) == "begins":
            continue
        end = at
        fields = dict(re.findall(r"(\w+)=(\S+)", match.group(3)))
        if "gap_ms" in fields:
            gaps.append((float(fields["gap_ms"]), fields["waited_here"] == "1"))
    return begin, end, gaps


def state_of(fleet, identity):
    """How the matrix ended; nothing before, or while a busy machine keeps the client from connecting."""
    time.sleep(1)  # each look takes processor time from the fleet that is measured
    shown = fleet.run("status", identity, "--output", "json", check=False)
    state = json.loads(shown.stdout)["state"] if shown.stdout else ""
    return state if state != "MATRIX_STATE_RUNNING" else None


def run(options):
    with Fleet(options.bin, threads="1", environment={"QUANTFLEET_PREFETCH": str(options.prefetch)}) as fleet, \
            tempfile.NamedTemporaryFile("w", suffix=".yaml") as matrix:
        batches = ", ".join(str(batch) for batch in range(1, options.blocks + 1))
        matrix.write(MATRIX.format(batches=batches, seconds=options.seconds))
        matrix.flush()
        identity = fleet.run("submit", matrix.name).strip()
        state = wait_for("the matrix", lambda: state_of(fleet, identity), 3600)
        logs = sorted((fleet.data / "fleet" / "log").glob("agent-*"))
        return state, read_log(logs[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=0.05, help="sampling time of an arm; a block has three")
    parser.add_argument("--prefetch", type=int, default=1)
    parser.add_argument("--bin", default=str(ROOT / "build/bin"))
    options = parser.parse_args()
    state, (begin, end, gaps) = run(options)
    if state != "MATRIX_STATE_COMPLETED":
        sys.exit(f"block_gap: the matrix ended as {state}")
    here = sorted(gap for gap, waited_here in gaps if waited_here or options.prefetch == 0)
    if not here:
        sys.exit("block_gap: no block waited for the one before it; every one had to be asked for")
    figures = {
        "blocks": options.blocks,
        "prefetch": options.prefetch,
        "makespan_seconds": round(end - begin, 2),
        "followed_at_once": sum(waited_here for _, waited_here in gaps),
        "gap_ms_median": round(statistics.median(here), 3),
        "gap_ms_p90": round(here[int(0.9 * (len(here) - 1))], 3),
        "gap_ms_most": round(here[-1], 3),
        "idle_percent": round(sum(gap for gap, _ in gaps) / 10 / (end - begin), 3),
    }
    for name, value in figures.items():
        print(f"{name:18} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
