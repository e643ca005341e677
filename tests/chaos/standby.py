# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""A streaming standby of a private PostgreSQL, and the two as one address."""
from cluster import Postgres

NAME = "standby"


class Standby(Postgres):
    """Follows `primary` from a base backup."""

    def __init__(self, primary):
        self.primary = primary
        super().__init__()

    def _run(self, program, *arguments):
        if program != "initdb":
            super()._run(program, *arguments)
            return
        connection = f"host={self.primary.directory} user=quantfleet application_name={NAME}"
        super()._run("pg_basebackup", "--dbname", connection, "--write-recovery-conf", "--wal-method=stream",
                     "--checkpoint=fast", "--no-sync", "--create-slot", f"--slot={NAME}")

    def promote(self):
        """Takes writes from now on; returns when it does."""
        self._run("pg_ctl", "promote", "-w")

    def stop(self):
        self._run("pg_ctl", "stop", "-w", "-m", "fast")


class Pair:
    """A primary and its standby as coordinators are told of them. Speaks to whichever takes writes."""
    disk = None

    def __init__(self):
        self.primary = Postgres()
        self.standby = Standby(self.primary)
        self.programs = self.primary.programs

    def conninfo(self, database):
        return (f"host={self.primary.directory},{self.standby.directory} user=quantfleet dbname={database} "
                "target_session_attrs=read-write connect_timeout=2")

    def query(self, database, sql):
        return Postgres.query(self, database, sql)

    def set_synchronous(self, on):
        """Whether a commit waits until the standby has it on disk."""
        name = NAME if on else ""
        assert self.primary.query("postgres", f"ALTER SYSTEM SET synchronous_standby_names = '{name}'") == []
        assert self.primary.query("postgres", "SELECT pg_reload_conf()") == [["t"]]

    def is_synchronous(self):
        rows = self.primary.query("postgres", "SELECT sync_state FROM pg_stat_replication")
        return rows == [["sync"]]

    def close(self):
        self.standby.close()
        self.primary.close()
