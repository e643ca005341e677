#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the engine, an agent and the coordinator during a matrix, in turn: the matrix completes by itself and
every arm has exactly one accepted measurement. Usage: kill_test.py BIN_DIR"""
import collections
import os
import pathlib
import signal
import sys

from fleet import Fleet, wait_for

HERE = pathlib.Path(__file__).resolve().parent


def blocks_done(fleet, identity):
    done = fleet.run("status", identity, "--output", "json", check=False)
    if done.returncode not in (0, 1):
        return None  # the coordinator is away
    return fleet.matrix(identity).get("blocksDone", 0)


def kill_one(fleet, identity, program):
    """Kills one process of `program` while a block runs, and waits until two more blocks are done."""
    before = wait_for("a running block", lambda: running(fleet, identity))["blocksDone"]
    victims = wait_for(f"a {program}", lambda: fleet.pids(program))
    busy = max(victims, key=processor_seconds)
    os.kill(busy, signal.SIGKILL)
    print(f"killed {program} {busy} with {before} blocks done", flush=True)
    wait_for("two more blocks", lambda: (blocks_done(fleet, identity) or 0) >= before + 2, 120)


def running(fleet, identity):
    matrix = fleet.matrix(identity)
    assert matrix["state"] == "MATRIX_STATE_RUNNING", "the matrix was over before the kill: make it longer"
    matrix.setdefault("blocksDone", 0)
    return matrix if matrix.get("blocksLeased") else None


def processor_seconds(pid):
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def check_results(fleet, identity):
    matrix = fleet.matrix(identity)
    assert matrix["state"] == "MATRIX_STATE_COMPLETED", matrix
    exported = fleet.json_export(identity)
    seen = collections.Counter((row["blockId"], row["arm"].get("index", 0)) for row in exported["rows"])
    assert len(seen) == matrix["armsTotal"] == matrix["armsMeasured"], (len(seen), matrix)
    assert set(seen.values()) == {1}, "an arm has more than one accepted measurement"
    outcomes = collections.Counter(row["measurement"]["outcome"] for row in exported["rows"])
    assert outcomes["OUTCOME_MEASURED"] >= len(seen) - 1, outcomes  # at most the arm the engine died in
    print(f"{len(seen)} arms, one accepted measurement each: {dict(outcomes)}")


def check_why(fleet, identity):
    """`why` answers for the matrix and for each block it names, in both forms."""
    standings = fleet.json("why", identity)["standings"]
    assert standings, "nothing is said of a matrix that has just begun"
    for standing in standings:
        block = standing["blockId"]
        said = fleet.run("why", block)
        assert said.startswith(f"block {block} (every-device"), said
        print(said, end="", flush=True)
    unknown = fleet.run("why", "mtx_none", check=False)
    assert unknown.returncode == 3 and "mtx_none" in unknown.stderr, unknown


def main():
    with Fleet(sys.argv[1], threads="1") as fleet:
        identity = fleet.run("submit", HERE / "kill.yaml", "--request-id", "kill-1").strip()
        again = fleet.run("submit", HERE / "kill.yaml", "--request-id", "kill-1").strip()
        assert identity == again, (identity, again)
        check_why(fleet, identity)
        for program in ("quantfleet-engine", "quantfleet-agent", "quantfleet-coordinator"):
            kill_one(fleet, identity, program)
        wait_for("the end of the matrix",
                 lambda: blocks_done(fleet, identity) == fleet.matrix(identity)["blocksTotal"], 180)
        check_results(fleet, identity)
        assert fleet.run("why", identity) == "every block of it has its result\n"


if __name__ == "__main__":
    main()
