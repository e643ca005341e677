# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Who used the processors: the programs of the benchmark, or anybody else on the machine."""
import collections
import os
import pathlib
import platform
import time

TICKS = os.sysconf("SC_CLK_TCK")


def _processes():
    """pid -> (parent, name, ticks of it and of its children that ended)."""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text(encoding="ascii", errors="replace")
        except OSError:
            continue  # it ended meanwhile
        name, rest = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()
        found[int(path.parent.name)] = (int(rest[1]), name, sum(map(int, rest[11:15])))
    return found


def _ours(roots):
    """Processor seconds of the trees below `roots`, by the program's name."""
    processes = _processes()
    ours = set(root for root in roots if root in processes)
    while True:
        more = {pid for pid, (parent, _, _) in processes.items() if parent in ours} - ours
        if not more:
            break
        ours |= more
    by_name = collections.Counter()
    for pid in ours:
        by_name[processes[pid][1]] += processes[pid][2] / TICKS
    return by_name


def _all():
    """Processor seconds of everybody, interrupts left out: they belong to nobody."""
    words = pathlib.Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
    return sum(map(int, words[1:4])) / TICKS


class Account:
    """Used as `with Account(roots) as account`; then account.cores() goes into a row."""

    def __init__(self, roots):
        self.roots = roots  # a function: processes come and go
        self.by_program = {}
        self.foreign_cores = 0.0

    def _now(self):
        return time.monotonic(), _all(), _ours(self.roots())

    def __enter__(self):
        self.begin = self._now()
        return self

    def __exit__(self, *_):
        end = self._now()
        seconds, everybody = end[0] - self.begin[0], end[1] - self.begin[1]
        # Of a program that ended meanwhile its parent, the benchmark, has the whole time.
        used = {name: (total - self.begin[2][name]) / seconds for name, total in end[2].items()}
        self.by_program = {name: round(cores, 2) for name, cores in sorted(used.items()) if cores >= 0.01}
        self.foreign_cores = round(max(0.0, everybody / seconds - sum(used.values())), 2)

    def cores(self):
        return {"cores": self.by_program, "foreign_cores": self.foreign_cores}


def memory_bytes(pid):
    """Resident memory of a process."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def open_files(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


def machine():
    models = {line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
              if line.startswith("model name")}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"processor": ", ".join(sorted(models)), "cores": os.cpu_count(), "memory_gib": round(memory / 2**30, 1),
            "kernel": platform.release()}
