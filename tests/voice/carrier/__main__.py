"""Run the carrier: ``python -m tests.voice.carrier``; it ends when its standard input does."""

from __future__ import annotations

import argparse
import asyncio
import ssl
import sys
import threading

from tests.voice.carrier.server import serve


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--certificate", default="", help="Serve TLS with this PEM file.")
    options = parser.parse_args()
    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate)

    def ready(port: int) -> None:
        print(port, flush=True)  # noqa: T201 - how whoever started it learns the port

    async def run() -> None:
        task = asyncio.ensure_future(serve(options.port, ready=ready, ssl=context))
        loop = asyncio.get_running_loop()

        def wait_for_the_parent() -> None:
            sys.stdin.buffer.read()
            loop.call_soon_threadsafe(task.cancel)

        threading.Thread(target=wait_for_the_parent, daemon=True).start()
        try:
            await task
        except asyncio.CancelledError:
            return

    asyncio.run(run())


if __name__ == "__main__":
    main()
