# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""A matrix of a million: how long it takes to come, and to go."""
import pathlib
import time

from accounts import Account
from checks import check
from crowd import Memory
from preload import preload

CLASSES = 4
MILLION = pathlib.Path(__file__).resolve().parents[1] / "expansion" / "million.yaml"


def cancel_row(bench, settings):
    """A matrix of so many blocks, some of them running, is cancelled: when was the last agent told to stop?"""
    database = bench.new_database("cancel")
    coordinator = bench.start_coordinator(database)
    matrix = preload(bench, database, coordinator.port, settings["blocks"], CLASSES)
    verdicts = bench.folder / f"verdicts-{database}"
    agents = settings["agents"]
    fleet = bench.fleet([coordinator.port], agents=agents, classes=CLASSES, run_seconds=600, verdicts=verdicts)
    fleet.until(lambda progress: progress["grants"] >= agents, 60)
    time.sleep(5)  # so that their next Sync is due at any time
    with Account(bench.roots) as account:
        fleet.tell("mark")
        begin = time.monotonic()
        done = bench.client(coordinator.port, "cancel", matrix)
        answered = time.monotonic() - begin
        progress = fleet.until(lambda now: now["stops"] >= agents, settings["patience"])
    fleet.finish()
    violations = check(bench, database, [verdicts], all_answered=True, cancelled=True)
    violations += [] if done.returncode == 0 else [done.stderr.strip()]
    violations += [] if progress["stops"] >= agents else [f"{progress['stops']} of {agents} agents were told to stop"]
    bench.stop_all()
    bench.drop_database(database)
    return {"what": f"cancel of {settings['blocks']} blocks, {agents} running", "answered_seconds": round(answered, 2),
            "last_agent_told_seconds": round(progress.get("last_stop_seconds", -1), 2), **account.cores(), "violations": violations}


def expansion_row(bench, settings):
    """A document of a million arms, from the call to the acknowledgement and to the last block in the database."""
    database = bench.new_database("expansion")
    coordinator = bench.start_coordinator(database)
    document = bench.folder / "expansion.yaml"
    text = MILLION.read_text(encoding="utf-8").replace("31250", str(settings["arms"] // 32))
    document.write_text(text, encoding="utf-8")
    memory = Memory(coordinator.process.pid)
    with Account(bench.roots) as account:
        begin = time.monotonic()
        done = bench.client(coordinator.port, "submit", document)
        acknowledged = time.monotonic() - begin
        expected = settings["arms"] // 8
        end = time.monotonic() + settings["patience"]
        count = lambda: int(bench.postgres.query(database, "SELECT count(*) FROM block")[0][0])
        while done.returncode == 0 and count() < expected and time.monotonic() < end:
            time.sleep(0.1)
        stored = time.monotonic() - begin
    blocks = count()
    violations = [] if done.returncode == 0 else [done.stderr.strip()]
    violations += [] if blocks == expected else [f"{blocks} of {expected} blocks are there"]
    bench.stop_all()
    bench.drop_database(database)
    return {"what": f"expansion of {settings['arms']} arms, {expected} blocks", "answered_seconds": round(acknowledged, 2),
            "stored_seconds": round(stored, 2), "coordinator_mib": memory.stop(), **account.cores(), "violations": violations}


def run(bench, settings):
    return {"title": "A matrix of a million", "rows": [cancel_row(bench, settings), expansion_row(bench, settings)]}
