"""Run the carrier until its standard input is closed; the first line printed is the port."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import signal
import ssl
import sys

from tests.voice.carrier.api import Carrier
from tests.voice.carrier.connection import Connection
from tests.voice.carrier.door import Door


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until told to stop."""
    loop = asyncio.get_running_loop()
    carrier = Carrier(loop, seed=arguments.seed, key=arguments.key)
    tls = None
    if arguments.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(arguments.certificate, arguments.private_key)
    carrier.door = Door(
        loop, lambda: Connection(carrier.handle, loop), port=arguments.port, tls=tls
    )
    sys.stdout.write(f"{carrier.door.port}\n")
    sys.stdout.flush()
    stopped = asyncio.Event()

    def read_input() -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            stopped.set()

    # The parent's end of the pipe closes when the parent dies, so this process never outlives it.
    with contextlib.suppress(PermissionError):
        loop.add_reader(sys.stdin.fileno(), read_input)
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.voice.carrier", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--key", default="test-key")
    parser.add_argument("--certificate", default="")
    parser.add_argument("--private-key", default="")
    arguments = parser.parse_args()
    # A ledger of hundreds of thousands of rows has no reference cycles worth collecting.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(arguments))


if __name__ == "__main__":
    main()
