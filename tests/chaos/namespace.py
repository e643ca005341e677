# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""A network namespace for one agent, joined to ours by a cable that can be pulled out: packets on it are lost, and
nobody is told. Making it takes root."""
import ctypes
import os
import socket
import subprocess
import threading
import time

from proxy import hang_up

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def ip(*words):
    return subprocess.run(["ip", *map(str, words)], capture_output=True, text=True, check=False)


def can_make():
    """True if this process may make network namespaces."""
    name = f"qf-{os.getpid()}-try"
    made = os.getuid() == 0 and ip("netns", "add", name).returncode == 0
    if made:
        ip("netns", "del", name)
    return made


class Namespace:
    """What listens on `address` outside is reached, through the cable, at 127.0.0.1:`port` inside."""

    def __init__(self, number):
        self.name = f"qf-{os.getpid()}-{number}"
        self.cable = f"qf{os.getpid() % 100000}-{number}"
        net = f"10.{64 + os.getpid() % 128}.{os.getpid() // 128 % 256}"
        self.address = f"{net}.{4 * number + 1}"
        inside = f"{net}.{4 * number + 2}"
        self.port = None
        self.listener = None
        for words in (("netns", "add", self.name),
                      ("link", "add", self.cable, "type", "veth", "peer", "name", "cable", "netns", self.name),
                      ("addr", "add", f"{self.address}/30", "dev", self.cable),
                      ("link", "set", self.cable, "up"),
                      ("-n", self.name, "addr", "add", f"{inside}/30", "dev", "cable"),
                      ("-n", self.name, "link", "set", "cable", "up"),
                      ("-n", self.name, "link", "set", "lo", "up")):
            done = ip(*words)
            assert done.returncode == 0, f"ip {words}: {done.stderr}"

    def relay(self, target_port):
        """From 127.0.0.1 inside to `address`:`target_port` outside; returns the port inside."""
        ready = threading.Event()
        threading.Thread(target=self._serve, args=(target_port, ready), daemon=True).start()
        assert ready.wait(10), "no relay in the namespace"
        return self.port

    def _serve(self, target_port, ready):
        with open(f"/var/run/netns/{self.name}", "rb") as handle:
            assert LIBC.setns(handle.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())  # this thread alone
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        ready.set()
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection((self.address, target_port), timeout=2)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        hang_up(source, sink)
        source.close()
        sink.close()

    def command(self, words):
        """Runs inside what `words` say."""
        return ["ip", "netns", "exec", self.name, *words]

    def part(self, seconds):
        """Pulls the cable out for so long."""
        ip("link", "set", self.cable, "down")
        time.sleep(seconds)
        self.join()

    def join(self):
        ip("link", "set", self.cable, "up")

    def close(self):
        if self.listener:
            self.listener.close()
        ip("link", "del", self.cable)
        ip("netns", "del", self.name)
