#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Keeps files and folders small: the 95th percentile of source files at most 400 lines, none above 700, no folder
with more than 14 source pairs, and none of the names that collect everything."""
import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BANNED = re.compile(r"(^|/)(utils?|common|misc|helpers?)(/|\.|_)")


def main():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split()
    sources = [p for p in listed if re.search(r"\.(hpp|cpp|cu|cuh|ts|py|sh)$", p) and (ROOT / p).exists()]
    lengths = sorted((len((ROOT / p).read_text(encoding="utf-8").splitlines()), p) for p in sources)
    p95 = lengths[int(0.95 * (len(lengths) - 1))][0]
    problems = [f"{path}: {count} lines, at most 700" for count, path in lengths if count > 700]
    if p95 > 400:
        problems.append(f"95th percentile of file length is {p95} lines, at most 400")
    problems += [f"{path}: the name says nothing" for path in listed if BANNED.search(path)]
    stems = collections.defaultdict(set)
    for path in sources:
        parent = str(pathlib.PurePath(path).parent)
        stems[parent].add(pathlib.PurePath(path).name.split(".")[0])
    problems += [f"{folder}: {len(names)} nouns in one folder, at most 14"
                 for folder, names in stems.items() if len(names) > 14 and not folder.startswith("tests")]
    print("\n".join(problems))
    print(f"sizes: {len(sources)} files, p95 {p95} lines, longest {lengths[-1][1]} with {lengths[-1][0]}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
