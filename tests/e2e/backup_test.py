# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""The procedure of docs/operations.md with real programs: a fleet under load is backed up, goes on, loses its database,
gets the backup back, and carries on. Usage: backup_test.py BIN_DIR"""
import pathlib
import random
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "chaos"))
from chaos import await_end  # noqa: E402
from cluster import Cluster, Postgres  # noqa: E402
from fleet import wait_for  # noqa: E402
from history import NEVER, verdicts  # noqa: E402

MATRIX = HERE.parent / "chaos" / "matrix.yaml"
DATABASE = "backup"


def results(cluster):
    """Block to (epoch, digest) of what is accepted."""
    rows = cluster.postgres.query(DATABASE, "SELECT block_id, epoch, digest FROM block_result")
    return {int(row[0]): (int(row[1]), row[2]) for row in rows}


def grants(cluster):
    """(block, epoch) of every grant there ever was."""
    return {(int(row[0]), int(row[1])) for row in cluster.postgres.query(DATABASE, "SELECT block_id, epoch FROM attempt")}


def database_tool(cluster, program, *arguments):
    conninfo = cluster.postgres.conninfo(DATABASE)
    subprocess.run([cluster.postgres.programs / program, f"--dbname={conninfo}", *map(str, arguments)], check=True)


def spooled(cluster):
    return list(cluster.folder.glob("spool-*/*.report"))


def await_results(cluster, count):
    wait_for(f"{count} results", lambda: len(results(cluster)) >= count)


def lose_database(cluster):
    """Everything of it is gone, while agents run and report to nobody."""
    for coordinator in cluster.coordinators:
        coordinator.kill()
    lost = grants(cluster)
    # Agents finish what they run.
    wait_for("a result that stays in a spool", lambda: spooled(cluster))
    assert cluster.postgres.query("postgres", f"DROP DATABASE {DATABASE} WITH (FORCE)") is not None
    assert cluster.postgres.query("postgres", f"CREATE DATABASE {DATABASE}") is not None
    return lost


def coordinator(cluster, *words):
    return subprocess.run([cluster.bin / "quantfleet-coordinator", *words, "--http=none", "--listen=127.0.0.1:0",
                           f"--database={cluster.postgres.conninfo(DATABASE)}"], capture_output=True, text=True, timeout=60,
                          check=False)


def restore(cluster, file):
    database_tool(cluster, "pg_restore", "--exit-on-error", "--single-transaction", file)
    refused = coordinator(cluster)
    assert refused.returncode == 2 and "'quantfleet-coordinator restored'" in refused.stderr, refused
    done = coordinator(cluster, "restored")
    assert done.returncode == 0 and "40 blocks and " in done.stdout, done
    for program in cluster.coordinators:
        program.start()


def check(cluster, before, lost):
    """`before`: what the backup must hold. `lost`: the grants that were ever made until the database went."""
    now = results(cluster)
    missing = {block: result for block, result in before.items() if now.get(block) != result}
    assert not missing, f"accepted before the backup, and now lost or changed: {missing}"
    for what, sql in NEVER.items():
        if what == "a grant that skipped an epoch":
            continue  # a return from a backup does
        rows = cluster.postgres.query(DATABASE, sql)
        assert not rows, f"{what}: {rows}"
    anew = [(block, epoch) for block, epoch in grants(cluster) if epoch > 1_000_000 or block > 1_000_000_000]
    assert anew and not set(anew) & lost, "a grant of the former life was made again"
    for block, epoch, disposition in verdicts(cluster):
        # A verdict of the former life about what the backup lacks says nothing of this one.
        if int(epoch) > 1_000_000 and disposition == "ACCEPTED":
            assert now[int(block)][0] == int(epoch), (block, epoch)
    return len(anew)


def main():
    postgres = Postgres()
    cluster = Cluster(sys.argv[1], postgres, DATABASE, random.Random(1))
    file = cluster.folder / "quantfleet.dump"
    try:
        first = cluster.client("submit", MATRIX, "--request-id", "first").strip()
        cluster.start_agents()
        await_results(cluster, 8)
        before = results(cluster)
        database_tool(cluster, "pg_dump", "--format=custom", f"--file={file}")
        await_results(cluster, len(before) + 8)
        after_backup = cluster.client("submit", MATRIX, "--request-id", "second").strip()
        await_results(cluster, len(before) + 12)
        lost = lose_database(cluster)
        restore(cluster, file)
        assert await_end(cluster, first)["state"] == "MATRIX_STATE_COMPLETED"
        again = cluster.client("submit", MATRIX, "--request-id", "second").strip()
        assert again != after_backup
        assert await_end(cluster, again)["state"] == "MATRIX_STATE_COMPLETED"
        made = check(cluster, before, lost)
        wait_for("empty spools", lambda: not spooled(cluster))
        told = [disposition for _, _, disposition in verdicts(cluster)]
        print(f"{len(before)} results in the backup, {len(lost)} grants lost or kept, {made} made anew; verdicts: "
              + ", ".join(f"{told.count(word)} {word}" for word in sorted(set(told))))
    finally:
        cluster.close(keep=sys.exc_info()[0] is not None)
        postgres.close()


if __name__ == "__main__":
    main()
