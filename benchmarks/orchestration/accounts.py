# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Who used the processors: the programs of the benchmark, or anybody else on the machine."""
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
    """Processor seconds of the trees below `roots`."""
    processes = _processes()
    ours = set(root for root in roots if root in processes)
    while True:
        more = {pid for pid, (parent, _, _) in processes.items() if parent in ours} - ours
        if not more:
            return sum(processes[pid][2] for pid in ours) / TICKS
        ours |= more


def _all():
    """Processor seconds of everybody, interrupts left out: they belong to nobody."""
    words = pathlib.Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
    return sum(map(int, words[1:4])) / TICKS


class Account:
    """Used as `with Account(roots) as account`; then account.foreign_cores and account.our_cores."""

    def __init__(self, roots):
        self.roots = roots  # a function: processes come and go
        self.foreign_cores = self.our_cores = 0.0

    def _now(self):
        return time.monotonic(), _all(), _ours(self.roots())

    def __enter__(self):
        self.begin = self._now()
        return self

    def __exit__(self, *_):
        seconds, everybody, ours = (after - before for after, before in zip(self._now(), self.begin))
        self.our_cores = round(ours / seconds, 2)
        self.foreign_cores = round(max(0.0, everybody - ours) / seconds, 2)


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
