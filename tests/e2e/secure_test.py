# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""Real programs with TLS: an authority, a coordinator, people with certificates and tokens, an agent that enrols."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "chaos"))
from cluster import Postgres, Program, free_port  # noqa: E402
from fleet import wait_for  # noqa: E402


class Secure:
    def __init__(self, bin_dir, postgres):
        self.bin = pathlib.Path(bin_dir).resolve()
        self.postgres = postgres
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="quantfleet-secure."))
        self.pki = self.folder / "pki"
        self.port, self.agent_port = free_port(), free_port()
        self.secrets = []

    def client(self, *words, identity="", token="", expect=0):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("QUANTFLEET_")}
        environment["QUANTFLEET_ADDRESS"] = f"127.0.0.1:{self.port}"
        if identity:
            environment["QUANTFLEET_IDENTITY"] = str(identity)
        if token:
            environment["QUANTFLEET_TOKEN"] = token
        done = subprocess.run([self.bin / "quantfleet", *map(str, words)], env=environment, text=True,
                              capture_output=True, check=False, timeout=120)
        assert done.returncode == expect, (words, done.returncode, done.stdout, done.stderr)
        return (done.stdout if expect == 0 else done.stderr).strip()

    def issue(self, role, name):
        return self.client("pki", "issue", role, name, "--dir", self.pki)

    def start_coordinator(self, server):
        return Program([self.bin / "quantfleet-coordinator", f"--database={self.postgres.conninfo('secure')}",
                        f"--listen=127.0.0.1:{self.port}", f"--agent-listen=127.0.0.1:{self.agent_port}",
                        f"--tls={server}", "--http=none", f"--port-file={self.folder / 'port'}"],
                       self.folder / "coordinator.log")

    def start_agent(self, *more):
        return Program([self.bin / "quantfleet-agent", "--name=gpu-7", f"--coordinator=127.0.0.1:{self.agent_port}",
                        f"--enrol-address=127.0.0.1:{self.port}", f"--identity={self.folder / 'agent'}",
                        f"--engine={HERE.parent / 'chaos' / 'fake_engine.py'}", "--devices=cpu", "--share-host",
                        f"--spool={self.folder / 'spool'}", *more], self.folder / "agent.log")

    def open_sessions(self, identity):
        sessions = json.loads(self.client("fleet", "--output", "json", identity=identity)).get("sessions", [])
        return [s for s in sessions if s["state"] == "SESSION_STATE_OPEN" and s["agentName"] == "gpu-7"]

    def token(self, name, role, identity):
        secret = self.client("token", "create", name, "--role", role, identity=identity)
        self.secrets.append(secret)
        return secret


def people(secure, admin, nobody):
    secure.client("list", expect=5)  # plain
    secure.client("list", identity=nobody, expect=4)
    secure.client("list", identity=nobody, token="qft_00000000000000000000000000", expect=4)
    viewer = secure.token("vera", "viewer", admin)
    secure.client("list", identity=nobody, token=viewer)
    refused = secure.client("submit", HERE.parent / "chaos" / "matrix.yaml", identity=nobody, token=viewer, expect=4)
    request = re.search(r"\(request (req_\w{26})\)", refused).group(1)
    assert f'request="{request}"' in (secure.folder / "coordinator.log").read_text(encoding="utf-8"), request
    secure.client("token", "list", identity=nobody, token=viewer, expect=4)
    listed = json.loads(secure.client("token", "list", "--output", "json", identity=admin))["tokens"]
    secure.client("token", "revoke", listed[0]["tokenId"], identity=admin)
    secure.client("list", identity=nobody, token=viewer, expect=4)


def agent(secure, admin, nobody):
    identity = secure.folder / "agent"
    shutil.copytree(nobody, identity)
    file = secure.folder / "enrol"
    file.write_text(secure.token("gpu-7", "agent", admin) + "\n", encoding="utf-8")
    file.chmod(0o600)
    first = secure.start_agent(f"--enrol-token-file={file}")
    wait_for("the agent's session", lambda: secure.open_sessions(admin))
    assert (identity / "agent.key").stat().st_mode & 0o777 == 0o600
    first.kill()
    second = secure.start_agent()  # without the token: the certificate is there
    submitter = secure.token("sue", "submitter", admin)
    matrix = secure.client("submit", HERE.parent / "chaos" / "matrix.yaml", identity=nobody, token=submitter)
    secure.client("watch", matrix, identity=admin)
    secure.client("fleet", "revoke", "gpu-7", identity=admin)
    wait_for("the revoked agent's end", lambda: second.process.poll() is not None)
    assert second.process.returncode == 4, second.process.returncode
    second.log.read_text(encoding="utf-8").index("revoked")


def main(bin_dir):
    postgres = Postgres()
    programs = []
    try:
        assert postgres.query("postgres", "CREATE DATABASE secure") is not None
        secure = Secure(bin_dir, postgres)
        secure.client("pki", "init", "--dir", secure.pki)
        programs.append(secure.start_coordinator(secure.issue("server", "127.0.0.1")))
        wait_for("the coordinator", (secure.folder / "port").exists)
        admin = secure.issue("admin", "ada")
        nobody = secure.folder / "nobody"
        nobody.mkdir(mode=0o700)
        shutil.copy(secure.pki / "ca.crt", nobody)
        people(secure, admin, nobody)
        agent(secure, admin, nobody)
        audit = json.loads(secure.client("audit", "--output", "json", identity=admin))["entries"]
        done = {entry["action"] for entry in audit}
        assert {"CreateToken", "CreateEnrolmentToken", "RevokeToken", "Enrol", "SubmitMatrix", "RevokeAgent"} <= done, done
        logs = "".join(path.read_text(encoding="utf-8") for path in secure.folder.glob("*.log"))
        assert "agent enrolled" in logs and not [s for s in secure.secrets if s in logs]
        shutil.rmtree(secure.folder)
        print(f"{len(audit)} audited changes, {len(secure.secrets)} secrets in no log")
    finally:
        for program in programs:
            program.kill()
        postgres.close()


if __name__ == "__main__":
    main(sys.argv[1])
