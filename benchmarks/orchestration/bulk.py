# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""A matrix of a million: how long it takes to come, and to go."""
import sys
import time

from accounts import Account
from checks import check
from crowd import Memory
from preload import preload
from servers import ROOT

sys.path.insert(0, str(ROOT / "benchmarks" / "expansion"))
from expansion import ARMS, DOCUMENT, LAYERS  # noqa: E402  pylint: disable=wrong-import-position

CLASSES = 4


def write_million(bench, settings):
    """The document of about so many arms, and its blocks."""
    document = bench.folder / "million.yaml"
    batches = settings["arms"] // (LAYERS * ARMS)
    document.write_text(DOCUMENT.format(batches=batches), encoding="utf-8")
    return document, LAYERS * batches


def await_blocks(bench, database, blocks, seconds):
    """Blocks that are there after they all are, or after so long."""
    end = time.monotonic() + seconds
    while True:
        count = int(bench.postgres.query(database, "SELECT count(*) FROM block")[0][0])
        if count >= blocks or time.monotonic() > end:
            return count
        time.sleep(0.1)


def cancel_row(bench, settings, what, prepare):
    """A matrix, some of its blocks running, is cancelled: when was the last agent told to stop?"""
    database = bench.new_database("cancel")
    coordinator = bench.start_coordinator(database)
    matrix = prepare(database, coordinator)
    verdicts = bench.folder / f"verdicts-{database}"
    agents = settings["agents"]
    fleet = bench.fleet([coordinator.port], agents=agents, classes=CLASSES, run_seconds=600, verdicts=verdicts)
    fleet.until(lambda progress: progress["grants"] >= agents, settings["patience"])
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
    return {"what": f"cancel of {what}, {agents} running", "answered_seconds": round(answered, 2),
            "last_agent_told_seconds": round(progress.get("last_stop_seconds", -1), 2), **account.cores(),
            "violations": violations}


def cancel_rows(bench, settings):
    document, blocks = write_million(bench, settings)

    def expand(database, coordinator):
        matrix = bench.submit(coordinator.port, document)
        await_blocks(bench, database, blocks, settings["patience"])
        return matrix

    def load(database, coordinator):
        return preload(bench, database, coordinator.port, settings["blocks"], CLASSES)
    return [cancel_row(bench, settings, f"{settings['arms']} arms, {blocks} blocks, submitted", expand),
            cancel_row(bench, settings, f"{settings['blocks']} blocks, all queued by SQL", load)]


def expansion_row(bench, settings):
    """A document of a million arms, from the call to the acknowledgement and to the last block in the database."""
    database = bench.new_database("expansion")
    coordinator = bench.start_coordinator(database)
    document, expected = write_million(bench, settings)
    memory = Memory(coordinator.process.pid)
    with Account(bench.roots) as account:
        begin = time.monotonic()
        done = bench.client(coordinator.port, "submit", document)
        acknowledged = time.monotonic() - begin
        blocks = await_blocks(bench, database, expected, settings["patience"] if done.returncode == 0 else 0)
        stored = time.monotonic() - begin
    violations = [] if done.returncode == 0 else [done.stderr.strip()]
    violations += [] if blocks == expected else [f"{blocks} of {expected} blocks are there"]
    bench.stop_all()
    bench.drop_database(database)
    return {"what": f"expansion of {settings['arms']} arms, {expected} blocks", "answered_seconds": round(acknowledged, 2),
            "stored_seconds": round(stored, 2), "coordinator_mib": memory.stop(), **account.cores(),
            "violations": violations}


def run(bench, settings):
    return {"title": "A matrix of a million", "rows": [expansion_row(bench, settings)] + cancel_rows(bench, settings)}
