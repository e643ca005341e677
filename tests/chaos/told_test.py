#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Shows that the check of a simulated fleet's verdicts can fail: after a run that finds nothing, verdicts and results
are tampered with, and the check must say so. Usage: told_test.py BUILD_DIR"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks" / "orchestration"))
from servers import Bench  # noqa: E402  pylint: disable=wrong-import-position
from checks import check  # noqa: E402  pylint: disable=wrong-import-position

BLOCKS = 40


def run_fleet(bench, database, verdicts):
    """All blocks through a fleet of two classes that reports in batches, and some reports twice."""
    coordinator = bench.start_coordinator(database)
    for _ in range(BLOCKS // 2):
        bench.submit(coordinator.port, bench.write_document("told", 2))
    fleet = bench.fleet([coordinator.port], agents=4, classes=2, batch=4, duplicate=0.5, verdicts=verdicts)
    fleet.until(lambda progress: progress["accepted"] == BLOCKS, 60)
    return fleet.finish()["counts"]


def main():
    bench = Bench(sys.argv[1])
    try:
        database = bench.new_database("told")
        verdicts = bench.folder / "verdicts"
        counts = run_fleet(bench, database, verdicts)
        assert counts["ACCEPTED"] == BLOCKS and counts["DUPLICATE"] >= counts["reported twice"] > 0, counts
        look = lambda: check(bench, database, [verdicts], all_answered=True, drained=True)
        assert not look(), look()

        def expect(what):
            found = look()
            assert any(line.startswith(what) for line in found), (what, found)
            print(f"noticed: {what}", flush=True)
        whole = verdicts.read_text(encoding="ascii")
        first = next(line for line in whole.splitlines(True) if "ACCEPTED" in line)
        verdicts.write_text(whole + first, encoding="ascii")
        expect("told accepted twice")
        block = first.split()[0]
        verdicts.write_text("".join(line for line in whole.splitlines(True) if line.split()[0] != block), encoding="ascii")
        expect("stored, and nobody was told")
        verdicts.write_text(whole + f"{block}\t1\tREJECTED\n", encoding="ascii")
        expect("a valid result of ours that was rejected")
        verdicts.write_text(whole, encoding="ascii")
        bench.postgres.query(database, f"UPDATE block_result SET epoch = epoch + 1 WHERE block_id = {block}")
        expect("told accepted, and not stored under that epoch")
    finally:
        bench.close()


if __name__ == "__main__":
    main()
