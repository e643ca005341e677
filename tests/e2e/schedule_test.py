#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Schedules and series through real programs: one that is due every minute fires by itself, one fires by hand, what they
measured is a series, and the client's words and exit codes.
Usage: schedule_test.py BIN_DIR"""
import pathlib
import sys
import tempfile

from fleet import Fleet, wait_for

MATRIX = """version: 1
name: tiny
workload: linear
fixed: {seed: 7}
axes: {layer: [{n: 64, k: 64}], batch: [1], format: [fp32, int8]}
baseline: {format: fp32}
targets: [{name: any, where: {kind: cpu}}]
measure: {relative_ci: 10%, min_seconds: 0.01, max_seconds: 0.05, rounds: {min: 5}}
"""


def check_refusals(fleet, file):
    for words in (["schedule", "add", "x", file, "--cron", "61 * * * *"],
                  ["schedule", "add", "x", file, "--cron", "0 2 * * *", "--time-zone", "Mars/Base"],
                  ["schedule", "add", "a b", file, "--cron", "0 2 * * *"],
                  ["schedule", "add", "each-minute", file, "--cron", "0 2 * * *"],
                  ["schedule", "add", "x", file, "--cron", "0 2 * * *", "--misfire", "never"]):
        done = fleet.run(*words, check=False)
        assert done.returncode == 2, (words, done.returncode, done.stderr)
    for verb in ("show", "pause", "resume", "remove", "run"):
        done = fleet.run("schedule", verb, "nobody", check=False)
        assert done.returncode == 3, (verb, done.returncode, done.stderr)


def check_by_hand(fleet, file):
    fleet.run("schedule", "add", "by-hand", file, "--cron", "0 2 1 1 *", "--time-zone", "Europe/Berlin",
              "--overlap", "queue", "--jitter-seconds", "60")
    fleet.run("schedule", "pause", "by-hand")
    matrix = fleet.run("schedule", "run", "by-hand").strip()
    assert fleet.run("watch", matrix, check=False).returncode == 0
    shown = fleet.json("schedule", "show", "by-hand")
    assert shown["schedule"]["state"] == "SCHEDULE_STATE_PAUSED", shown
    assert [(fire["matrixId"], fire["byHand"]) for fire in shown["fires"]] == [(matrix, True)], shown
    assert "nextDueTime" in fleet.json("schedule", "resume", "by-hand")
    fleet.run("schedule", "remove", "by-hand")
    names = [schedule["name"] for schedule in fleet.json("schedule", "list")["schedules"]]
    assert names == ["each-minute"], names


def check_series(fleet, matrix, folder):
    trends = fleet.json("trend", "tiny")["trends"]
    assert len(trends) == 2, trends  # the baseline and int8
    candidate = next(trend for trend in trends if trend["unit"] == "TREND_UNIT_LOG_RATIO")
    assert candidate["labels"]["format"] == "int8" and candidate["points"][0]["anchor"] > 0, candidate
    assert matrix in [point["matrixId"] for point in candidate["points"]], candidate
    assert "1 nights" in fleet.run("trend", candidate["series"]) or candidate["nights"] != 1
    assert "int8" in fleet.run("trend", "tiny") and "int8" in fleet.run("trend", "tiny", "--output", "csv")
    junit = pathlib.Path(folder) / "gate.xml"
    done = fleet.run("gate", "--series", "tiny", "--max-slowdown", "3%", "--junit", junit, check=False)
    assert done.returncode == 1 and "too few nights" in done.stdout, (done.returncode, done.stdout, done.stderr)
    assert 'skipped="1"' in junit.read_text(), junit.read_text()
    for words in (["trend", "nothing"], ["gate", "--series", "nothing", "--max-slowdown", "3%"]):
        assert fleet.run(*words, check=False).returncode == 3, words


def main():
    with Fleet(sys.argv[1]) as fleet, tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "tiny.yaml"
        file.write_text(MATRIX)
        fleet.run("schedule", "add", "each-minute", file, "--cron", "* * * * *")
        check_refusals(fleet, file)
        check_by_hand(fleet, file)
        fires = wait_for("a fire by the clock",
                         lambda: fleet.json("schedule", "show", "each-minute").get("fires"), 90)
        assert fires[0]["dueTime"].endswith(":00Z"), fires
        matrix = wait_for("its matrix", lambda: fleet.json("schedule", "show", "each-minute")["fires"][-1].get("matrixId"))
        assert fleet.run("watch", matrix, check=False).returncode == 0
        assert "schedule:each-minute" in fleet.run("audit")
        check_series(fleet, matrix, folder)
        fleet.run("schedule", "pause", "each-minute")
    print("schedules fire by the clock and by hand")


if __name__ == "__main__":
    main()
