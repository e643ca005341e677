#!/usr/bin/python3 -IS
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""An engine that measures nothing: it takes about 0.2 s a block, and its numbers are of no meaning. Its device is
named by $QUANTFLEET_FAKE_DEVICE. A block of batch $QUANTFLEET_FAKE_POISON kills the agent. With
$QUANTFLEET_FAKE_CROSSOVER candidates are faster than the baseline below that batch, and slower above. Speaks proto/quantfleet/v1/engine.proto."""
import json
import os
import random
import signal
import sys
import time

if "--version" in sys.argv:
    print("quantfleet-engine 0.0.0 (fake)")
    sys.exit()

POISON = os.environ.get("QUANTFLEET_FAKE_POISON")
CROSSOVER = os.environ.get("QUANTFLEET_FAKE_CROSSOVER")
NAME = os.environ.get("QUANTFLEET_FAKE_DEVICE", "fake")


def say(**event):
    print(json.dumps(event), flush=True)


def describe():
    device = {"uid": NAME, "kind": "DEVICE_KIND_CPU", "selector": "cpu", "name": "A fake", "threads": 1,
              "deviceClass": "cpu/fake/1t"}
    say(description={"devices": [{"device": device, "fingerprint": {"values": {"engine.pid": str(os.getpid())}}}]})


def measurement(index, arm):
    base = 1e-3 * (1 + random.random())
    noise = [1 + 1e-3 * number for number in range(6)]
    if CROSSOVER:
        candidate = arm["role"] == "ARM_ROLE_CANDIDATE"
        base = 1e-3 * ((arm["spec"]["linear"]["batch"] / float(CROSSOVER)) ** 0.3 if candidate else 1)
        noise = [random.lognormvariate(0, 0.002) for _ in range(12)]
    rounds = [{"number": number, "position": index, "seconds": [base * factor]} for number, factor in enumerate(noise)]
    return {"armIndex": index, "armId": arm["armId"], "outcome": "OUTCOME_MEASURED", "grade": "GRADE_A",
            "kernelUsed": "none", "weightBytes": "4096", "rounds": rounds,
            "summary": {"samples": len(rounds), "medianSeconds": base * 1.0025}}


def run(block):
    arms = block["arms"]
    if str(arms[0]["spec"]["linear"]["batch"]) == POISON:
        os.kill(os.getppid(), signal.SIGKILL)
    for step in range(4):
        say(progress={"armIndex": step % len(arms), "phase": "measure", "fraction": step / 4})
        time.sleep(random.uniform(0.02, 0.08))
    for index, arm in enumerate(arms):
        say(measurement=measurement(index, arm))


for line in sys.stdin:
    request = json.loads(line)
    if "describe" in request:
        describe()
    elif "calibrate" in request:
        say(ceilings={"dramReadBytesPerSecond": 1e10})
    elif "run" in request:
        run(request["run"]["block"])
    else:
        continue  # a cancel: the run is short, and is over by now
    say(done={})
