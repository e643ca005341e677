#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""A matrix that begins without a fleet: its agents join, the coordinators add blocks where the verdict flips while one
of them is killed each second, and what they find is what the fake engine hides. Usage: search_test.py BIN_DIR"""
import json
import pathlib
import random
import sys
import threading

from chaos import await_end
from cluster import Cluster, Postgres

HERE = pathlib.Path(__file__).resolve().parent
CROSSOVER = 40


def kill_one_after_the_other(cluster, over):
    kills = 0
    while not over.wait(1.0):
        victim = cluster.coordinators[kills % 2]
        victim.kill()
        victim.start()
        kills += 1
    print(f"{kills} coordinators killed", flush=True)


def check_crossover(cluster, identity):
    found = json.loads(cluster.client("crossover", identity, "--output", "json"))["crossovers"]
    assert len(found) == 1, found
    crossover, flip = found[0], found[0]["flips"][0]
    assert crossover["kind"] == "CROSSOVER_KIND_STOPS_WINNING", crossover
    assert crossover["search"]["outcome"] == "SEARCH_OUTCOME_RESOLVED", crossover
    assert abs(flip["estimate"] - CROSSOVER) < 3 and flip["to"] - flip["from"] <= 6, flip
    text = cluster.client("crossover", identity)
    assert "searched: " in text and "nothing is left to bisect" in text, text
    print(text, end="", flush=True)
    return crossover["search"]["added"]


def main():
    postgres = Postgres()
    cluster = Cluster(sys.argv[1], postgres, "search", random.Random(1))
    over = threading.Event()
    killer = threading.Thread(target=kill_one_after_the_other, args=(cluster, over))
    try:
        identity = cluster.client("submit", HERE / "search.yaml", "--request-id", "search").strip()
        why = json.loads(cluster.client("why", identity, "--output", "json"))["standings"]
        assert [standing["cause"] for standing in why] == ["STANDING_CAUSE_JOINING", "STANDING_CAUSE_SEARCHING"], why
        cluster.start_agents({"QUANTFLEET_FAKE_CROSSOVER": str(CROSSOVER)})
        killer.start()
        try:
            matrix = await_end(cluster, identity)
        finally:
            over.set()
            killer.join()
        assert matrix["state"] == "MATRIX_STATE_COMPLETED", matrix
        added = check_crossover(cluster, identity)
        # Three agents of one class: one copy, and each point once.
        rows = postgres.query("search", "SELECT axis_value, count(*) FROM search_block "
                              "GROUP BY 1 ORDER BY 1")
        assert rows == [[str(int(value)), "1"] for value in added], (rows, added)
        assert matrix["blocksTotal"] == 3 + len(added) == matrix["blocksDone"], matrix
    finally:
        cluster.close(keep=False)
        postgres.close()


if __name__ == "__main__":
    main()
