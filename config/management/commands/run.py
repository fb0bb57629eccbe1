"""`manage.py run`, which `make run` calls: everything on this machine, with one Ctrl-C."""

import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from accounts.models import User
from config.children import Child
from config.preparing import prepare
from config.server import Server, companions, listen


class Command(BaseCommand):
    help = "Prepares and starts everything: the web process, on PostgreSQL a worker, and in the try-out a simulated Meta."

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _leave)
        signal.signal(signal.SIGHUP, _hang_up)
        try:
            self._run()
        except KeyboardInterrupt:
            return

    def _run(self) -> None:
        with ExitStack() as beside:
            listening = beside.enter_context(listen(settings.LISTEN_HOST, settings.LISTEN_PORT))
            prepare()
            when_ready = self._try_out(beside) if settings.DEMO else self._greet
            if settings.POSTGRES:
                beside.enter_context(Child(_("The worker"), ["manage.py", "worker", "--skip-checks"]))
            Server(companions=companions(), when_ready=when_ready).run(sockets=[listening])

    def _try_out(self, beside: ExitStack) -> Callable[[], None]:
        from config.demo import world
        from config.demo.tryout import TryOut

        listen("127.0.0.1", settings.SIMULATOR_PORT, variables="SIMULATOR_PORT").close()
        try_out = TryOut(say=self._say)
        world.wait_until_up(beside.enter_context(try_out.meta()))
        return try_out.when_ready

    def _greet(self) -> None:
        self._say(_("Countersign is at %(url)s/") % {"url": settings.PUBLIC_URL})
        if not User.objects.exists():
            self._say(_("Nobody can sign in yet: the first visit asks for the first admin."))

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


def _hang_up(number: int, frame: FrameType | None) -> None:
    """The terminal was closed: end as on SIGTERM, which the server knows."""
    signal.raise_signal(signal.SIGTERM)
