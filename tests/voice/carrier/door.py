"""The carrier's listening socket, which can let callers wait."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable


class Door:
    """Accepts connections while it is open.

    While it is shut, the kernel ignores attempts to connect, as a network does that loses packets:
    a client waits in ``connect()`` and gets through once the door is open again. Connections that
    exist remain.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        make: Callable[[], asyncio.Protocol],
        *,
        port: int,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._loop = loop
        self._make = make
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", port), backlog=1024)
        self._socket.setblocking(False)
        self._occupant: socket.socket | None = None
        self._arriving: set[asyncio.Task[object]] = set()
        self.port = int(self._socket.getsockname()[1])
        loop.add_reader(self._socket, self._accept)

    def set(self, *, is_open: bool) -> None:
        """Open or shut the door."""
        if is_open and self._occupant is not None:
            self._occupant.close()
            self._occupant = None
            self._socket.listen(1024)
            self._loop.add_reader(self._socket, self._accept)
        elif not is_open and self._occupant is None:
            self._loop.remove_reader(self._socket)
            # Room for one, which is taken at once.
            self._socket.listen(0)
            self._occupant = socket.create_connection(("127.0.0.1", self.port))

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                client, _ = self._socket.accept()
                client.setblocking(False)
                task: asyncio.Task[object] = self._loop.create_task(self._connect(client))
                self._arriving.add(task)
                task.add_done_callback(self._arriving.discard)

    async def _connect(self, client: socket.socket) -> None:
        # A client that gives up during the handshake is no fault.
        with contextlib.suppress(OSError):
            await self._loop.connect_accepted_socket(self._make, client, ssl=self._tls)
