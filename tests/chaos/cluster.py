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

from disk import SmallDisk, can_mount
from namespace import Namespace, can_make
from proxy import Proxy

HERE = pathlib.Path(__file__).resolve().parent
LEASE_SECONDS = 1.0
DATABASE_BYTES = 400 << 20
SPOOL_BYTES = 80 << 20  # an agent wants 64 MiB to be free
FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Postgres:
    """One server for all seeds, a database for each. PostgreSQL refuses root. `small`: on a disk that can be full."""

    def __init__(self, small=False):
        programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
        assert programs, "PostgreSQL is not installed (make deps)"
        self.programs = programs[-1]
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="quantfleet-chaos-pg."))
        self.disk = SmallDisk(self.directory, DATABASE_BYTES) if small and can_mount() else None
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

    def running(self):
        """Whether the server is there; it may be recovering, or stopped by a signal."""
        try:
            pid = int((self.directory / "data" / "postmaster.pid").read_text().split()[0])
            return pathlib.Path(f"/proc/{pid}").exists()
        except (OSError, IndexError, ValueError):
            return False

    def processes(self):
        """Process ids of the server and all that it started."""
        try:
            pid = int((self.directory / "data" / "postmaster.pid").read_text().split()[0])
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except (OSError, IndexError, ValueError):
            return []
        return [pid, *map(int, children)]

    def crash(self):
        """As a power cut: no checkpoint."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate")

    def conninfo(self, database):
        return f"host={self.directory} user=quantfleet dbname={database}"

    def query(self, database, sql):
        """Rows as lists of text, or None while the server is away."""
        done = subprocess.run([self.programs / "psql", "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d",
                               self.conninfo(database), "-c", sql], capture_output=True, text=True, check=False)
        if done.returncode == 2 or "No space left" in done.stderr:
            return None  # no connection, or none that can be served
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    def close(self):
        if self.running():
            self.crash()
        if self.disk:
            self.disk.close()
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

    def __init__(self, bin_dir, postgres, database, random, clocks=False, namespaces=False):
        self.bin = pathlib.Path(bin_dir).resolve()
        self.postgres = postgres
        self.database = database
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quantfleet-chaos."))
        assert postgres.query("postgres", f"CREATE DATABASE {database}") is not None
        self.clocks = {}  # by program: the file that says how far its clock is off
        self.has_clocks = clocks and FAKETIME.exists()
        self.spools = []  # disks that can be full
        self.ports = [free_port() for _ in range(2)]
        self.coordinators = [self._coordinator(number, port) for number, port in enumerate(self.ports)]
        self.namespaces = [Namespace(number) for number in range(3)] if namespaces and can_make() else []
        hosts = [space.address for space in self.namespaces] or 3 * ["127.0.0.1"]
        self.proxies = [Proxy(lambda: random.choice(self.ports), host) for host in hosts]
        self.agents = []

    def _clock(self, name):
        """The environment of a program whose clock can be set while it runs."""
        if not self.has_clocks:
            return {}
        file = self.folder / f"clock-{name}"
        file.write_text("+0\n")
        self.clocks[name] = file
        return {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_CACHE_DURATION": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def _spool(self, number):
        path = self.folder / f"spool-{number}"
        if self.postgres.disk:
            self.spools.append(SmallDisk(path, SPOOL_BYTES))
        return path

    def start_agents(self, environment=None):
        self.agents = [self._agent(number, proxy, environment or {}) for number, proxy in enumerate(self.proxies)]

    def _coordinator(self, number, port):
        return Program([self.bin / "quantfleet-coordinator", f"--database={self.postgres.conninfo(self.database)}",
                        f"--listen=127.0.0.1:{port}", "--http=none", f"--lease-seconds={LEASE_SECONDS}"],
                       self.folder / f"coordinator-{number}.log", self._clock(f"coordinator-{number}"))

    def _agent(self, number, proxy, environment):
        space = self.namespaces[number] if self.namespaces else None
        port = space.relay(proxy.port) if space else proxy.port
        run = space.command if space else list
        return Program(run([self.bin / "quantfleet-agent", f"--coordinator=127.0.0.1:{port}",
                        f"--name=agent-{number}", f"--spool={self._spool(number)}", "--devices=cpu",
                        f"--engine={HERE / 'fake_engine.py'}", "--share-host", "--log-format=json"]),
                       self.folder / f"agent-{number}.log", dict(environment, QUANTFLEET_FAKE_DEVICE=f"fake-{number}",
                                                                 **self._clock(f"agent-{number}")))

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
        for disk in self.spools:
            disk.empty()
        for space in self.namespaces:
            space.join()
        for clock in self.clocks.values():
            clock.write_text("+0\n")
        for proxy in self.proxies:
            proxy.losing = proxy.parted = False
            proxy.flowing.set()
        for program in self.coordinators + self.agents:
            program.revive()

    def close(self, keep):
        for program in self.agents + self.coordinators:
            program.kill()
        for proxy in self.proxies:
            proxy.close()
        for part in self.spools + self.namespaces:
            part.close()
        assert self.postgres.query("postgres", f"DROP DATABASE {self.database} WITH (FORCE)") is not None
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
