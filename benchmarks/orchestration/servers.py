# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL with its defaults, coordinators over it, and simulated fleets."""
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "chaos"))
from cluster import Postgres, Program, free_port  # noqa: E402  pylint: disable=wrong-import-position

DOCUMENT = """version: 1
name: {name}
workload: linear
fixed: {{seed: 5}}
axes:
  layer: [{{n: 64, k: 64}}]
  batch: [1]
  format: [fp32, int8]
baseline: {{format: fp32}}
targets:
"""


class Simulation:
    """A running fleet_simulator."""

    def __init__(self, program, ports, **options):
        words = [program, "--coordinator=" + ",".join(f"127.0.0.1:{port}" for port in ports)]
        words += [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def progress(self):
        self.tell("progress")
        return json.loads(self.process.stdout.readline())["progress"]

    def until(self, condition, seconds):
        """The first progress that meets the condition, or the last one."""
        end = time.monotonic() + seconds
        while True:
            progress = self.progress()
            if condition(progress) or time.monotonic() > end:
                return progress
            time.sleep(0.1)

    def finish(self):
        """Ends it, if it has not ended, and returns what it counted."""
        out, _ = self.process.communicate("stop\n" if self.process.poll() is None else None, timeout=120)
        return json.loads(out.splitlines()[-1])

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def errors_of(told):
    """Of what a fleet counted: calls that failed, by call and status."""
    return {name: count for name, count in told["counts"].items() if name.startswith("error")}


class Bench:
    """What scenarios run on. Ends everything that it started."""

    def __init__(self, build, peers=None):
        self.build = pathlib.Path(build).resolve()
        self.peers = peers  # folder with node_modules
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quantfleet-bench."))
        self.postgres = Postgres()
        self.coordinators = []
        self.fleets = []
        self.databases = 0
        # Ten thousand agents have as many connections.
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def roots(self):
        """Process ids whose trees are the benchmark's own."""
        return [os.getpid(), int((self.postgres.directory / "data" / "postmaster.pid").read_text().split()[0])]

    def new_database(self, name):
        self.databases += 1
        database = f"{name}_{self.databases}"
        assert self.postgres.query("postgres", f"CREATE DATABASE {database}") is not None
        return database

    def drop_database(self, database):
        self.postgres.query("postgres", f"DROP DATABASE {database} WITH (FORCE)")

    def url(self, database):
        return f"postgres://quantfleet@/{database}?host={self.postgres.directory}"

    def start_coordinator(self, database, port=None, **options):
        """A coordinator that serves; its `port` is set."""
        port = port or free_port()
        words = [self.build / "bin/quantfleet-coordinator", f"--database={self.postgres.conninfo(database)}",
                 f"--listen=127.0.0.1:{port}", "--http=none", "--max-running-arms=0"]
        words += [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        program = Program(words, self.folder / f"coordinator-{port}.log")
        program.port = port
        self.coordinators.append(program)
        self.await_port(program)
        return program

    def await_port(self, program, seconds=30):
        end = time.monotonic() + seconds
        while program.process.poll() is None and time.monotonic() < end:
            done = subprocess.run([self.build / "bin/quantfleet", "--address", f"127.0.0.1:{program.port}", "list"],
                                  capture_output=True, check=False)
            if done.returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError(f"no coordinator: {pathlib.Path(program.log).read_text()[-2000:]}")

    def fleet(self, ports, **options):
        fleet = Simulation(self.build / "tests/fleet_simulator", ports, **options)
        self.fleets.append(fleet)
        return fleet

    def client(self, port, *arguments, seconds=600):
        return subprocess.run([self.build / "bin/quantfleet", "--address", f"127.0.0.1:{port}",
                               *map(str, arguments)], capture_output=True, text=True, timeout=seconds, check=False)

    def write_document(self, name, classes):
        """A matrix of one block for each simulated device class."""
        path = self.folder / f"{name}.yaml"
        targets = [f"  - {{name: class-{i}, where: {{device_class: cpu/simulated-{i}/2t}}}}\n" for i in range(classes)]
        path.write_text(DOCUMENT.format(name=name) + "".join(targets), encoding="utf-8")
        return path

    def submit(self, port, path):
        done = self.client(port, "submit", path)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def stop_all(self):
        """Fleets and coordinators; the database stays."""
        for fleet in self.fleets:
            fleet.kill()
        for program in self.coordinators:
            program.kill()
        self.fleets, self.coordinators = [], []

    def close(self):
        self.stop_all()
        self.postgres.close()
        shutil.rmtree(self.folder, ignore_errors=True)
