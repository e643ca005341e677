# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Puts a million ready blocks into a database by SQL: copies of a block that the coordinator made. It is the load that
is of interest here; how fast the coordinator itself takes a large matrix is the expansion's own row."""
import subprocess


def _columns(bench, database, table, but):
    rows = bench.postgres.query(database, f"""
        SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped
          AND attname NOT IN ({', '.join(f"'{name}'" for name in but)})""")
    return rows[0][0]


def smallest_block(bench):
    """The bytes, as hexadecimal digits, of a block of one arm."""
    done = subprocess.run([bench.build / "tests/fleet_simulator", "--print-block"], capture_output=True, text=True,
                          check=True)
    return done.stdout.strip()


def preload(bench, database, port, blocks, classes):
    """One matrix of so many ready blocks of one arm, dealt out over `classes` device classes. Returns its id."""
    matrix = bench.submit(port, bench.write_document("preload", classes))
    query = lambda sql: bench.postgres.query(database, sql)
    query(f"UPDATE block SET arms = 1, spec = '\\x{smallest_block(bench)}' WHERE matrix_id = '{matrix}'")
    block = _columns(bench, database, "block", ["block_id", "ordinal"])
    ready = _columns(bench, database, "ready", ["block_id"])
    # The foreign keys hold by construction: checking them a row at a time would take most of the time.
    query(f"""
        SET session_replication_role = replica;
        INSERT INTO block (ordinal, {block})
        SELECT t.ordinal + {classes} * copy, {block}
        FROM generate_series(1, {blocks // classes - 1}) AS copy, block t
        WHERE t.matrix_id = '{matrix}' AND t.ordinal < {classes};
        INSERT INTO ready (block_id, {ready})
        SELECT b.block_id, {', '.join('r.' + name for name in ready.split(', '))}
        FROM block b JOIN block t ON t.matrix_id = b.matrix_id AND t.class_id = b.class_id AND t.ordinal < {classes}
        JOIN ready r ON r.block_id = t.block_id
        WHERE b.matrix_id = '{matrix}' AND b.ordinal >= {classes};
        UPDATE matrix SET blocks_open = {blocks // classes * classes} WHERE matrix_id = '{matrix}';""")
    settle(bench, database)
    return matrix


def settle(bench, database):
    """What autovacuum and the checkpointer would do in time, now: each row begins alike."""
    bench.postgres.query(database, "VACUUM ANALYZE")
    bench.postgres.query(database, "CHECKPOINT")
