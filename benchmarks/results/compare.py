#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Fills a private PostgreSQL with the results of one matrix of a million arms in ten device classes, copies by SQL of
ten blocks that simulated agents measured, and reads it through a real coordinator: the first page of `compare`, all of
it as CSV, and an export with raw samples. Times are printed, not checked; what is true of any machine is: every arm
once, memory within its bound, and no table of results read from end to end. Usage: compare.py BUILD [--arms N]
[--exports 0] [--json FILE]."""
import argparse
import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "orchestration"))
from preload import settle  # noqa: E402  pylint: disable=wrong-import-position
from servers import Bench  # noqa: E402  pylint: disable=wrong-import-position

CLASSES, ARMS = 10, 8
DOCUMENT = """version: 1
name: many
workload: linear
fixed: {seed: 5}
axes:
  layer: [{n: 64, k: 64}]
  batch: [1]
zip:
  - format: [fp32, bf16, int8, nf4, nf4, q4_0, q4_k]
    kernel: [auto, auto, auto, dequantize_then_gemm, fused, auto, auto]
baseline: {format: fp32, kernel: auto}
targets:
"""
FIRST_PAGES = 20
# That the coordinator and the client may come to, whatever the size of the matrix.
MOST_COORDINATOR_MIB, MOST_CLIENT_MIB = 250, 100
TABLES = "^(block|block_result|measurement|ratio|arm_samples)(_[0-9]+)?$"


def count(bench, database, sql):
    return int(bench.postgres.query(database, sql)[0][0])


def columns(bench, database, table, but):
    rows = bench.postgres.query(database, f"""
        SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped
          AND attname NOT IN ({', '.join(f"'{name}'" for name in but)})""")
    return rows[0][0]


def measure_templates(bench, database):
    """A matrix of a block for each class, measured; its id."""
    program = bench.start_coordinator(database)
    path = bench.folder / "many.yaml"
    path.write_text(DOCUMENT + "".join(f"  - {{name: class-{i}, where: {{device_class: cpu/simulated-{i}/2t}}}}\n"
                                       for i in range(CLASSES)), encoding="utf-8")
    matrix = bench.submit(program.port, path)
    fleet = bench.fleet([program.port], agents=CLASSES, classes=CLASSES, run_seconds=0.01, rounds=8)
    done = lambda: count(bench, database, "SELECT count(*) FROM block_result") == CLASSES
    end = time.monotonic() + 60
    while not done() and time.monotonic() < end:
        time.sleep(0.1)
    assert done(), "the agents measured nothing"
    fleet.kill()
    program.kill()
    return matrix


def multiply(bench, database, matrix, copies):
    """Each block and its result `copies` times, blocks of a class behind each other as an expansion makes them."""
    run = lambda sql: bench.postgres.query(database, "SET session_replication_role = replica;" + sql)
    block = columns(bench, database, "block", ["block_id", "ordinal"])
    run(f"UPDATE block SET ordinal = ordinal * {copies} WHERE matrix_id = '{matrix}'")
    run(f"""INSERT INTO block (ordinal, {block}) SELECT t.ordinal + copy, {block}
            FROM block t, generate_series(1, {copies - 1}) AS copy WHERE t.matrix_id = '{matrix}' ORDER BY 1""")
    for table in ("block_result", "measurement", "ratio", "arm_samples"):
        rest = columns(bench, database, table, ["block_id"])
        run(f"""INSERT INTO {table} (block_id, {rest}) SELECT b.block_id, {', '.join('r.' + c for c in rest.split(', '))}
                FROM block t JOIN {table} r USING (block_id)
                JOIN block b ON b.matrix_id = t.matrix_id AND b.ordinal > t.ordinal AND b.ordinal < t.ordinal + {copies}
                WHERE t.matrix_id = '{matrix}' AND t.ordinal % {copies} = 0 ORDER BY 1""")
    settle(bench, database)


def scans(bench, database, kind):
    """Of the tables that results are in: "seq" or "idx" scans until now, by table."""
    rows = bench.postgres.query(database, f"""SELECT relname, coalesce({kind}_scan, 0) FROM pg_stat_user_tables
                                              WHERE relname ~ '{TABLES}' AND n_live_tup > 0""")
    return collections.Counter({row[0]: int(row[1]) for row in rows})


def await_scans(bench, database, more_than):
    """Servers tell their counts a second after they have gone idle."""
    end = time.monotonic() + 30
    while scans(bench, database, "idx").total() <= more_than and time.monotonic() < end:
        time.sleep(0.2)
    time.sleep(2)  # those of the other connections


def peak_mib(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def read_all(bench, port, words, mark):
    """Lines with `mark` in what the client says, its peak memory and the time it took."""
    begin = time.monotonic()
    client = subprocess.Popen([bench.build / "bin/quantfleet", "--address", f"127.0.0.1:{port}", *words],
                              stdout=subprocess.PIPE)
    rows = sum(mark in line for line in client.stdout)
    _, status, usage = os.wait4(client.pid, 0)
    assert status == 0, f"{words} ended with {status}"
    assert usage.ru_maxrss // 1024 < MOST_CLIENT_MIB, f"the client came to {usage.ru_maxrss // 1024} MiB"
    return {"rows": rows, "seconds": round(time.monotonic() - begin, 2), "client_mib": usage.ru_maxrss // 1024}


def first_pages(bench, port, matrix):
    times = []
    for _ in range(FIRST_PAGES):
        begin = time.monotonic()
        done = bench.client(port, "compare", matrix)
        times.append(1e3 * (time.monotonic() - begin))
        assert done.returncode == 0 and "class-0" in done.stdout, done.stderr
    return {"median_ms": round(statistics.median(times), 1), "worst_ms": round(max(times), 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--arms", type=int, default=1_000_000)
    parser.add_argument("--exports", type=int, default=1, help="0: leave the exports out")
    parser.add_argument("--json", help="also write what was found here")
    arguments = parser.parse_args()
    bench = Bench(arguments.build)
    try:
        database = bench.new_database("many")
        matrix = measure_templates(bench, database)
        begin = time.monotonic()
        multiply(bench, database, matrix, arguments.arms // CLASSES // ARMS)
        arms = count(bench, database, "SELECT count(*) FROM measurement")
        report = {"arms": arms, "fill_seconds": round(time.monotonic() - begin, 1)}
        program = bench.start_coordinator(database)
        await_scans(bench, database, scans(bench, database, "idx").total())  # its first `list` counts everything
        before = {kind: scans(bench, database, kind) for kind in ("seq", "idx")}
        report["first_page"] = first_pages(bench, program.port, matrix)
        print(report, flush=True)
        if arguments.exports:
            words = {"csv": ["compare", matrix, "--output", "csv"], "export": ["export", matrix, "--format", "json"]}
            for name, mark in (("csv", b"cpu/simulated-"), ("export", b'"deviceClass"')):
                report[name] = read_all(bench, program.port, words[name], mark)
                print({name: report[name]}, flush=True)
        await_scans(bench, database, before["idx"].total())
        report["sequential_scans"] = dict(scans(bench, database, "seq") - before["seq"])
        report["coordinator_mib"] = peak_mib(program.process)
        print(json.dumps(report))
        assert not report["sequential_scans"], "a table of results was read from end to end"
        assert report["coordinator_mib"] < MOST_COORDINATOR_MIB
        if arguments.exports:
            assert report["csv"]["rows"] == arms, "not every arm once"
            assert report["export"]["rows"] >= arms
        if arguments.json:
            pathlib.Path(arguments.json).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    finally:
        bench.close()


if __name__ == "__main__":
    main()
