#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Shows that the history checker can fail: after a peaceful run finds nothing, each promise is broken in the
database by hand, and the checker must say so. Usage: history_test.py BIN_DIR"""
import pathlib
import random
import sys

from chaos import await_end
from cluster import Cluster, Postgres
from history import Observer, check

HERE = pathlib.Path(__file__).resolve().parent
# What is done, each on top of the former ones, and how the checker names it.
BROKEN = [
    ("UPDATE block_result SET digest = 'x' WHERE block_id = 1", "an accepted result was lost or changed: block 1,"),
    ("UPDATE block_result SET epoch = epoch + 7 WHERE block_id = 2", "block 2: an agent was told ACCEPTED under epoch"),
    ("UPDATE attempt SET outcome = 'lost' WHERE block_id = 3",
     "a result that is not of the one accepted attempt: 3"),
    ("WITH r AS (DELETE FROM ratio WHERE block_id = 4), s AS (DELETE FROM arm_samples WHERE block_id = 4 AND arm_index = 0) "
     "SELECT 1", None),
    ("DELETE FROM measurement WHERE block_id = 4 AND arm_index = 0",
     "a block whose measurements are not one an arm: 4"),
    ("UPDATE block SET state = 'ready' WHERE block_id = 5", "a stuck block: 5"),
    ("UPDATE block SET state = 'failed' WHERE block_id = 6", "a block given up without cause: 6"),
    ("UPDATE block SET state = 'leased' WHERE block_id = 7", "a block whose rows contradict each other: 7"),
    ("UPDATE attempt SET end_time = NULL WHERE block_id = 8", "an attempt without an end: 8"),
    ("UPDATE block SET epoch = epoch + 1 WHERE block_id = 9", "a grant that skipped an epoch: 9"),
]


def main():
    postgres = Postgres()
    cluster = Cluster(sys.argv[1], postgres, "history", random.Random(1))
    try:
        identity = cluster.client("submit", HERE / "matrix.yaml", "--request-id", "history").strip()
        cluster.start_agents()
        assert await_end(cluster, identity)["state"] == "MATRIX_STATE_COMPLETED"
        observer = Observer(postgres, cluster.database)
        observer.look()
        violations, figures = check(cluster, observer)
        assert not violations and figures["grants"] >= 40, (violations, figures)
        for sql, expected in BROKEN:
            assert postgres.query(cluster.database, sql) is not None
            if expected is None:
                continue
            observer.look()
            violations, _ = check(cluster, observer)
            assert any(line.startswith(expected) for line in violations), (expected, violations)
            print(f"noticed: {expected}", flush=True)
    finally:
        cluster.close(keep=False)
        postgres.close()


if __name__ == "__main__":
    main()
