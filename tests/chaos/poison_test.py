#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""A block that kills every agent is given up after three of them, with its reason; the matrix ends, the other blocks
have their results, and a retry on agents that survive it completes. Usage: poison_test.py BIN_DIR"""
import json
import pathlib
import random
import sys
import threading

from chaos import await_end
from cluster import Cluster, Postgres

HERE = pathlib.Path(__file__).resolve().parent


def supervise(cluster, over):
    """Starts agents again that died, as systemd does."""
    deaths = 0
    while not over.wait(0.1):
        for agent in cluster.agents:
            if agent.process.poll() is not None:
                deaths += 1
                agent.start()
    print(f"{deaths} agents died", flush=True)


def check_given_up(cluster, identity):
    matrix = await_end(cluster, identity)
    assert matrix["state"] == "MATRIX_STATE_FAILED", matrix
    assert (matrix["blocksDone"], matrix["blocksFailed"]) == (2, 1), matrix
    standings = json.loads(cluster.client("why", identity, "--output", "json"))["standings"]
    assert [standing["cause"] for standing in standings] == ["STANDING_CAUSE_POISON"], standings
    assert "poison: 3 sessions were lost while they ran it (agent-" in standings[0]["reason"], standings
    assert len(standings[0]["details"]) == 3, standings
    print(cluster.client("why", identity), end="", flush=True)


def main():
    postgres = Postgres()
    cluster = Cluster(sys.argv[1], postgres, "poison", random.Random(1))
    try:
        identity = cluster.client("submit", HERE / "poison.yaml", "--request-id", "poison").strip()
        cluster.start_agents({"QUANTFLEET_FAKE_POISON": "2"})
        over = threading.Event()
        supervisor = threading.Thread(target=supervise, args=(cluster, over))
        supervisor.start()
        try:
            check_given_up(cluster, identity)
        finally:
            over.set()
            supervisor.join()
        for agent in cluster.agents:
            agent.kill()
        cluster.start_agents()
        cluster.client("retry", identity, "--failed")
        matrix = await_end(cluster, identity)
        assert matrix["state"] == "MATRIX_STATE_COMPLETED", matrix
    finally:
        cluster.close(keep=False)
        postgres.close()


if __name__ == "__main__":
    main()
