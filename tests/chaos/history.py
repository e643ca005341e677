# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Reads what happened in a run, while it happens and afterwards, and says which promise was broken."""
import collections
import json
import threading

# Each query lists what must not be: its rows are the violations.
NEVER = {
    "a block whose rows contradict each other": """
        SELECT b.block_id, b.state FROM block b LEFT JOIN ready q USING (block_id) LEFT JOIN lease l USING (block_id)
        LEFT JOIN block_result r USING (block_id)
        WHERE (b.state = 'ready') <> (q.block_id IS NOT NULL) OR (b.state = 'leased') <> (l.block_id IS NOT NULL)
           OR (b.state = 'done') <> (r.block_id IS NOT NULL) OR l.epoch <> b.epoch""",
    "a stuck block": "SELECT block_id, state FROM block WHERE state NOT IN ('done', 'failed')",
    "an attempt without an end": "SELECT block_id, epoch FROM attempt WHERE end_time IS NULL",
    "a result that is not of the one accepted attempt": """
        SELECT b.block_id FROM block b LEFT JOIN attempt a ON a.block_id = b.block_id AND a.outcome = 'accepted'
        LEFT JOIN block_result r ON r.block_id = b.block_id AND r.epoch = a.epoch
        WHERE b.state = 'done' GROUP BY b.block_id HAVING count(a.*) <> 1 OR count(r.*) <> 1""",
    "an accepted attempt of a block that is not done": """
        SELECT a.block_id FROM attempt a JOIN block b USING (block_id)
        WHERE a.outcome = 'accepted' AND b.state <> 'done'""",
    "a block whose measurements are not one an arm": """
        SELECT b.block_id FROM block b LEFT JOIN measurement m USING (block_id) WHERE b.state = 'done'
        GROUP BY b.block_id HAVING count(m.*) <> b.arms OR count(DISTINCT m.arm_id || m.role) <> b.arms""",
    "a grant that skipped an epoch": """
        SELECT block_id FROM attempt JOIN block b USING (block_id)
        GROUP BY block_id, b.epoch HAVING count(*) <> b.epoch""",
    "a block given up without cause": """
        SELECT b.block_id, b.reason FROM block b LEFT JOIN attempt a USING (block_id) WHERE b.state = 'failed'
        GROUP BY b.block_id HAVING count(DISTINCT a.session_id) FILTER (WHERE a.outcome = 'lost') < 3
                               AND count(*) FILTER (WHERE a.outcome = 'failed') < 3""",
}


class Observer:
    """Notes accepted results as they appear: what was there once must stay, whatever crashes next."""

    def __init__(self, postgres, database):
        self.postgres = postgres
        self.database = database
        self.seen = {}
        self.violations = []
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def start(self):
        self.thread.start()

    def look(self):
        rows = self.postgres.query(self.database, "SELECT block_id, epoch, digest FROM block_result")
        if rows is None:
            return
        now = {row[0]: tuple(row[1:]) for row in rows}
        for block, result in self.seen.items():
            if now.get(block) != result:
                self.violations.append(f"an accepted result was lost or changed: block {block}, {result} became "
                                       f"{now.get(block)}")
        self.seen.update(now)

    def _watch(self):
        while not self.ending.wait(0.2):
            self.look()

    def stop(self):
        self.ending.set()
        self.thread.join()
        self.look()


def verdicts(cluster):
    """(block, epoch, disposition) of every verdict that an agent lived to write down."""
    found = []
    for agent in cluster.agents:
        for line in agent.log.read_text(errors="replace").splitlines():
            if '"reported"' not in line:
                continue
            try:
                said = json.loads(line)
            except ValueError:
                continue  # cut off by a kill
            found.append((str(said["block"]), str(said["epoch"]), said["disposition"].removeprefix("DISPOSITION_")))
    return found


def check(cluster, observer):
    """Violations as lines, and what the run was made of."""
    query = lambda sql: cluster.postgres.query(cluster.database, sql)
    violations = list(dict.fromkeys(observer.violations))
    for what, sql in NEVER.items():
        violations += [f"{what}: {' '.join(row)}" for row in query(sql)]
    stored = {row[0]: row[1] for row in query("SELECT block_id, epoch FROM block_result")}
    # A report of a failure is told ACCEPTED as well.
    failed = {tuple(row) for row in query("SELECT block_id, epoch FROM attempt WHERE outcome = 'failed'")}
    told = [verdict for verdict in verdicts(cluster) if verdict[:2] not in failed]
    for block, epoch, disposition in told:
        if disposition in ("ACCEPTED", "DUPLICATE") and stored.get(block) != epoch:
            violations.append(f"block {block}: an agent was told {disposition} under epoch {epoch}, stored is "
                              f"{stored.get(block)}")
    accepted = collections.Counter(block for block, _, disposition in told if disposition == "ACCEPTED")
    violations += [f"block {block}: {count} agents were told ACCEPTED" for block, count in accepted.items()
                   if count > 1]
    counts = dict(query("SELECT coalesce(outcome, 'open'), count(*) FROM attempt GROUP BY 1"))
    figures = {
        "grants": sum(map(int, counts.values())), "lost": int(counts.get("lost", 0)),
        "failed": int(counts.get("failed", 0)),
        "duplicate": sum(disposition == "DUPLICATE" for _, _, disposition in told),
        "late": int(query("SELECT count(*) FROM late_result")[0][0]),
        "given_up": int(query("SELECT count(*) FROM block WHERE state = 'failed'")[0][0])}
    return violations, figures
