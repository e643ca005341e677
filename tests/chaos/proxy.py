# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""A network between one agent and the coordinators that loses, holds back and repeats what passes. A fault that takes
`seconds` sleeps for them: they are how long it lasts."""
import socket
import threading
import time

KEPT_BYTES = 1 << 20


def hang_up(*ends):
    """Ends connections both ways; whoever reads from them notices."""
    for end in ends:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is over already


class Proxy:
    """Listens on `port`; each connection goes to a coordinator that `choose()` names by its port."""

    def __init__(self, choose, host="127.0.0.1"):
        self.choose = choose
        self.listener = socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]
        self.flowing = threading.Event()
        self.flowing.set()
        self.losing = False
        self.parted = False
        self.lock = threading.Lock()
        self.open = []
        self.recordings = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.choose()), timeout=2)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            recording = bytearray()
            with self.lock:
                self.open = [pair for pair in self.open if pair[0].fileno() >= 0] + [(client, server)]
                self.recordings = self.recordings[-20:] + [recording]
            for pair in ((client, server, recording), (server, client, None)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source, sink, recording):
        try:
            while data := source.recv(65536):
                self.flowing.wait()
                if self.parted:
                    continue  # nothing arrives, and nobody is told
                if recording is None and self.losing:
                    continue  # the answer is lost, its effect is not
                if recording is not None and len(recording) < KEPT_BYTES:
                    recording += data
                sink.sendall(data)
        except OSError:
            pass
        hang_up(source, sink)
        source.close()
        sink.close()

    def cut(self):
        """Ends every connection."""
        with self.lock:
            for pair in self.open:
                hang_up(*pair)
            self.open = []

    def lose_answers(self, seconds):
        """Requests arrive and answers do not; then the connections break."""
        self.losing = True
        time.sleep(seconds)
        self.cut()
        self.losing = False

    def part(self, seconds):
        """Nothing passes either way and both ends believe that they are connected; then the connections break."""
        self.parted = True
        time.sleep(seconds)
        self.cut()
        self.parted = False

    def hold(self, seconds):
        """Nothing passes for a while, then everything at once."""
        self.flowing.clear()
        time.sleep(seconds)
        self.flowing.set()

    def repeat(self, random):
        """Sends a former connection again, whole: late copies of every call that it carried, in a fresh order
        among those of the others. False if there was none."""
        with self.lock:
            known = [bytes(recording) for recording in self.recordings if recording]
        if not known:
            return False
        try:
            with socket.create_connection(("127.0.0.1", self.choose()), timeout=2) as server:
                server.sendall(random.choice(known))
                server.settimeout(0.5)
                while server.recv(65536):
                    pass  # answers to nobody
        except OSError:
            pass
        return True

    def close(self):
        self.flowing.set()
        self.listener.close()
        self.cut()
