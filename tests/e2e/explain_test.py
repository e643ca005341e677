#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""A matrix with explain: true through a real coordinator, agent and engine: the parts are measured, never compared,
and each arm has a ledger whose terms and residual are its difference. Usage: explain_test.py BIN_DIR"""
import csv
import io
import pathlib
import sys

import fleet

HERE = pathlib.Path(__file__).resolve().parent
BLOCKS, CANDIDATES, PARTS = 2, 3, 2 + 1 + 3 + 3


def submit(up, path):
    identity = up.run("submit", path).strip()
    up.run("watch", identity, timeout=300)
    return identity


def check_rows(rows):
    parts = [row for row in rows if row["arm"]["role"] == "ARM_ROLE_ABLATION"]
    assert len(parts) == BLOCKS * PARTS, f"{len(parts)} parts"
    assert len(rows) == len(parts) + BLOCKS * (CANDIDATES + 2)
    for row in parts:
        kernel, measured = row["arm"]["spec"]["kernel"], row["measurement"]
        assert measured["outcome"] == "OUTCOME_MEASURED", f"{kernel}: {measured.get('reason')}"
        assert "ratio" not in row, f"{kernel} is compared"
        if kernel != "ablation_dense":
            assert "error" not in measured, f"{kernel} has an output"
    return {(row["blockId"], row["arm"]["index"]) for row in parts}


def check_ledger(ledger, parts):
    """True if it has terms: an overloaded machine gives grades that nothing is computed from."""
    spec = ledger["arm"]["spec"]
    name = f"{spec['format']} {spec['kernel']} at {spec['linear']['batch']}"
    assert ledger["sentences"], name
    if ledger["state"] == "LEDGER_STATE_INCOMPLETE":
        assert "has grade" in ledger["reason"], f"{name}: {ledger['reason']}"
        return False
    terms = {term["kind"].removeprefix("LEDGER_TERM_KIND_"): term for term in ledger["terms"]}
    seconds = {kind: term.get("seconds", 0) for kind, term in terms.items()}
    residual, difference = ledger.get("residualSeconds", 0), ledger["differenceSeconds"]
    assert abs(sum(seconds.values()) + residual - difference) < 1e-12, f"{name}: {seconds} {residual} {difference}"
    share = abs(residual) / max(abs(difference), ledger["floorSeconds"])
    assert abs(share - ledger.get("residualShare", 0)) < 1e-9, name
    assert (ledger["state"] == "LEDGER_STATE_CLOSED") == (share <= 0.15), name
    for kind, term in terms.items():
        assert term.get("low", 0) <= term.get("seconds", 0) <= term.get("high", 0), f"{name}: {kind}"
        for index in term["armIndices"]:
            assert (ledger["blockId"], index) in parts, f"{name}: {kind} comes from arm {index}"
    assert (seconds["MATERIALIZE"] == 0) == (spec["kernel"] == "fused"), name
    print(f"{name}: {ledger['state'].removeprefix('LEDGER_STATE_').lower()}, residual {100 * share:.0f} %")
    return True


def check_verb(up, identity, ledgers):
    text = up.run("explain", identity)
    for ledger in ledgers:
        for sentence in ledger["sentences"]:
            assert sentence in text, sentence
    narrowed = up.json("explain", identity, "--arm", "nf4 fused")
    assert len(narrowed["ledgers"]) == BLOCKS and "rows" not in narrowed
    assert "ablation_unpack" in up.run("explain", identity, "--arm", "nf4 fused") or not any(
        "terms" in ledger for ledger in narrowed["ledgers"])
    lines = list(csv.DictReader(io.StringIO(up.run("explain", identity, "--output", "csv"))))
    assert sum(line["term"] == "difference" for line in lines) == len(ledgers)
    assert up.run("explain", identity, "--arm", "q9", check=False).returncode == 3
    assert "Where the time goes" in up.run("compare", identity)
    assert "LEDGER_STATE_" in up.run("export", identity, "--format", "html")


def check_policy(up, identity):
    """Each pick is a kernel that was measured beside the other one, and its cost is theirs."""
    choices = up.json("explain", identity, "--policy", "bitsandbytes-0.49")["choices"]
    assert len(choices) == BLOCKS, choices
    for choice in choices:
        batch = int(choice["batch"])
        assert choice["kernel"] == ("fused" if batch == 1 else "dequantize_then_gemm"), choice
        if choice["verdict"] == "VERDICT_NOT_COMPARABLE":
            assert "measured well" in choice["verdictReason"], choice
            continue
        assert choice["costLow"] <= choice["cost"] <= choice["costHigh"], choice
        assert (choice["verdict"] == "VERDICT_SAME") == (choice["kernel"] == choice["fastestKernel"]), choice
    text = up.run("explain", identity, "--policy", "all")
    assert "bitsandbytes-0.49 on" in text and "asks for a CUDA device" in text, text
    unknown = up.run("explain", identity, "--policy", "bitsandbytes", check=False)
    assert unknown.returncode == 3 and "bitsandbytes-0.50" in unknown.stderr, unknown.stderr
    assert up.run("explain", identity, "--policy", "marlin", check=False).returncode == 1


def main():
    with fleet.Fleet(sys.argv[1]) as up:
        identity = submit(up, HERE / "explain.yaml")
        comparison = up.json("compare", identity)
        parts = check_rows(comparison["rows"])
        ledgers = comparison["ledgers"]
        assert len(ledgers) == BLOCKS * CANDIDATES, f"{len(ledgers)} ledgers"
        told = sum(check_ledger(ledger, parts) for ledger in ledgers)
        check_verb(up, identity, ledgers)
        check_policy(up, identity)
        plain = up.data / "plain.yaml"
        plain.write_text((HERE / "explain.yaml").read_text().replace("explain: true", "explain: false"))
        without = up.run("explain", submit(up, plain), check=False)
        assert without.returncode == 1 and "explain: true" in without.stderr, without.stderr
    print(f"{told} of {len(ledgers)} arms have terms")


if __name__ == "__main__":
    main()
