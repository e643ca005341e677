#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Fails on a source that clang-format 14 (Debian 12's) would change, and on one without the licence lines."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split()
    sources = [p for p in listed if re.search(r"\.(hpp|cpp|cu|cuh)$", p) and (ROOT / p).exists()]
    version = subprocess.run(["clang-format", "--version"], check=True, capture_output=True, text=True).stdout
    if " 14." not in version:
        print(f"format: needs clang-format 14, found {version.strip()}")
        return 1
    problems = [p + ": no SPDX licence line" for p in sources
                if "SPDX-License-Identifier" not in (ROOT / p).read_text(encoding="utf-8")[:400]]
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *sources], cwd=ROOT,
                          capture_output=True, text=True)
    if done.returncode != 0:
        problems += sorted({line.split(":")[0] + ": not formatted (make format)"
                            for line in done.stderr.splitlines() if ": error:" in line})
    print("\n".join(problems))
    print(f"format: {len(sources)} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
