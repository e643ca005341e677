# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the database holds what the simulated agents were told, once each, and nothing contradicts itself."""
import subprocess

import servers  # noqa: F401  it makes the chaos tests' modules known
from history import NEVER

# Of a run that was stopped before its blocks were over.
ONLY_AT_THE_END = {"a stuck block", "an attempt without an end"}
# Cancelling fences running blocks by an epoch that nobody is granted.
NOT_AFTER_CANCEL = {"a grant that skipped an epoch"}
# Each lists what must not be, the agents' verdicts in the table `told`.
NEVER_TOLD = {
    "told accepted, and not stored under that epoch": """
        SELECT t.block_id, t.epoch FROM told t LEFT JOIN block_result r USING (block_id, epoch)
        WHERE t.disposition IN ('ACCEPTED', 'DUPLICATE') AND r.block_id IS NULL""",
    "an open attempt without its lease": """
        SELECT a.block_id, a.epoch FROM attempt a LEFT JOIN lease l USING (block_id, epoch)
        WHERE a.end_time IS NULL AND l.block_id IS NULL""",
    "told accepted twice": """
        SELECT block_id, count(*) FROM told WHERE disposition = 'ACCEPTED' GROUP BY block_id HAVING count(*) > 1""",
    "a valid result of ours that was rejected or unknown": """
        SELECT block_id, disposition FROM told WHERE disposition IN ('REJECTED', 'UNKNOWN_BLOCK', 'UNSPECIFIED')""",
}
# Only if every answer arrived: an answer that was lost stands nowhere.
NEVER_UNTOLD = {
    "stored, and nobody was told": """
        SELECT r.block_id, r.epoch FROM block_result r
        WHERE NOT EXISTS (SELECT 1 FROM told t WHERE t.block_id = r.block_id AND t.epoch = r.epoch)"""}
SHOWN = 5


def check(bench, database, verdicts, all_answered, drained=False, cancelled=False):
    """Violations, as lines; empty if all is well. `drained`: every block should be over; `cancelled`: a matrix was."""
    left_out = (set() if drained else ONLY_AT_THE_END) | (NOT_AFTER_CANCEL if cancelled else set())
    queries = {what: sql for what, sql in NEVER.items() if what not in left_out}
    queries.update(NEVER_TOLD)
    if all_answered:
        queries.update(NEVER_UNTOLD)
    script = ["CREATE TEMP TABLE told (block_id bigint, epoch bigint, disposition text);"]
    script += [f"\\copy told FROM '{path}'" for path in verdicts]
    script.append("ANALYZE told;")
    for what, sql in queries.items():
        script.append(f"SELECT '{what}', count(*) OVER (), v.* FROM ({sql}) AS v LIMIT {SHOWN};")
    done = subprocess.run([bench.postgres.programs / "psql", "-XAtq", "-F", " ", "-v", "ON_ERROR_STOP=1", "-d",
                           bench.postgres.conninfo(database)], input="\n".join(script), capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
