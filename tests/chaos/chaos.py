#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Seeded faults against real programs: PostgreSQL, two coordinators, three agents with an engine that measures
nothing, a network that loses, holds back, repeats and swallows, cables that are pulled, disks that are full, clocks that
jump. The history of each run is checked: no accepted result is lost or doubled, no block is stuck.
Usage: chaos.py BIN_DIR [--seeds N] [--first N] [--minutes N]; prints a table and, last, a JSON line. Runs beside
each other are fine."""
import argparse
import collections
import json
import os
import pathlib
import random
import signal
import sys
import threading
import time

from cluster import LEASE_SECONDS, Cluster, Postgres
from history import Observer, check

HERE = pathlib.Path(__file__).resolve().parent
FAULT_SECONDS = 4.0
HEAL_SECONDS = 60.0


# Clocks of programs run under a library, which is a fault of its own: not in every seed.
CLOCKS_EVERY = 4
NAMESPACES_EVERY = 4


def signal_all(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


class Nemesis:
    """Strikes at random until its time is over. What it does, to whom and when, follows from the seed; what the
    programs make of it, from the machine as well. Its sleeps are the faults' lengths and the pauses between them."""

    def __init__(self, cluster, seed):
        self.cluster = cluster
        self.random = random.Random(seed)
        self.done = collections.Counter()
        self.healing = []
        self.database_lock = threading.Lock()
        self.faults = [self.kill_coordinator, self.stop_coordinator, self.kill_agent, self.stop_agent,
                       self.kill_engine, self.kill_engine, self.crash_database, self.lose_answers, self.lose_answers,
                       self.hold, self.repeat, self.repeat, self.part, self.stop_engine, self.stop_database]
        if cluster.postgres.disk:
            self.faults += [self.fill_spool, self.fill_database]
        if cluster.namespaces:
            self.faults += 3 * [self.pull_cable]
        if cluster.has_clocks:
            self.faults += 3 * [self.jump_clock]

    def run(self):
        end = time.monotonic() + FAULT_SECONDS
        while time.monotonic() < end:
            time.sleep(self.random.uniform(0.02, 0.3))
            fault = self.random.choice(self.faults)
            if fault():
                self.done[fault.__name__] += 1
        for thread in self.healing:
            thread.join()
        self.cluster.heal()

    def _then(self, action, *arguments):
        """Lets a fault last while others strike."""
        thread = threading.Thread(target=action, args=arguments)
        thread.start()
        self.healing.append(thread)
        return True

    def _kill(self, program, seconds):
        program.kill()

        def restart():
            time.sleep(seconds)
            program.revive()
        return self._then(restart)

    def _stop(self, program, seconds):
        program.signal(signal.SIGSTOP)

        def resume():
            time.sleep(seconds)
            program.signal(signal.SIGCONT)
        return self._then(resume)

    def kill_coordinator(self):
        return self._kill(self.random.choice(self.cluster.coordinators), self.random.uniform(0, 1))

    def stop_coordinator(self):
        return self._stop(self.random.choice(self.cluster.coordinators), self.random.uniform(0.2, 2 * LEASE_SECONDS))

    def kill_agent(self):
        return self._kill(self.random.choice(self.cluster.agents), self.random.uniform(0, 1.5 * LEASE_SECONDS))

    def stop_agent(self):
        """Long enough, at times, for its lease to run out and its block to be granted to another."""
        return self._stop(self.random.choice(self.cluster.agents), self.random.uniform(0.2, 3 * LEASE_SECONDS))

    def kill_engine(self):
        engines = self.random.choice(self.cluster.agents).children()
        signal_all(engines, signal.SIGKILL)
        return bool(engines)

    def crash_database(self):
        if self.database_lock.locked():
            return False  # it is down already
        seconds = self.random.uniform(0, 0.8)

        def crash():
            with self.database_lock:
                self.cluster.postgres.crash()
                time.sleep(seconds)
                self.cluster.postgres.start()
        return self._then(crash)

    def stop_engine(self):
        engines = self.random.choice(self.cluster.agents).children()
        seconds = self.random.uniform(0.2, 2 * LEASE_SECONDS)

        def stop():
            signal_all(engines, signal.SIGSTOP)
            time.sleep(seconds)
            signal_all(engines, signal.SIGCONT)
        return bool(engines) and self._then(stop)

    def stop_database(self):
        if self.database_lock.locked():
            return False
        seconds = self.random.uniform(0.2, 2 * LEASE_SECONDS)

        def stop():
            with self.database_lock:
                processes = self.cluster.postgres.processes()
                signal_all(processes, signal.SIGSTOP)
                time.sleep(seconds)
                signal_all(processes, signal.SIGCONT)
        return self._then(stop)

    def fill_database(self):
        """It ends itself when it cannot write its log, and is started once there is room."""
        if self.database_lock.locked():
            return False
        seconds = self.random.uniform(0.2, 1)

        def fill():
            postgres = self.cluster.postgres
            with self.database_lock:
                postgres.disk.fill()
                time.sleep(seconds)
                postgres.disk.empty()
                await_database(postgres)
        return self._then(fill)

    def fill_spool(self):
        disk = self.random.choice(self.cluster.spools)
        seconds = self.random.uniform(0.2, 1.5)

        def fill():
            disk.fill()
            time.sleep(seconds)
            disk.empty()
        return self._then(fill)

    def jump_clock(self):
        """An hour ahead or behind, and back after a while, which is a jump as well."""
        clock = self.cluster.clocks[self.random.choice(sorted(self.cluster.clocks))]
        clock.write_text(self.random.choice(["+3600\n", "-3600\n"]))
        seconds = self.random.uniform(0.5, 2)

        def put_right():
            time.sleep(seconds)
            clock.write_text("+0\n")
        return self._then(put_right)

    def pull_cable(self):
        space = self.random.choice(self.cluster.namespaces)
        return self._then(space.part, self.random.uniform(0.2, 3 * LEASE_SECONDS))

    def part(self):
        proxy = self.random.choice(self.cluster.proxies)
        return self._then(proxy.part, self.random.uniform(0.1, 2 * LEASE_SECONDS))

    def lose_answers(self):
        proxy = self.random.choice(self.cluster.proxies)
        return self._then(proxy.lose_answers, self.random.uniform(0.05, 0.6))

    def hold(self):
        proxy = self.random.choice(self.cluster.proxies)
        return self._then(proxy.hold, self.random.uniform(0.1, 2 * LEASE_SECONDS))

    def repeat(self):
        proxy = self.random.choice(self.cluster.proxies)
        return self._then(proxy.repeat, random.Random(self.random.random()))


def await_database(postgres):
    """Serves again: it may be ending, though it still runs, and is then started."""
    end = time.monotonic() + HEAL_SECONDS
    while postgres.query("postgres", "SELECT 1") is None:
        assert time.monotonic() < end, "the database does not come back"
        if not postgres.running():
            postgres.start()
        time.sleep(0.05)


def await_work(cluster):
    end = time.monotonic() + HEAL_SECONDS
    while not cluster.postgres.query(cluster.database, "SELECT 1 FROM lease LIMIT 1"):
        assert time.monotonic() < end, "no agent takes a block"
        time.sleep(0.02)


def await_end(cluster, identity):
    """The matrix when it is over, or as it is after HEAL_SECONDS."""
    end = time.monotonic() + HEAL_SECONDS
    while True:
        matrix = json.loads(cluster.client("status", identity, "--output", "json"))
        if matrix["state"] != "MATRIX_STATE_RUNNING" or time.monotonic() > end:
            return matrix
        time.sleep(0.2)


def finish(cluster, identity, violations):
    """What was given up for cause must complete once it is asked for again."""
    cluster.client("retry", identity, "--failed")
    matrix = await_end(cluster, identity)
    if matrix["state"] != "MATRIX_STATE_COMPLETED":
        violations.append(f"retried in peace, the matrix is {matrix['state']}")


def run_seed(bin_dir, postgres, seed):
    begin = time.monotonic()
    cluster = Cluster(bin_dir, postgres, f"seed_{seed}", random.Random(seed),
                      clocks=seed % CLOCKS_EVERY == 0, namespaces=seed % NAMESPACES_EVERY == 1)
    violations = ["the run was cut short"]
    try:
        identity = cluster.client("submit", HERE / "matrix.yaml", "--request-id", f"seed-{seed}").strip()
        cluster.start_agents()
        await_work(cluster)
        observer = Observer(postgres, cluster.database)
        observer.start()
        nemesis = Nemesis(cluster, seed)
        nemesis.run()
        await_end(cluster, identity)
        observer.stop()
        violations, figures = check(cluster, observer)
        if any(line.startswith("a stuck block") for line in violations):
            violations.append(cluster.client("why", identity))
        elif figures["given_up"]:
            finish(cluster, identity, violations)
    finally:
        cluster.close(keep=bool(violations))
    if violations:
        print(f"seed {seed}: logs are in {cluster.folder}", *violations, sep="\n  ", flush=True)
    return {"seed": seed, "faults": sum(nemesis.done.values()), **figures, "violations": len(violations),
            "seconds": round(time.monotonic() - begin, 1)}, nemesis.done


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bin_dir")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no seed after this time")
    arguments = parser.parse_args()
    postgres = Postgres(small=True)
    rows, faults = [], collections.Counter()
    try:
        end = time.monotonic() + 60 * arguments.minutes
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            if time.monotonic() > end:
                break
            row, done = run_seed(arguments.bin_dir, postgres, seed)
            if not rows:
                print("  ".join(f"{name:>10}" for name in row))
            print("  ".join(f"{value:>10}" for value in row.values()), flush=True)
            rows.append(row)
            faults.update(done)
    finally:
        postgres.close()
    total = {name: sum(row[name] for row in rows) for name in rows[0] if name not in ("seed", "seconds")}
    print(json.dumps({"chaos": {"seeds": len(rows), **total, "kinds": dict(sorted(faults.items()))}}))
    return 1 if total["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
