#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""The client over a link that takes longer to connect than it waits between two attempts. Usage: slow_link_test.py
BIN_DIR"""
import pathlib
import socket
import sys
import threading
import time

from fleet import Fleet

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "chaos"))
from proxy import hang_up  # noqa: E402  pylint: disable=wrong-import-position

SECONDS = 2.5  # a handshake over a slow link, or with a machine that is busy


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    hang_up(source, sink)


def serve(listener, address):
    """Each connection is taken at once and gets through to `address` so much later."""
    while True:
        client, _ = listener.accept()

        def relay(client=client):
            time.sleep(SECONDS)  # the slow link itself
            server = socket.create_connection(address)
            threading.Thread(target=pump, args=(server, client), daemon=True).start()
            pump(client, server)
        threading.Thread(target=relay, daemon=True).start()


def main():
    with Fleet(sys.argv[1]) as fleet, socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = fleet.address.rsplit(":", 1)
        threading.Thread(target=serve, args=(listener, (host, int(port))), daemon=True).start()
        slow = f"127.0.0.1:{listener.getsockname()[1]}"
        done = fleet.run("--address", slow, "list", check=False)
        assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    main()
