# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""A whole fleet of real programs on loopback, started by `quantfleet up`, for tests and benchmarks."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time


def wait_for(what, condition, seconds=60.0):
    """The first true value of `condition()`; raises after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"still waiting for {what} after {seconds} s")
        time.sleep(0.05)


def program_of(pid):
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")).replace(" (deleted)", "")
    except OSError:
        return ""


def parents():
    """Process id to parent's, for all processes."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            found[int(entry)] = int(stat.rpartition(")")[2].split()[1])
    return found


def descendants(root):
    """Process ids below `root`."""
    parent = parents()
    below = {root}
    while True:
        more = {pid for pid, up in parent.items() if up in below} - below
        if not more:
            return below - {root}
        below |= more


class Fleet:
    """`with Fleet(bin_dir, threads="1") as fleet: fleet.run("submit", ...)`"""

    def __init__(self, bin_dir, threads="1", extra=(), environment=None):
        self.bin = pathlib.Path(bin_dir)
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="quantfleet-e2e."))
        self.data.chmod(0o711)  # PostgreSQL does not run as root: its user passes through
        self.lines = []
        self.environment = dict(os.environ, **(environment or {}))
        self.log = open(self.data / "up.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [self.bin / "quantfleet", "up", "--data", self.data / "fleet", "--port", "0", "--http-port", "0",
             "--threads", threads,
             *extra],
            stdout=subprocess.PIPE, stderr=self.log, text=True, env=self.environment)
        threading.Thread(target=self._read, daemon=True).start()
        self.address = wait_for("the ready line", self._address, 90)
        self.environment["QUANTFLEET_ADDRESS"] = self.address

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def _address(self):
        if self.process.poll() is not None:
            raise RuntimeError("up ended: " + (self.data / "up.log").read_text())
        return next((line.split(": ", 1)[1] for line in self.lines if line.startswith("ready: ")), None)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            print((self.data / "up.log").read_text()[-4000:])
            for log in sorted((self.data / "fleet" / "log").glob("*")):
                print(f"--- {log.name}\n" + log.read_text(errors="replace")[-3000:])
        tree = descendants(self.process.pid)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        left = [pid for pid in tree if program_of(pid) and pathlib.Path(f"/proc/{pid}").exists()]
        names = [f"{program_of(pid)} ({pid})" for pid in left if program_of(pid)]
        self.log.close()
        if not kind and names:
            raise AssertionError("left running after up ended: " + ", ".join(names))
        shutil.rmtree(self.data, ignore_errors=True)

    def run(self, *arguments, check=True, timeout=120):
        """Output of the client; raises on a non-zero exit unless check is False (then the whole result)."""
        done = subprocess.run([self.bin / "quantfleet", *map(str, arguments)], env=self.environment,
                              capture_output=True, text=True, timeout=timeout)
        if not check:
            return done
        if done.returncode != 0:
            raise AssertionError(f"quantfleet {arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--output", "json"))

    def matrix(self, identity):
        return self.json("status", identity)

    def json_export(self, identity):
        """What `export --format json` writes."""
        return json.loads(self.run("export", identity, "--format", "json"))

    def pids(self, program):
        return sorted(pid for pid in descendants(self.process.pid) if program_of(pid) == program)
