# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL, coordinators and agents as real processes, each of which may be killed at any time."""
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from proxy import Proxy

HERE = pathlib.Path(__file__).resolve().parent
LEASE_SECONDS = 1.0


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Postgres:
    """One server for all seeds, a database for each. PostgreSQL refuses root."""

    def __init__(self):
        programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
        assert programs, "PostgreSQL is not installed (make deps)"
        self.programs = programs[-1]
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="quantfleet-chaos-pg."))
        self.user = None
        if os.getuid() == 0:
            names = {entry.pw_name for entry in pwd.getpwall()}
            self.user = "postgres" if "postgres" in names else "nobody"
            os.chown(self.directory, pwd.getpwnam(self.user).pw_uid, pwd.getpwnam(self.user).pw_gid)
        self._run("initdb", "-U", "quantfleet", "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8")
        self.start()

    def _run(self, program, *arguments):
        as_user = {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []} if self.user else {}
        done = subprocess.run([self.programs / program, "-D", self.directory / "data", *arguments], text=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self.directory, check=False,
                              **as_user)
        assert done.returncode == 0, f"{program}: {done.stderr}"

    def start(self):
        options = f"-k {self.directory} -c listen_addresses='' -c recovery_init_sync_method=syncfs"
        self._run("pg_ctl", "start", "-w", "-l", self.directory / "log", "-o", options)

    def crash(self):
        """As a power cut: no checkpoint."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate")

    def conninfo(self, database):
        return f"host={self.directory} user=quantfleet dbname={database}"

    def query(self, database, sql):
        """Rows as lists of text, or None while the server is away."""
        done = subprocess.run([self.programs / "psql", "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d",
                               self.conninfo(database), "-c", sql], capture_output=True, text=True, check=False)
        if done.returncode == 2:
            return None  # no connection
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    def close(self):
        self.crash()
        shutil.rmtree(self.directory, ignore_errors=True)


class Program:
    """A process that can be killed and started again with the same arguments."""

    def __init__(self, arguments, log, environment=None):
        self.arguments = [str(word) for word in arguments]
        self.log = log
        self.environment = dict(os.environ, **(environment or {}))
        self.process = None
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.arguments, stdout=log, stderr=log, env=self.environment)

    def signal(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def revive(self):
        """Runs again, whatever became of it."""
        self.signal(signal.SIGCONT)
        if self.process.poll() is not None:
            self.start()

    def children(self):
        """Process ids of its engines."""
        path = pathlib.Path(f"/proc/{self.process.pid}/task")
        found = []
        for task in path.glob("*/children"):
            try:
                found += [int(word) for word in task.read_text().split()]
            except OSError:
                pass  # it ended meanwhile
        return found


class Cluster:
    """Two coordinators over one database, three agents, each behind a network of its own."""

    def __init__(self, bin_dir, postgres, database, random):
        self.bin = pathlib.Path(bin_dir).resolve()
        self.postgres = postgres
        self.database = database
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quantfleet-chaos."))
        assert postgres.query("postgres", f"CREATE DATABASE {database}") is not None
        self.ports = [free_port() for _ in range(2)]
        self.coordinators = [self._coordinator(number, port) for number, port in enumerate(self.ports)]
        self.proxies = [Proxy(lambda: random.choice(self.ports)) for _ in range(3)]
        self.agents = []

    def start_agents(self, environment=None):
        self.agents = [self._agent(number, proxy, environment or {}) for number, proxy in enumerate(self.proxies)]

    def _coordinator(self, number, port):
        return Program([self.bin / "quantfleet-coordinator", f"--database={self.postgres.conninfo(self.database)}",
                        f"--listen=127.0.0.1:{port}", "--http=none", f"--lease-seconds={LEASE_SECONDS}"],
                       self.folder / f"coordinator-{number}.log")

    def _agent(self, number, proxy, environment):
        return Program([self.bin / "quantfleet-agent", f"--coordinator=127.0.0.1:{proxy.port}",
                        f"--name=agent-{number}", f"--spool={self.folder}/spool-{number}", "--devices=cpu",
                        f"--engine={HERE / 'fake_engine.py'}", "--share-host", "--log-format=json"],
                       self.folder / f"agent-{number}.log", dict(environment, QUANTFLEET_FAKE_DEVICE=f"fake-{number}"))

    def client(self, *arguments, seconds=60):
        """Output of the client, tried again on either coordinator while they are away."""
        end = time.monotonic() + seconds
        turn = 0
        while True:
            address = f"127.0.0.1:{self.ports[turn % 2]}"
            done = subprocess.run([self.bin / "quantfleet", "--address", address, *map(str, arguments)],
                                  capture_output=True, text=True, timeout=120, check=False)
            if done.returncode not in (4, 5) or time.monotonic() > end:
                assert done.returncode == 0, f"quantfleet {arguments}: {done.stderr}"
                return done.stdout
            turn += 1
            time.sleep(0.1)

    def heal(self):
        """Everything runs, and the network passes everything."""
        for proxy in self.proxies:
            proxy.losing = False
            proxy.flowing.set()
        for program in self.coordinators + self.agents:
            program.revive()

    def close(self, keep):
        for program in self.agents + self.coordinators:
            program.kill()
        for proxy in self.proxies:
            proxy.close()
        assert self.postgres.query("postgres", f"DROP DATABASE {self.database} WITH (FORCE)") is not None
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
