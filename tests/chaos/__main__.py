"""`python -m tests.chaos`: everything breaks, on both engines, and every message still arrives once or says why not.

One JSON line for each engine on stdout, progress and what went wrong on stderr. Ends with 1 where a promise was broken.
"""

import argparse
import json
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.chaos.course import LONG, SHORT, Size
from tests.chaos.run import Run

POSTGRES = "postgres://postgres@127.0.0.1:5432/postgres"


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    # Whoever ends us lets us end what we started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    size = SHORT if options.short else LONG
    print(f"seed {options.seed}", file=sys.stderr)
    engines = [options.engine] if options.engine else ["sqlite", "postgres"]

    def one(engine: str) -> bool:
        return _run(engine, size, options.seed, options.postgres)

    if options.short:
        with ThreadPoolExecutor(len(engines)) as both:
            return 0 if all(list(both.map(one, engines))) else 1
    return 0 if all([one(engine) for engine in engines]) else 1


def _run(engine: str, size: Size, seed: int, postgres: str) -> bool:
    folder = Path(tempfile.mkdtemp(prefix=f"countersign-chaos-{engine}-"))
    try:
        result = Run(engine, size, seed, folder, say=_said_by(engine)).go(postgres)
    except Exception:
        print(f"{engine}: everything is left in {folder}", file=sys.stderr)
        raise
    print(json.dumps(result.line), flush=True)
    if result.holds:
        shutil.rmtree(folder, ignore_errors=True)
        return True
    for line in result.complaints:
        print(f"{engine}: {line}", file=sys.stderr)
    print(f"{engine}: everything is left in {folder}", file=sys.stderr)
    return False


def _said_by(engine: str) -> Callable[[str], None]:
    lock = threading.Lock()

    def say(words: str) -> None:
        with lock:
            print(f"{engine}: {words}", file=sys.stderr, flush=True)

    return say


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer messages and kills, both engines at once, under a minute")
    parser.add_argument("--engine", choices=("sqlite", "postgres"), help="only this one")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--postgres", default=POSTGRES, metavar="URL", help="where a database of its own may be made")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
