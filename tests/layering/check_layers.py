#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Reads every include and fails on an edge that docs/architecture.md does not have.

"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Room (longest prefix wins) -> rooms it may include, besides itself. `proto` is quantfleet/v1/*.
PURE = ["coordinator/access", "coordinator/matrix", "coordinator/scheduler", "coordinator/analysis", "coordinator/nightly"]
EDGES = {
    "base": [],
    "pki": ["base"],
    "kernels/formats": ["base"],
    "kernels/engine": ["base", "kernels/formats"],
    "kernels/ops": ["base", "kernels/engine", "kernels/formats", "kernels/cpu", "kernels/cuda"],
    "kernels/cpu": ["base", "kernels/engine", "kernels/formats", "kernels/ops"],
    "kernels/cuda": ["base", "kernels/engine", "kernels/formats", "kernels/ops"],
    "kernels": ["base", "kernels"],
    "agent/executor": ["base", "proto"],
    "agent/probe": ["base", "proto", "agent/executor"],
    "agent/spool": ["base", "proto"],
    "agent/session": ["base", "proto", "pki", "agent/executor", "agent/probe", "agent/spool"],
    "agent": ["base", "proto", "pki", "agent"],
    "coordinator/access": ["base", "proto"],
    "coordinator/metrics": ["base"],
    "coordinator/scheduler": ["base", "proto"],
    "coordinator/matrix": ["base", "proto", "coordinator/scheduler"],
    "coordinator/analysis": ["base", "proto"],
    "coordinator/nightly": ["base"],
    "coordinator/postgres": ["base", "proto", *PURE],
    "coordinator/rpc": ["base", "proto", "pki", "coordinator/metrics", "coordinator/postgres", *PURE],
    "coordinator/web": ["base", "proto", "web"],
    "coordinator": ["base", "proto", "pki", "coordinator"],
    "cli": ["base", "proto", "pki", "agent/executor", "agent/probe", "kernels/formats", "web", *PURE],
    "web": ["base"],
    "benchmarks": ["base", "kernels", "proto"],
    "benchmarks/expansion": ["base", "proto", "coordinator/matrix"],
    "benchmarks/trend": ["base", "proto", "coordinator/analysis"],
    "tests": ["base", "proto", "pki", "kernels", "agent", "coordinator", "cli", "web", "benchmarks", "tests"],
}

# Third-party header -> places that may include it.
THIRD_PARTY = [
    (r"^(grpcpp|grpc)/|\.grpc\.pb\.h$", ["coordinator/rpc", "coordinator/main.cpp", "agent/session", "agent/main.cpp", "cli",
                                              "benchmarks/orchestration", "tests"]),
    (r"^pqxx/", ["coordinator/postgres", "tests"]),
    (r"^libpq", ["coordinator/postgres", "tests"]),
    (r"^yaml-cpp/", ["coordinator/matrix", "coordinator/config_file.cpp", "agent/main.cpp", "agent/config", "cli/config", "tests"]),
    (r"^(cuda|cublas|nvml|mma)", ["kernels/cuda", "kernels/ops", "tests/device"]),
    (r"^hwy/", ["kernels/cpu", "kernels/ops", "kernels/formats", "tests"]),
    (r"^(cblas|openblas)", ["kernels/cpu", "kernels/ops", "tests"]),
    (r"^openssl/", ["pki", "tests"]),
    (r"^prometheus/", ["coordinator/metrics"]),
    (r"^date/", ["coordinator/nightly", "tests"]),
    (r"^httplib", ["coordinator/web", "tests"]),
    (r"^ggml", ["benchmarks/engine/ggml_peer.cpp"]),
    (r"^spdlog/", ["base/logging.cpp"]),
    (r"^nlohmann/", ["base/logging.cpp", "kernels", "coordinator", "cli", "agent", "tests", "benchmarks"]),
    (r"^google/protobuf/", ["coordinator", "agent", "cli", "tests"]),
]
# Headers of ours stay light: these may not appear in any .hpp outside tests.
HEAVY = re.compile(r"^(grpcpp/|pqxx/|yaml-cpp/|nlohmann/|hwy/|httplib|prometheus/|spdlog/|boost/|openssl/)")
HEAVY_ALLOWED = re.compile(r"^(coordinator/rpc/|coordinator/postgres/|agent/session/grpc_|cli/client|pki/handles|benchmarks/orchestration/|kernels/ops/.*-inl\.hpp)")

INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]')


def longest(prefixes, path):
    best = ""
    for prefix in prefixes:
        if (path == prefix or path.startswith(prefix + "/")) and len(prefix) > len(best):
            best = prefix
    return best


def allowed(room, target_path):
    if longest([room], target_path):
        return True
    return any(longest([edge], target_path) for edge in EDGES[room])


def check(path, text):
    problems = []
    room = longest(EDGES, path)
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(1)
        where = f"{path}:{number}"
        for pattern, places in THIRD_PARTY:
            if re.search(pattern, target) and not any(path.startswith(p) for p in places):
                problems.append(f"{where}: {target} may only be included in {', '.join(places)}")
        if HEAVY.match(target) and path.endswith(".hpp") and not path.startswith("tests/") \
                and not HEAVY_ALLOWED.match(path):
            problems.append(f"{where}: {target} is too heavy for a header")
        if target.startswith("quantfleet/v1/"):
            target = "proto/" + target
            if room and not allowed(room, "proto") and "proto" not in EDGES[room]:
                problems.append(f"{where}: {room} may not include the protocol")
            continue
        owner = longest(EDGES, target)
        if not owner:
            continue
        if not room:
            problems.append(f"{where}: no room is known for this file")
        elif not allowed(room, target):
            problems.append(f"{where}: {room} may not include {owner} ({target})")
    return problems


def self_test():
    assert check("coordinator/rpc/a.cpp", '#include "kernels/engine/b.hpp"\n')
    assert check("kernels/engine/a.cpp", '#include "quantfleet/v1/arm.pb.h"\n')
    assert check("agent/executor/a.cpp", "#include <grpcpp/grpcpp.h>\n")
    assert check("coordinator/rpc/a.cpp", "#include <pqxx/pqxx>\n")
    assert check("coordinator/matrix/a.hpp", "#include <yaml-cpp/yaml.h>\n")
    assert check("base/a.cpp", '#include "agent/spool/b.hpp"\n')
    assert check("cli/a.cpp", '#include "kernels/engine/b.hpp"\n')
    assert check("cli/a.cpp", "#include <openssl/x509.h>\n")
    assert not check("agent/session/a.cpp", '#include "agent/spool/b.hpp"\n#include "base/ids.hpp"\n')
    assert not check("cli/a.cpp", '#include "coordinator/matrix/matrix.hpp"\n')


def main():
    self_test()
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split()
    sources = [p for p in listed if re.search(r"\.(hpp|cpp|cu|cuh)$", p) and (ROOT / p).exists()]
    problems = []
    for path in sources:
        problems += check(path, (ROOT / path).read_text(encoding="utf-8"))
    print("\n".join(problems))
    print(f"layers: {len(sources)} files, {len(problems)} problems")
    return 1 if problems or len(sources) < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
