#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""A primary with a synchronous streaming standby under a working fleet. Comparisons come from the standby, never without
what was accepted before the call, and from the primary while the standby is behind or away. Then the primary is killed
and the standby promoted: coordinators with both in their connection string go on, and nothing that was accepted is
lost. Usage: standby_test.py BIN_DIR"""
import json
import pathlib
import random
import re
import subprocess
import sys
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from chaos import await_end  # noqa: E402  pylint: disable=wrong-import-position
from cluster import Cluster, Program  # noqa: E402  pylint: disable=wrong-import-position
from fleet import wait_for  # noqa: E402  pylint: disable=wrong-import-position
from history import Observer, check  # noqa: E402  pylint: disable=wrong-import-position
from standby import Pair  # noqa: E402  pylint: disable=wrong-import-position

DATABASE = "standby"


class Reader:
    """A coordinator that reads from the standby, and whose metrics say so."""

    def __init__(self, cluster, pair):
        self.cluster = cluster
        self.files = [cluster.folder / "reader.port", cluster.folder / "reader.http"]
        self.program = Program([
            cluster.bin / "quantfleet-coordinator", f"--database={pair.conninfo(DATABASE)}",
            f"--database-replica={pair.standby.conninfo(DATABASE)}", "--listen=127.0.0.1:0", "--http=127.0.0.1:0",
            f"--port-file={self.files[0]}", f"--http-port-file={self.files[1]}"], cluster.folder / "reader.log")
        wait_for("the reader's ports", lambda: all(file.exists() for file in self.files))
        self.port, self.http = (file.read_text().strip() for file in self.files)

    def client(self, *words):
        return subprocess.run([self.cluster.bin / "quantfleet", "--address", f"127.0.0.1:{self.port}", *words],
                              capture_output=True, text=True, timeout=60, check=False)

    def blocks_compared(self, identity):
        done = self.client("compare", identity, "--output", "json")
        assert done.returncode == 0, done.stderr
        return {row["blockId"] for row in json.loads(done.stdout).get("rows", [])}

    def reads(self, source):
        """Reads so far from `source`, "standby" or "primary"."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/metrics", timeout=10) as page:
            return int(re.search(rf'quantfleet_reads_total{{from="{source}"}} (\d+)', page.read().decode())[1])


def accepted(pair, identity):
    rows = pair.query(DATABASE, "SELECT block_id FROM block_result JOIN block USING (block_id) "
                                f"WHERE matrix_id = '{identity}'")
    return {row[0] for row in rows}


def compare(reader, pair, identity, source):
    """Compares once: all that was accepted before is in it, and it came from `source`."""
    before, count = accepted(pair, identity), reader.reads(source)
    missing = before - reader.blocks_compared(identity)
    assert not missing, f"accepted before the comparison and not in it: {missing}"
    assert reader.reads(source) == count + 1, f"not answered by the {source}"
    return len(before)


def await_growth(pair, identity, more):
    target = len(accepted(pair, identity)) + more
    wait_for(f"{target} results", lambda: len(accepted(pair, identity)) >= target)


def read_from_standby(reader, pair, identity):
    for _ in range(10):
        compare(reader, pair, identity, "standby")
    assert reader.client("list").returncode == 0
    assert reader.client("compare", "mtx_none").returncode == 3, "what the standby does not know is not there"


def read_while_it_is_behind(reader, pair, identity):
    assert pair.standby.query(DATABASE, "SELECT pg_wal_replay_pause()") is not None
    await_growth(pair, identity, 3)
    compare(reader, pair, identity, "primary")
    assert pair.standby.query(DATABASE, "SELECT pg_wal_replay_resume()") is not None


def read_while_it_is_away(reader, pair, identity):
    pair.set_synchronous(False)
    pair.standby.stop()
    compare(reader, pair, identity, "primary")
    await_growth(pair, identity, 1)
    compare(reader, pair, identity, "primary")
    pair.standby.start()
    pair.set_synchronous(True)
    wait_for("the standby", pair.is_synchronous)

    def back():
        count = reader.reads("standby")
        reader.blocks_compared(identity)
        return reader.reads("standby") > count
    wait_for("reads from the standby again", back)


def fail_over(cluster, pair, reader, identity):
    """Kills the primary while results are on their way."""
    standby = f"--database={pair.standby.conninfo(DATABASE)}"
    refused = subprocess.run([cluster.bin / "quantfleet-coordinator", standby, "--listen=127.0.0.1:0", "--http=none"],
                             capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 5 and "read-only" in refused.stderr, refused
    await_growth(pair, identity, 2)
    pair.primary.crash()
    away = reader.client("list")
    assert away.returncode == 5, away
    pair.standby.promote()
    wait_for("an answer", lambda: reader.client("list").returncode == 0)


def main():
    pair = Pair()
    cluster = reader = None
    try:
        pair.set_synchronous(True)
        wait_for("the standby", pair.is_synchronous)
        cluster = Cluster(sys.argv[1], pair, DATABASE, random.Random(1))
        first, second = (cluster.client("submit", HERE / "matrix.yaml", "--request-id", name).strip()
                         for name in ("first", "second"))
        reader = Reader(cluster, pair)
        cluster.start_agents()
        observer = Observer(pair, DATABASE)
        observer.start()
        await_growth(pair, first, 4)
        read_from_standby(reader, pair, first)
        read_while_it_is_behind(reader, pair, first)
        read_while_it_is_away(reader, pair, first)
        third = cluster.client("submit", HERE / "matrix.yaml", "--request-id", "third").strip()
        before = accepted(pair, second) | accepted(pair, first)
        await_end(cluster, first)
        fail_over(cluster, pair, reader, third)
        for identity in (first, second, third):
            assert await_end(cluster, identity)["state"] == "MATRIX_STATE_COMPLETED"
            compare(reader, pair, identity, "primary")
        observer.stop()
        violations, figures = check(cluster, observer)
        assert not violations, violations
        lost = before - accepted(pair, second) - accepted(pair, first)
        assert not lost, lost
        print(f"{len(observer.seen)} results accepted, none lost; {reader.reads('standby')} reads from the standby, "
              f"{reader.reads('primary')} from the primary; {figures}")
    finally:
        if reader:
            reader.program.kill()
        if cluster:
            cluster.close(keep=sys.exc_info()[0] is not None)
        pair.close()


if __name__ == "__main__":
    main()
