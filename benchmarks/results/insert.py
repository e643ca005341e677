#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Times the statement that stores accepted results, as coordinator/postgres/report/result_rows.cpp has it, beside the
one of the schema before (a row a round, no partitions), by turns on one private PostgreSQL. Prints medians of EXPLAIN
ANALYZE in ms and, last, one JSON line. Usage: insert.py [--turns N]."""
import argparse
import json
import pathlib
import random
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "chaos"))
from cluster import Postgres  # noqa: E402  pylint: disable=wrong-import-position

OLD_MIGRATIONS = 10
# Blocks a statement, arms a block, rounds an arm, samples a round, statements a turn.
CASES = [(64, 1, 1, 1, 40), (64, 8, 8, 4, 10), (16, 8, 17, 160, 6)]
OLD_SAMPLES = """
    INSERT INTO sample (block_id, arm_index, round, position, seconds)
    SELECT block_id, arm_index, round, position, seconds::float8[]
    FROM unnest($19::bigint[], $20::integer[], $21::integer[], $22::integer[], $23::text[])
      AS g (block_id, arm_index, round, position, seconds))
"""
BLOCKS = """
INSERT INTO matrix (matrix_id, principal, request_id, name, document, document_sha256, priority, state)
  VALUES ('m', 'p', 'r', 'n', 'd', 's', 0, 'running');
INSERT INTO requirement_class (sha256, requirement) VALUES ('s', '');
"""
BLOCK = """INSERT INTO block (matrix_id, ordinal, class_id, target, arms, spec, state)
  SELECT 'm', n, 1, 't', 1, '', 'done' FROM generate_series(1, {}) AS n; ANALYZE"""


def statements():
    """The statement of the schema before, and ours."""
    text = (ROOT / "coordinator/postgres/report/result_rows.cpp").read_text(encoding="utf-8")
    ours = re.search(r'kInsertResults = R"\((.*?)\)"', text, re.S).group(1)
    head, rest = ours.split("sampled AS (")
    old = head + "sampled AS (" + OLD_SAMPLES + rest[rest.index("  INSERT INTO ratio"):]
    tail = old.index("  INSERT INTO ratio")
    return old[:tail] + re.sub(r"\$(\d+)", lambda m: f"${int(m[1]) - 1}", old[tail:]), ours


def array(values):
    quoted = ('"' + str(value).replace("\\", "\\\\") + '"' for value in values)
    return "'{" + ",".join(quoted) + "}'"


class Inserter:
    """One database and the statement that fits its schema."""

    def __init__(self, postgres, name, migrations, statement, by_round):
        self.postgres, self.name, self.by_round = postgres, name, by_round
        self.postgres.query("postgres", f"CREATE DATABASE {name}")
        for migration in migrations:
            self.run(migration.read_text(encoding="utf-8"))
        self.run(BLOCKS + BLOCK.format(sum(case[0] * case[4] for case in CASES) * 20))
        types = dict(re.findall(r"\$(\d+)::(\w+\[\])", statement))
        listed = ",".join(types[str(i + 1)] for i in range(len(types)))
        self.prepare = f"SET plan_cache_mode = force_custom_plan; PREPARE s ({listed}) AS {statement};\n"
        self.times = {}

    def run(self, sql):
        done = subprocess.run([self.postgres.programs / "psql", "-XAt1q", "-v", "ON_ERROR_STOP=1", "-d",
                               self.postgres.conninfo(self.name), "-f", "-"], input=sql, capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def samples(self, arms, rounds, samples, rng):
        seconds = lambda count: "{" + ",".join(repr(1e-4 * (1 + 0.01 * rng.random())) for _ in range(count)) + "}"
        if self.by_round:
            rows = [(block, arm, number) for block, arm in arms for number in range(rounds)]
            return [*map(array, zip(*rows)), array([0] * len(rows)), array([seconds(samples) for _ in rows])]
        listed = lambda values: array(["{" + ",".join(map(str, values)) + "}"] * len(arms))
        return [*map(array, zip(*arms)), listed(range(rounds)), listed([0] * rounds), listed([samples] * rounds),
                array([seconds(samples * rounds) for _ in arms])]

    def insert(self, case, first, rng):
        blocks, arms_each, rounds, samples, _ = case
        ids = range(first, first + blocks)
        arms = [(block, arm) for block in ids for arm in range(arms_each)]
        same = lambda value, count: array([value] * count)
        n = len(arms)
        values = [array(ids), same(1, blocks), same("d" * 64, blocks), same("run", blocks), same("session", blocks),
                  same(1.5, blocks), same("\\x" + "ab" * 600, blocks), *map(array, zip(*arms)),
                  array([f"arm_{block}_{arm}" for block, arm in arms]), same("ARM_ROLE_CANDIDATE", n), same("nf4", n),
                  same("fused", n), same("OUTCOME_MEASURED", n), same("GRADE_A", n), same("0.001", n), same(123, n),
                  same("\\x" + "cd" * 400, n), *self.samples(arms, rounds, samples, rng), *map(array, zip(*arms)),
                  *[same(0.9, n)] * 4, same("VERDICT_FASTER", n), same("", n), same(rounds, n)]
        return f"EXPLAIN (ANALYZE, TIMING OFF, SUMMARY) EXECUTE s ({','.join(values)});\n"

    def turn(self, case, first):
        rng = random.Random(first)
        said = self.run(self.prepare + "".join(self.insert(case, first + i * case[0], rng) for i in range(case[4])))
        self.times.setdefault(case, []).extend(map(float, re.findall(r"Execution Time: ([\d.]+)", said)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    turns = parser.parse_args().turns
    assert turns <= 20
    migrations = sorted((ROOT / "schemas/postgres").glob("0*.sql"))
    before, after = statements()
    postgres = Postgres()
    try:
        both = [Inserter(postgres, "before", migrations[:OLD_MIGRATIONS], before, True),
                Inserter(postgres, "after", migrations, after, False)]
        first, figures = 1, []
        for case in CASES:
            for turn in range(turns):
                for inserter in both if turn % 2 else reversed(both):
                    inserter.turn(case, first)
                first += case[0] * case[4]
            old, new = (statistics.median(inserter.times[case]) for inserter in both)
            figures.append({"blocks": case[0], "arms": case[1], "rounds": case[2], "samples": case[3],
                            "before_ms": old, "after_ms": new, "ratio": round(new / old, 3)})
            print(f"{case[0]} blocks of {case[1]} arms, {case[2]} rounds of {case[3]}: {old:.2f} ms before, "
                  f"{new:.2f} ms after, ratio {new / old:.2f}", flush=True)
        sizes = [int(both[i].run(f"SELECT pg_total_relation_size('{table}')"))
                 for i, table in enumerate(("sample", "arm_samples_0"))]
        print(f"samples on disk: {sizes[0] / 1e6:.0f} MB before, {sizes[1] / 1e6:.0f} MB after")
        print(json.dumps({"inserts": figures, "sample_bytes": sizes}))
    finally:
        postgres.close()


if __name__ == "__main__":
    main()
