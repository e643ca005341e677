# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Three replicas behind one address, one killed each ten seconds, under agents with faults and a client that submits
and polls: no call may fail for good, no promise may be broken."""
import json
import subprocess
import threading
import time

from accounts import Account
from balancer import Balancer
from checks import check

CLASSES = 3
BATCHES = (1, 8)  # a fleet of each
LEASE_SECONDS = 5
RETRIED = (5,)  # exit code of the client: the coordinator is not there, or the call took too long
PATIENCE = 30  # after which a call that is still being retried has failed


class Client:
    """Submits matrices and polls them, one thread, until told to end."""

    def __init__(self, bench, port):
        self.bench, self.port = bench, port
        self.document = bench.write_document("load", CLASSES)
        self.calls = self.retries = 0
        self.failures = []
        self.open = []
        self.submitted = 0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _call(self, *arguments):
        """Output, retried while replicas go and come; None once it has failed for good."""
        self.calls += 1
        end = time.monotonic() + PATIENCE
        while True:
            done = self.bench.client(self.port, *arguments, seconds=PATIENCE)
            if done.returncode == 0:
                return done.stdout
            if done.returncode not in RETRIED or time.monotonic() > end:
                self.failures.append(f"{arguments[0]}: {done.returncode}: {done.stderr.strip()[:200]}")
                return None
            self.retries += 1
            time.sleep(0.1)  # as a person or script would, between two attempts

    def _submit(self):
        self.submitted += 1
        matrix = self._call("submit", self.document, "--request-id", f"load-{self.submitted}")
        if matrix:
            self.open.append(matrix.strip())

    def _poll(self):
        for matrix in list(self.open):
            said = self._call("status", matrix, "--output", "json")
            if said and json.loads(said)["state"] != "MATRIX_STATE_RUNNING":
                self.open.remove(matrix)

    def _work(self):
        while not self.ending.is_set():
            for _ in range(10):
                self._submit()
            self._poll()

    def finish(self):
        """Waits for what was submitted."""
        self.ending.set()
        self.thread.join()
        end = time.monotonic() + PATIENCE
        while self.open and time.monotonic() < end:
            self._poll()
        if self.open:
            self.failures.append(f"{len(self.open)} matrices did not end, {self.open[0]} for one")


def kill_in_turn(coordinators, seconds, every=10.0, down=2.0):
    """One replica dies each ten seconds and is back two later."""
    end = time.monotonic() + seconds
    kills = 0
    while time.monotonic() + every <= end + 1:
        time.sleep(every - down)
        victim = coordinators[kills % len(coordinators)]
        victim.kill()
        time.sleep(down)
        victim.start()
        kills += 1
    return kills


def sum_of(tallies):
    counts = {}
    for told in tallies:
        for name, count in told["counts"].items():
            counts[name] = counts.get(name, 0) + count
    return counts


def run(bench, settings):
    database = bench.new_database("replicas")
    coordinators = [bench.start_coordinator(database, lease_seconds=LEASE_SECONDS) for _ in range(3)]
    balancer = Balancer([coordinator.port for coordinator in coordinators])
    verdicts = [bench.folder / f"verdicts-{database}-{batch}" for batch in BATCHES]
    fleets = [bench.fleet([balancer.port], agents=settings["agents"] // len(BATCHES), classes=CLASSES, batch=batch,
                          run_seconds=0.3, seed=batch, verdicts=path, vanish=0.002, restart=0.002, hang_up=0.005,
                          duplicate=0.05, name=f"fleet-{batch}") for batch, path in zip(BATCHES, verdicts)]
    client = Client(bench, balancer.port)
    with Account(bench.roots) as account:
        kills = kill_in_turn(coordinators, settings["seconds"])
    client.finish()
    counts = sum_of([fleet.finish() for fleet in fleets])
    violations = [] if kills and counts.get("ACCEPTED") and client.submitted else ["nothing was tried"]
    violations += client.failures + check(bench, database, verdicts, all_answered=False, drained=True)
    bench.stop_all()
    balancer.close()
    bench.drop_database(database)
    faults = ("vanished", "restarted", "hung up", "reported twice", "DUPLICATE", "SUPERSEDED")
    row = {"what": f"3 replicas, {kills} SIGKILLs in {settings['seconds']:.0f} s, {settings['agents']} agents",
           "matrices": client.submitted, "accepted": counts.get("ACCEPTED", 0), "client_calls": client.calls,
           "client_retries": client.retries, "faults": {name: counts.get(name, 0) for name in faults},
           "retried": {name[6:]: count for name, count in counts.items() if name.startswith("error")},
           **account.cores(), "violations": violations}
    return {"title": "Replicas killed in turn", "rows": [row]}
