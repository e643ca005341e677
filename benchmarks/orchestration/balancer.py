# SPDX-FileCopyrightText: 2026 The Quantfleet Authors
# SPDX-License-Identifier: Apache-2.0
"""One address for several replicas: connections go round, and past those that do not answer."""
import asyncio
import threading


class Balancer:
    """Listens on `port` of loopback. A connection breaks when its replica does."""

    def __init__(self, ports):
        self.ports = ports
        self.turn = 0
        self.port = None
        self.loop = asyncio.new_event_loop()
        self.listening = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.listening.wait()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024))
        self.port = server.sockets[0].getsockname()[1]
        self.listening.set()
        self.loop.run_forever()

    async def _replica(self):
        for _ in self.ports:
            self.turn += 1
            try:
                return await asyncio.open_connection("127.0.0.1", self.ports[self.turn % len(self.ports)])
            except OSError:
                continue  # it is down
        return None

    async def _serve(self, reader, writer):
        replica = await self._replica()
        if replica is None:
            writer.close()
            return
        await asyncio.gather(self._pump(reader, replica[1]), self._pump(replica[0], writer))

    @staticmethod
    async def _pump(source, sink):
        try:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        sink.close()  # one end gone ends the other

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
