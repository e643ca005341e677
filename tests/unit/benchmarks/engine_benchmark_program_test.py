#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmark of the engine without a peer on a tiny shape. Usage: PROGRAM"""
import json
import subprocess
import sys

PROGRAM = sys.argv[1]


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=100)


def check_measures():
    done = run("--formats", "fp32,nf4,no_such_format", "--shapes", "128x256", "--batch", "1,40",
               "--threads", "1,2", "--seconds", "0.05")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert "peer" not in report
    assert [section["threads"] for section in report["sections"]] == [1, 2]
    for section in report["sections"]:
        assert section["dramReadBytesPerSecond"] > 1e8
        rows = {(row["format"], row["batch"]): row for row in section["rows"]}
        assert len(rows) == 6
        for batch in (1, 40):
            fp32, nf4 = rows["fp32", batch], rows["nf4", batch]
            assert (fp32["weightBytes"], nf4["weightBytes"]) == (128 * 256 * 4, 128 * 256 * 9 // 16)
            for row in (fp32, nf4):
                assert row["ours"]["normalizedError"] < 1e-10, row
                assert 0 < row["ours"]["bestSeconds"] <= row["ours"]["medianSeconds"]
                assert len(row["ours"]["roundSeconds"]) >= 10
                assert ("dramShare" in row) == (batch == 1)
            missing = rows["no_such_format", batch]
            assert "ours" not in missing and "no side has the format" in missing["note"]
    assert done.stdout.count("missing") >= 4


def check_refuses():
    for arguments, words in [(["--shapes", "12"], "NxK"), (["--threads", "0"], "--threads"),
                             (["--fromats", "nf4"], "--fromats"), (["--seconds"], "--help")]:
        done = run(*arguments)
        assert done.returncode == 2, (arguments, done)
        assert words in done.stderr and done.stderr.count("\n") == 1, done.stderr


def check_needs_whole_blocks():
    done = run("--formats", "nf4", "--shapes", "3x7", "--batch", "1", "--threads", "1", "--seconds", "0.05")
    row = json.loads(done.stdout.splitlines()[-1])["sections"][0]["rows"][0]
    assert done.returncode == 0 and "ours" not in row and row["note"], row


if __name__ == "__main__":
    check_measures()
    check_refuses()
    check_needs_whole_blocks()
