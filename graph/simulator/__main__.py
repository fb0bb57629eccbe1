"""`python -m graph.simulator`: Meta on this machine."""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from graph.simulator.courier import Courier, fetch, post_form
from graph.simulator.shell import Server
from graph.simulator.simulator import Simulator


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    server = Server((options.host, options.port))
    simulator = Simulator(
        options.state,
        fetch=fetch,
        post=post_form,
        public_url=(options.public_url or server.url).rstrip("/"),
        background=True,
        hosts=(options.host, *options.allow_host),
    )
    if options.world and simulator.world.is_empty:
        simulator.load(json.loads(Path(options.world).read_text(encoding="utf-8")))
    _serve(simulator, server)
    return 0


def _serve(simulator: Simulator, server: Server) -> None:
    server.simulator = simulator
    courier = Courier(simulator.outbox)
    simulator.deliver = courier.deliver
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: threading.Thread(target=server.shutdown).start())
    courier.start()
    print(f"Meta, simulated: {server.url}/ (Facebook /fb, Instagram /ig)", flush=True)
    server.serve_forever(poll_interval=0.05)
    courier.stop()
    simulator.close()


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m graph.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--state", default=":memory:", metavar="PATH", help="SQLite file that keeps everything")
    parser.add_argument("--world", metavar="FILE.json", help="who exists; read on the first start only")
    parser.add_argument("--public-url", metavar="URL", help="how others reach this process, for image URLs")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="a Host header to accept as well"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # threads that sit out a slow answer must not delay the end
