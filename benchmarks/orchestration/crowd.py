# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Thousands of agents, each with a connection of its own: memory, errors, and how they come back after a kill."""
import threading
import time

from accounts import Account, memory_bytes, open_files
from checks import check
from preload import preload
from servers import errors_of

CLASSES = 8
RUN_SECONDS = 30  # of a block, half to one and a half of it


class Memory:
    """The most resident memory that a process had, looked at each half second."""

    def __init__(self, pid):
        self.pid = pid
        self.most = 0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        while not self.ending.wait(0.5):
            try:
                self.most = max(self.most, memory_bytes(self.pid))
            except OSError:
                return

    def stop(self):
        self.ending.set()
        self.thread.join()
        return round(self.most / 2**20)


def steady_row(bench, settings, coordinator, fleet, connect_seconds):
    memory = Memory(coordinator.process.pid)
    before = fleet.progress()
    with Account(bench.roots) as account:
        time.sleep(settings["seconds"])  # what is measured: a stretch of time
    after = fleet.progress()
    reports = (after["accepted"] - before["accepted"]) / settings["seconds"]
    syncs = (after["syncs"] - before["syncs"]) / settings["seconds"]
    return {"what": f"{settings['agents']} agents polling and reporting", "seconds": settings["seconds"],
            "coordinator_mib": memory.stop(), "open_files": open_files(coordinator.process.pid),
            "syncs_per_second": round(syncs), "reports_per_second": round(reports),
            "connect_seconds": round(connect_seconds, 1), "errors": after["errors"] - before["errors"],
            **account.cores()}


def storm_row(bench, settings, coordinator, fleet):
    """All replicas (one, here) die by SIGKILL, and start again after five seconds."""
    with Account(bench.roots) as account:
        coordinator.kill()
        fleet.tell("mark")
        time.sleep(5)  # as long as all are away
        begin = time.monotonic()
        coordinator.start()
        bench.await_port(coordinator)
        up = time.monotonic() - begin
        memory = Memory(coordinator.process.pid)
        progress = fleet.until(lambda now: "all_synced_seconds" in now, settings["patience"])
    settled = progress.get("all_synced_seconds")
    return {"what": f"{settings['agents']} agents after SIGKILL of all replicas", "serving_again_seconds": round(up + 5, 1),
            "all_synced_seconds": round(settled, 1) if settled else f"only {progress['synced']} synced",
            "coordinator_mib": memory.stop(), **account.cores(),
            "violations": [] if settled else ["agents did not come back"]}


def run(bench, settings):
    agents = settings["agents"]
    database = bench.new_database("crowd")
    coordinator = bench.start_coordinator(database)
    blocks = int(agents * (3 + 2 * (settings["seconds"] + settings["patience"]) / RUN_SECONDS))
    preload(bench, database, coordinator.port, blocks // CLASSES * CLASSES, CLASSES)
    verdicts = bench.folder / f"verdicts-{database}"
    begin = time.monotonic()
    fleet = bench.fleet([coordinator.port], agents=agents, classes=CLASSES, run_seconds=RUN_SECONDS,
                        ramp_seconds=settings["ramp"], verdicts=verdicts, no_goodbye=1)
    fleet.tell("mark")
    fleet.until(lambda progress: "all_synced_seconds" in progress, settings["patience"])
    rows = [steady_row(bench, settings, coordinator, fleet, time.monotonic() - begin)]
    rows.append(storm_row(bench, settings, coordinator, fleet))
    told = fleet.finish()
    rows[-1]["errors"] = errors_of(told)
    rows[-1]["violations"] += check(bench, database, [verdicts], all_answered=False)
    bench.stop_all()
    bench.drop_database(database)
    return {"title": "Many agents, a connection each", "rows": rows}
