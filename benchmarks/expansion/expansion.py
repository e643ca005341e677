#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Has a real coordinator on a private PostgreSQL, with its defaults, expand a matrix of a million arms, and prints how
long that takes, what it costs in memory, and how long other calls take meanwhile. Then kills a coordinator six times in
the midst of the same again, which must make the same blocks, and cancels a third one. Times are printed, not checked;
what is true of any machine is. Usage: expansion.py BUILD [--batches N] [--json FILE]."""
import argparse
import hashlib
import json
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "orchestration"))
from accounts import Account  # noqa: E402  pylint: disable=wrong-import-position
from servers import Bench  # noqa: E402  pylint: disable=wrong-import-position

# A block of a baseline, its null arm and six others for each layer and batch.
DOCUMENT = """version: 1
name: million
workload: linear
axes:
  layer: [gpt2/attn.c_attn, gpt2/attn.c_proj, gpt2/mlp.c_fc, gpt2/mlp.c_proj]
  batch: {{range: [1, {batches}, 1]}}
zip:
  - format: [fp32, bf16, int8, nf4, nf4, q4_0, q4_k]
    kernel: [auto, auto, auto, dequantize_then_gemm, fused, auto, auto]
baseline: {{format: fp32, kernel: auto}}
targets:
  - name: any
"""
LAYERS, ARMS = 4, 8
MOST_MIB = 200  # that a coordinator's memory may grow by


def peak_mib(program):
    status = pathlib.Path(f"/proc/{program.process.pid}/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


class Expansion(Bench):
    """A document and how much of it is made."""

    def __init__(self, build, batches):
        super().__init__(build)
        self.blocks = LAYERS * batches
        self.document = self.folder / "million.yaml"
        self.document.write_text(DOCUMENT.format(batches=batches), encoding="utf-8")

    def made(self, database):
        return int(self.postgres.query(database, "SELECT coalesce(sum(blocks_made), 0) FROM expansion")[0][0])

    def await_made(self, database, blocks):
        while self.made(database) < blocks:
            time.sleep(0.02)

    def fingerprint(self, database):
        """Of every block in order: ordinal, target, arms and spec."""
        rows = self.postgres.query(database, "SELECT ordinal, target, arms, md5(spec) FROM block ORDER BY ordinal")
        assert len(rows) == self.blocks, len(rows)
        return hashlib.sha256(repr(rows).encode()).hexdigest()

    def count(self, database, sql):
        return int(self.postgres.query(database, sql)[0][0])


def expand(bench):
    database = bench.new_database("whole")
    program = bench.start_coordinator(database)
    before = peak_mib(program)
    with Account(bench.roots) as account:
        begin = time.monotonic()
        matrix = bench.submit(program.port, bench.document)
        submit_seconds = time.monotonic() - begin  # the client's start included
        calls = []
        while bench.made(database) < bench.blocks:
            call = time.monotonic()
            assert bench.client(program.port, "list").returncode == 0
            calls.append(time.monotonic() - call)
            time.sleep(0.5)  # now and then, so that the calls cost little of what is measured
        seconds = time.monotonic() - begin
    size = bench.count(database, "SELECT pg_total_relation_size('block')")
    report = {"seconds": round(seconds, 2), "submit_seconds": round(submit_seconds, 3),
              "arms": bench.blocks * ARMS, "arms_a_second": round(bench.blocks * ARMS / seconds),
              "slowest_list_meanwhile_seconds": round(max(calls), 3),
              **account.cores(),
              "memory_before_mib": before, "memory_peak_mib": peak_mib(program),
              "block_bytes_an_arm": round(size / bench.blocks / ARMS, 1),
              "queued": bench.count(database, "SELECT count(*) FROM ready"),
              "pending": bench.count(database, "SELECT count(*) FROM block WHERE state = 'pending'")}
    assert report["memory_peak_mib"] - before < MOST_MIB, report
    fingerprint = bench.fingerprint(database)
    cancel = time.monotonic()
    done = bench.client(program.port, "cancel", matrix)
    report["cancel_after_seconds"] = round(time.monotonic() - cancel, 2)
    assert done.returncode == 0 and bench.count(database, "SELECT count(*) FROM ready") == 0, done.stderr
    program.kill()
    return report, fingerprint


def killed(bench, fingerprint):
    """Kills the coordinator each time another seventh is made."""
    database = bench.new_database("killed")
    program = bench.start_coordinator(database)
    bench.submit(program.port, bench.document)
    kills = 0
    for part in range(1, 7):
        bench.await_made(database, bench.blocks * part // 7)
        program.kill()
        kills += 1
        program = bench.start_coordinator(database)
    bench.await_made(database, bench.blocks)
    program.kill()
    assert bench.fingerprint(database) == fingerprint, "other blocks than without a kill"
    return {"kills": kills, "same_blocks": True}


def cancelled(bench):
    database = bench.new_database("cancelled")
    program = bench.start_coordinator(database)
    matrix = bench.submit(program.port, bench.document)
    bench.await_made(database, bench.blocks // 3)
    begin = time.monotonic()
    done = bench.client(program.port, "cancel", matrix)
    seconds = time.monotonic() - begin
    assert done.returncode == 0, done.stderr
    made = bench.made(database)
    assert bench.count(database, "SELECT count(*) FROM ready") == 0
    time.sleep(2)  # a chunk takes far less, and nothing tells that there will be none
    assert bench.made(database) == made < bench.blocks, "it went on"
    program.kill()
    return {"cancel_seconds": round(seconds, 2), "blocks_made": made}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--batches", type=int, default=31250, help="times 32 arms; a million with the default")
    parser.add_argument("--json", help="also write what was found here")
    arguments = parser.parse_args()
    bench = Expansion(arguments.build, arguments.batches)
    try:
        report = {}
        report["expansion"], fingerprint = expand(bench)
        print(report["expansion"], flush=True)
        report["killed"] = killed(bench, fingerprint)
        print(report["killed"], flush=True)
        report["cancelled"] = cancelled(bench)
        print(report["cancelled"], flush=True)
        if arguments.json:
            pathlib.Path(arguments.json).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    finally:
        bench.close()


if __name__ == "__main__":
    main()
