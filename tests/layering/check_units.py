#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Fails on a systemd unit in deploy/systemd that gives a program of ours a flag it does not take. Usage:
check_units.py BIN_DIR"""
import pathlib
import re
import subprocess
import sys

UNITS = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "systemd"


def flags_of(help_text):
    return set(re.findall(r"--[a-z-]+", help_text))


def check(name, unit, help_of):
    """`help_of(program)`: what the program says of itself."""
    commands = re.findall(r"^ExecStart=(\S+)(.*)$", unit, re.MULTILINE)
    problems = [] if commands else [f"{name}: starts nothing"]
    for program, words in commands:
        known = flags_of(help_of(pathlib.PurePath(program).name))
        problems += [f"{name}: {program} takes no {flag}" for flag in flags_of(words) if flag not in known]
    return problems


def main():
    assert check("a", "ExecStart=/usr/bin/x --no-such 1\n", lambda _: "--config FILE") and check("a", "", None)
    assert not check("a", "ExecStart=/usr/bin/x --config f\n", lambda _: "--config FILE")
    bin_dir = pathlib.Path(sys.argv[1])
    run = lambda program: subprocess.run([bin_dir / program, "--help"], check=True, capture_output=True, text=True).stdout
    units = sorted(UNITS.glob("*.service"))
    problems = [p for unit in units for p in check(unit.name, unit.read_text(encoding="utf-8"), run)]
    print("\n".join(problems))
    print(f"units: {len(units)} files, {len(problems)} problems")
    return 1 if problems or not units else 0


if __name__ == "__main__":
    sys.exit(main())
