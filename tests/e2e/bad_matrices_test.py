#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Every bad matrix of the corpus, and a few too large to keep, through the real client: exit 2, lines of the form
file:line:column: message, nothing on stdout. Usage: bad_matrices_test.py BIN_DIR"""
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests/unit/coordinator/matrix/bad"
LINE = re.compile(r"^[^:]+:[1-9][0-9]*:[1-9][0-9]*: \S.*$")


def large(folder):
    """Documents that are made, not kept: 5 MB, a deep nest, an alias bomb."""
    head = "version: 1\nname: large\n"
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10))
    made = {"five_megabytes.yaml": head + "# padding\n" * 500000, "deep.yaml": head + "axes: " + "[" * 5000,
            "alias_bomb.yaml": head + bomb}
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in made]


def check(program, path):
    start = time.monotonic()
    done = subprocess.run([program, "validate", path], capture_output=True, text=True, timeout=30, errors="replace")
    seconds = time.monotonic() - start
    assert done.returncode == 2, f"{path.name}: exit {done.returncode}, {done.stderr}"
    assert not done.stdout, f"{path.name}: stdout {done.stdout}"
    lines = done.stderr.splitlines()
    assert lines, f"{path.name}: no diagnostic"
    for line in lines:
        assert LINE.match(line), f"{path.name}: not file:line:column: message: {line}"
    return seconds, lines[0]


def main():
    program = pathlib.Path(sys.argv[1]) / "quantfleet"
    with tempfile.TemporaryDirectory() as folder:
        files = sorted(CORPUS.glob("*.yaml")) + large(pathlib.Path(folder))
        assert len(files) >= 20, f"only {len(files)} bad matrices"
        results = {path.name: check(program, path) for path in files}
    for name, (seconds, line) in results.items():
        print(f"{seconds * 1000:6.0f} ms  {name:34} {line[:110]}")
    print(f"{len(results)} bad matrices refused, slowest {max(s for s, _ in results.values()):.3f} s")


if __name__ == "__main__":
    main()
