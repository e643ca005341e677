# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""A made-up fleet's comparison, in the protobuf JSON of quantfleet.v1, with hostile texts in every place that a person
or an agent can write."""

import hashlib

HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1><!--<script>"
LAYERS = {"gpt2/attn.c_attn": (2304, 768), "gpt2/attn.c_proj": (768, 768), "gpt2/mlp.c_fc": (3072, 768), HOSTILE: (768, 3072)}
BATCHES = [1, 2, 4, 8, 16, 32, 64]
BITS = {"fp32": 32.0, "bf16": 16.0, "int8": 8.03, "nf4": 4.5}
ERROR = {"fp32": 2.1e-7, "bf16": 1.7e-3, "int8": 7.4e-3, "nf4": 0.0936}
# Class -> name, bytes a second, operations a second, cost of unpacking one weight in seconds.
CLASSES = {
    "cpu/amd-epyc-9r14/1t": ("AMD EPYC 9R14", 19.4e9, 92.0e9, 0.9e-10),
    "cpu/amd-epyc-9r14/2t": ("AMD EPYC 9R14", 31.2e9, 171.0e9, 0.35e-10),
}
MATRIX_ID = "mtx_0123456789abcdefghjkmnpqrs"


def noise(*parts):
    """The same few percent for the same parts, as a factor."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return 1 + 0.03 * (digest[0] / 127.5 - 1)


def seconds_of(layer, batch, weight_format, kernel, device_class):
    _, dram, peak, unpack = CLASSES[device_class]
    n, k = LAYERS[layer]
    read = n * k * BITS[weight_format] / 8 / dram
    multiply = 2 * n * k * batch / peak
    decode = n * k * unpack * {"fp32": 0.0, "bf16": 0.2, "int8": 0.35, "nf4": 1.0}[weight_format]
    if kernel == "dequantize_then_gemm":
        total = 3e-6 + read + decode + 2 * n * k * 4 / (4 * dram) + multiply
    else:
        total = 3e-6 + read + multiply + decode * (1 + batch / 8)
    return total * noise(layer, batch, weight_format, kernel, device_class)


def verdict_of(low, high, effect):
    if high < 1 / (1 + effect):
        return "VERDICT_FASTER"
    if low > 1 + effect:
        return "VERDICT_SLOWER"
    return "VERDICT_SAME" if low > 1 / (1 + effect) and high < 1 + effect else "VERDICT_AMBIGUOUS"


def ratio_of(ratio, batch, role):
    effect = 0.02 + 0.06 / batch
    spread = 0.012 if role == "ARM_ROLE_NULL" else 0.015 + 0.07 / batch
    low, high = ratio / (1 + spread), ratio * (1 + spread)
    found = {"ratio": ratio, "low": low, "high": high, "minimumDetectableEffect": effect, "rounds": 8,
             "verdict": verdict_of(low, high, effect)}
    if found["verdict"] == "VERDICT_AMBIGUOUS":
        found["reason"] = "the interval reaches across 1; more rounds would decide " + HOSTILE
    return found


def row_of(device_class, layer, batch, index, weight_format, kernel, role):
    name, dram, peak, _ = CLASSES[device_class]
    n, k = LAYERS[layer]
    median = seconds_of(layer, batch, weight_format, kernel, device_class)
    base = seconds_of(layer, batch, "fp32", "auto", device_class)
    weight_bytes = int(n * k * BITS[weight_format] / 8)
    moved = weight_bytes + 4 * batch * (n + k)
    ordinal = BATCHES.index(batch) + len(BATCHES) * list(LAYERS).index(layer)
    capped = batch == 64
    row = {
        "deviceClass": device_class, "deviceName": name, "sessionId": "ses_" + device_class[-2:], "target": "every-device",
        "arm": {"index": index, "armId": f"{ordinal:064x}", "role": role,
                "spec": {"workload": "linear", "format": weight_format, "kernel": kernel, "cache": "cold", "seed": 7,
                         "linear": {"n": n, "k": k, "batch": batch}},
                "labels": {"layer": layer, "batch": str(batch), "format": weight_format, "kernel": kernel}},
        "measurement": {
            "armIndex": index, "outcome": "OUTCOME_MEASURED", "kernelUsed": "dense" if kernel == "auto" else kernel,
            "summary": {"samples": 120, "medianSeconds": median, "medianLowSeconds": median * 0.994,
                        "medianHighSeconds": median * 1.007},
            "error": {"kernelRelative": 1e-6, "outputRelative": ERROR[weight_format], "cosine": 0.9999},
            "weightBytes": str(weight_bytes), "bitsPerWeight": BITS[weight_format], "movedBytes": str(moved),
            "operations": str(2 * n * k * batch), "grade": "GRADE_B" if capped else "GRADE_A",
            "gradeReasons": ["time_cap"] if capped else []},
        "dramFraction": min(moved / median / dram, 1.0), "matrixFraction": 2 * n * k * batch / median / peak,
        "blockId": f"blk_{device_class[-2:]}_{ordinal}"}
    if role != "ARM_ROLE_BASELINE":
        row["ratio"] = ratio_of(1.0004 if role == "ARM_ROLE_NULL" else median / base, batch, role)
    return row


def spoil(row, outcome, reason, verdict):
    """Makes a measured row one that failed."""
    row["measurement"] = {"armIndex": row["arm"]["index"], "outcome": outcome, "reason": reason}
    row["ratio"] = {"verdict": verdict, "reason": reason}
    row.pop("dramFraction")
    row.pop("matrixFraction")


def crossovers_of(device_class):
    found = []
    for layer in LAYERS:
        for weight_format in ("bf16", "int8", "nf4"):
            found.append({
                "deviceClass": device_class, "deviceName": CLASSES[device_class][0], "axis": "batch", "axisMin": 1,
                "axisMax": 64, "kind": "CROSSOVER_KIND_STOPS_WINNING", "target": "every-device",
                "labels": {"layer": layer, "format": weight_format, "kernel": "fused"},
                "flips": [{"from": 8, "to": 16, "winsAtFrom": True, "estimate": 11.3, "low": 9.8, "high": 12.9}],
                "predicted": {"breakEven": 21, "sentence": f"the ceilings alone let {weight_format} win up to batch 21"},
                "sentence": f"{weight_format} fused on {layer} is faster than fp32 up to batch 11.3 "
                            "(interval 9.8 to 12.9), not from batch 16 on."})
    return found


def ledger_of(device_class, batch, closed):
    """Of nf4 fused on the first layer: the terms and the residual are the difference."""
    layer = list(LAYERS)[0]
    n, k = LAYERS[layer]
    terms = {"READ": -8e-5, "UNPACK": 5e-5 * batch, "MATERIALIZE": 0, "MATRIX": 1e-5, "LAUNCH": 0}
    residual = 1e-6 if closed else 4e-4
    return {
        "blockId": f"blk_{device_class[-2:]}_{BATCHES.index(batch)}", "deviceClass": device_class,
        "deviceName": CLASSES[device_class][0], "target": "every-device",
        "arm": {"index": 7, "role": "ARM_ROLE_CANDIDATE",
                "spec": {"workload": "linear", "format": "nf4", "kernel": "fused", "linear": {"n": n, "k": k, "batch": batch}},
                "labels": {"layer": layer, "batch": str(batch), "format": "nf4", "kernel": "fused"}},
        "state": "LEDGER_STATE_CLOSED" if closed else "LEDGER_STATE_NOT_EXPLAINED",
        "reason": "" if closed else "a residual " + HOSTILE, "differenceSeconds": sum(terms.values()) + residual,
        "terms": [{"kind": "LEDGER_TERM_KIND_" + kind, "seconds": seconds} for kind, seconds in terms.items()],
        "residualSeconds": residual, "residualShare": 0.01 if closed else 0.9,
        "causes": [{"kind": "LEDGER_CAUSE_KIND_DECODE_BOUND", "evidence": "unpacking " + HOSTILE}]}


def part_of(device_class):
    """An ablation arm, which no table compares."""
    row = row_of(device_class, list(LAYERS)[0], 1, 8, "nf4", "ablation_read", "ARM_ROLE_ABLATION")
    row.pop("ratio")
    row["measurement"].pop("error")
    return row


def session_of(device_class):
    name, dram, peak, _ = CLASSES[device_class]
    return {
        "sessionId": "ses_" + device_class[-2:],
        "device": {"uid": "cpu-" + device_class[-2:], "kind": "DEVICE_KIND_CPU", "name": name, "deviceClass": device_class,
                   "architecture": "x86_64", "features": ["avx2", "avx512_bf16"], "threads": int(device_class[-2]),
                   "memoryBytes": str(24 << 30), "cacheBytes": str(32 << 20), "selector": "cpu"},
        "fingerprint": {"values": {"cpu.governor": "performance", "kernel.release": "6.1.0", "agent.note": HOSTILE}},
        "ceilings": {"dramReadBytesPerSecond": dram, "cacheReadBytesPerSecond": dram * 6.1,
                     "matrixOperationsPerSecond": {"fp32": peak, "bf16": peak * 1.9}, "launchSeconds": 2.3e-6}}


def comparison():
    arms = [("fp32", "auto", "ARM_ROLE_BASELINE"), ("fp32", "auto", "ARM_ROLE_NULL")]
    arms += [(f, k, "ARM_ROLE_CANDIDATE") for f in ("bf16", "int8", "nf4") for k in ("dequantize_then_gemm", "fused")]
    rows = [row_of(device_class, layer, batch, index, *arm)
            for device_class in CLASSES for layer in LAYERS for batch in BATCHES for index, arm in enumerate(arms)]
    spoil(rows[-1], "OUTCOME_INVALID", "output error 0.31 is above 0.20", "VERDICT_INVALID")
    spoil(rows[-2], "OUTCOME_CRASHED", "the engine died: " + HOSTILE, "VERDICT_NOT_COMPARABLE")
    rows += [part_of(device_class) for device_class in CLASSES]
    return {"matrixId": MATRIX_ID, "matrixName": "quickstart " + HOSTILE, "schemaVersion": 2,
            "sessions": [session_of(c) for c in CLASSES], "rows": rows,
            "crossovers": [x for c in CLASSES for x in crossovers_of(c)],
            "ledgers": [ledger_of(c, batch, batch == 1) for c in CLASSES for batch in BATCHES[:2]]}


def matrices(version=7, done=20):
    return {"matrices": [
        {"matrixId": MATRIX_ID, "name": "quickstart " + HOSTILE, "state": "MATRIX_STATE_RUNNING", "principal": "local",
         "createTime": "2026-03-01T09:30:00Z", "blocksTotal": 56, "blocksReady": 55 - done, "blocksLeased": 1,
         "blocksDone": done, "armsMeasured": done * 8, "armsTotal": 448, "secondsLeft": 75.0, "version": str(version),
         "running": ["blk_1t_20 on cpu/amd-epyc-9r14/1t " + HOSTILE], "waiting": ["no device matches target a100"]},
        {"matrixId": "mtx_old", "name": "nightly", "state": "MATRIX_STATE_COMPLETED", "principal": "local",
         "createTime": "2026-02-28T02:00:00Z", "blocksTotal": 8, "blocksDone": 8, "armsMeasured": 64, "armsTotal": 64,
         "version": "31"}]}


def fleet():
    sessions = []
    for i, device_class in enumerate(CLASSES):
        session = session_of(device_class)
        session.update({"agentName": f"agent-{i} {HOSTILE}", "agentVersion": "0.1.0", "hostId": "host-a",
                        "labels": {"site": HOSTILE}, "state": "SESSION_STATE_OPEN", "createTime": "2026-03-01T09:00:00Z",
                        "lastSeenTime": "2026-03-01T09:31:00Z"})
        sessions.append(session)
    sessions[0].update({"blockId": "blk_1t_20", "fraction": 0.4})
    sessions[1].update({"notLeasingReason": "disk full", "spooledResults": 2})
    return {"sessions": sessions}
