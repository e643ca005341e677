#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""What waiting costs: processor share and resident memory of every process of an idle fleet on this machine.

Usage: benchmarks/idle_cost.py [SECONDS] (default 30). Prints a table and, last, one JSON line.
"""
import json
import os
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from fleet import Fleet, descendants, program_of  # noqa: E402


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    with Fleet(ROOT / "build/bin", threads="1") as fleet:
        time.sleep(5)  # what starting up still does is not waiting
        pids = {pid: program_of(pid) for pid in descendants(fleet.process.pid) | {fleet.process.pid}}
        before = {pid: processor_seconds(pid) for pid in pids}
        start = time.monotonic()
        time.sleep(seconds)
        elapsed = time.monotonic() - start
        rows = [{"program": name, "core_percent": round(100 * (processor_seconds(pid) - before[pid]) / elapsed, 3),
                 "resident_mib": round(resident_bytes(pid) / 2**20, 1)} for pid, name in pids.items()]
    rows.sort(key=lambda row: row["program"])
    for row in rows:
        print(f"{row['program']:26} {row['core_percent']:7.3f} % of a core {row['resident_mib']:8.1f} MiB")
    print(json.dumps({"idle_seconds": round(elapsed, 1), "processes": rows}))


if __name__ == "__main__":
    main()
