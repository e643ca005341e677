# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""How soon an idle agent among many gets a block, and how long a busy agent's Sync takes."""
import time

from accounts import Account
from checks import check
from preload import preload
from servers import errors_of

CLASSES = 4


def milliseconds(quantiles):
    return {name: round(1000 * quantiles[name], 2) for name in ("p50", "p99", "max")}


def row(what, quantiles, account, told, violations):
    return {"what": what, "count": quantiles["count"], **{f"{name}_ms": value for name, value in
                                                          milliseconds(quantiles).items()},
            **account.cores(), "errors": errors_of(told), "violations": violations}


def idle_rows(bench, settings):
    """All agents wait; now and then a matrix of one block is submitted, which any of them may have."""
    database = bench.new_database("idle")
    coordinator = bench.start_coordinator(database)
    verdicts = bench.folder / f"verdicts-{database}"
    fleet = bench.fleet([coordinator.port], agents=settings["agents"], classes=1, verdicts=verdicts,
                        warm_up=settings["warm_up"], submit=bench.write_document("one", 1),
                        submit_every=settings["every"], submissions=settings["submissions"])
    time.sleep(settings["warm_up"])  # the fleet submits nothing before
    with Account(bench.roots) as account:
        fleet.until(lambda progress: progress["accepted"] >= settings["submissions"],
                    4 * settings["every"] * settings["submissions"])
    told = fleet.finish()
    violations = check(bench, database, [verdicts], all_answered=True)
    if told["counts"].get("ACCEPTED", 0) != settings["submissions"]:
        violations.append(f"{told['counts'].get('ACCEPTED', 0)} of {settings['submissions']} blocks were reported")
    bench.stop_all()
    bench.drop_database(database)
    seconds = told["seconds"]
    agents = settings["agents"]
    return [row(f"{agents} idle agents: Submit acknowledged to grant arrived", seconds["grant_after_acknowledgement"],
                account, told, violations),
            row(f"{agents} idle agents: Submit called to grant arrived", seconds["grant_after_submit_call"], account,
                told, [])]


def busy_row(bench, settings):
    """All agents run blocks and call Sync as often as the coordinator asks."""
    database = bench.new_database("busy")
    coordinator = bench.start_coordinator(database)
    preload(bench, database, coordinator.port, 20 * settings["agents"], CLASSES)
    verdicts = bench.folder / f"verdicts-{database}"
    fleet = bench.fleet([coordinator.port], agents=settings["agents"], classes=CLASSES, verdicts=verdicts,
                        run_seconds=10, ramp_seconds=settings["warm_up"], warm_up=settings["warm_up"])
    time.sleep(settings["warm_up"])
    with Account(bench.roots) as account:
        time.sleep(settings["busy_seconds"])  # what is measured: a stretch of time
    told = fleet.finish()
    violations = check(bench, database, [verdicts], all_answered=True)
    bench.stop_all()
    bench.drop_database(database)
    return row(f"{settings['agents']} busy agents: round trip of a Sync", told["seconds"]["sync_busy"], account, told,
               violations)


def run(bench, settings):
    return {"title": "Latency of Sync", "rows": idle_rows(bench, settings) + [busy_row(bench, settings)]}
