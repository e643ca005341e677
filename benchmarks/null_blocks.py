#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Verdicts on blocks whose arms are all the same: how often does noise pass for a difference?

Runs blocks of three identical arms (baseline, null, candidate) through the engine, judges each by
`quantfleet judge`, and counts. A verdict of "faster" or "slower" is false here.
Usage: null_blocks.py [--blocks 200] [--format q4_0] [--bin build/bin]
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

POLICY = {"relativeInterval": 0.01, "confidence": 0.95, "minSeconds": 0.05, "maxSeconds": 0.3,
          "minSamples": 10, "minRounds": 8, "maxRounds": 1000}


def block(number, kernel_format, seed):
    roles = ["ARM_ROLE_BASELINE", "ARM_ROLE_NULL", "ARM_ROLE_CANDIDATE"]
    spec = {"workload": "linear", "format": kernel_format, "kernel": "auto", "cache": "cold", "seed": 7,
            "linear": {"n": 1024, "k": 1024, "batch": 1}}
    arms = [{"index": i, "armId": "a" * 64, "spec": spec, "role": role} for i, role in enumerate(roles)]
    return {"run": {"block": {"blockId": str(number), "arms": arms, "policy": POLICY, "orderSeed": seed}}}


def measurements(engine, request):
    engine.stdin.write(json.dumps(request) + "\n")
    engine.stdin.flush()
    found = {}
    for line in engine.stdout:
        event = json.loads(line)
        if "error" in event:
            sys.exit(f"null_blocks: the engine says: {event['error']}")
        if "measurement" in event:
            found[event["measurement"].get("armIndex", 0)] = event["measurement"]
        if "done" in event:
            return found
    sys.exit("null_blocks: the engine ended early")


def verdict(client, found):
    """What `quantfleet judge` says of the candidate against the baseline, with the null beside them."""
    rounds = [{r.get("number", 0): r["seconds"] for r in found[i]["rounds"]} for i in range(3)]
    paired = sorted(set(rounds[0]) & set(rounds[1]) & set(rounds[2]))
    samples = {name: [rounds[i][number] for number in paired]
               for i, name in enumerate(["baseline", "null", "arm"])}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(samples, file)
        file.flush()
        answer = subprocess.run([client, "judge", file.name, "--output", "json"], capture_output=True,
                                text=True, check=False)
    if not answer.stdout:
        sys.exit(f"null_blocks: judge says: {answer.stderr}")
    return json.loads(answer.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=200)
    parser.add_argument("--format", default="q4_0")
    parser.add_argument("--bin", default="build/bin")
    options = parser.parse_args()
    programs = pathlib.Path(options.bin)
    engine = subprocess.Popen([programs / "quantfleet-engine", "--device", "cpu", "--threads", "1"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    counts = collections.Counter()
    for number in range(options.blocks):
        answer = verdict(programs / "quantfleet", measurements(engine, block(number, options.format, number)))
        counts[answer.get("verdict", "VERDICT_UNSPECIFIED").removeprefix("VERDICT_").lower()] += 1
    engine.stdin.close()
    engine.wait()
    for name, count in counts.most_common():
        print(f"{name:16} {count:5} {100 * count / options.blocks:6.1f} %")
    print(json.dumps({"blocks": options.blocks, "format": options.format, "verdicts": counts}))


if __name__ == "__main__":
    main()
