"""`manage.py rotate_keys`: a new key for stored secrets, while everything runs."""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.keys import alone_with
from config.rotating import NotProven, begin, forget_old, is_settled, renew_all, settles_at
from core.clock import now
from core.keyring import reread_keys
from core.reencrypting import Place, Survey, Under, survey

STEP = 500


class Command(BaseCommand):
    help = "Makes a new encryption key and encrypts every stored secret under it. Nothing has to be stopped, and it can be ended and run again at any time."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--forget-old", action="store_true", help="drop the older keys, once everything is proven to open with the newest")

    def handle(self, *args: Any, forget_old: bool, **options: Any) -> None:
        path = settings.ENCRYPTION_KEYS_FILE
        if path is None:
            return self._check_environment() if forget_old else self._renew_from_environment()
        try:
            with alone_with(path):
                self._forget(path) if forget_old else self._rotate(path)
        except BlockingIOError:
            raise CommandError(_("Somebody else rotates the keys at the moment. Wait until they are done.")) from None

    # Keys in a file ------------------------------------------------------------------------------------------------
    def _rotate(self, path: Path) -> None:
        before = reread_keys()
        keys = begin(path)
        if keys == before:
            self._say(_("A rotation that was begun earlier is not finished. It goes on."))
        else:
            self._say(_("A new key is in %(path)s, and the old one beside it. Running processes notice by themselves.") % {"path": path})
        self._report(self._renew(keys))
        self._say(_("Everything is under the new key. The old one still opens; drop it later with --forget-old."))

    def _forget(self, path: Path) -> None:
        if settings.DEMO:
            sentence = _("The try-out shares %(path)s with a real installation, whose values it does not see. Its old keys stay.")
            raise CommandError(sentence % {"path": path})
        if len(reread_keys()) == 1:
            return self._say(_("There is no older key."))
        if not is_settled(path):
            seconds = int((settles_at(path) - now()).total_seconds()) + 1
            sentence = ngettext(
                "The keys changed just now, and somebody may still write with the old one. Try again in %d second.",
                "The keys changed just now, and somebody may still write with the old one. Try again in %d seconds.",
                seconds,
            )
            raise CommandError(sentence % seconds)
        self._renew(reread_keys())
        try:
            number = forget_old(path)
        except NotProven as refusal:
            raise CommandError(self._why_not(refusal.found)) from None
        except OperationalError:
            raise CommandError(_("Somebody has been writing for too long, so nothing could be proven. Try again when less is going on.")) from None
        gone = ngettext("%d older key is gone.", "%d older keys are gone.", number) % number
        self._say(f"{gone} {_('Everything opens with the newest.')}")
        if (settings.VAR_DIR / "demo.sqlite3").exists():
            self._say(_("The try-out in the same folder cannot read its tokens any more; delete demo.sqlite3* there to begin it again."))

    # Keys in the environment -----------------------------------------------------------------------------------------
    def _renew_from_environment(self) -> None:
        keys = reread_keys()
        if len(keys) == 1:
            raise CommandError(self._order(_("The keys come from ENCRYPTION_KEYS, which holds one key, so there is nothing to change to.")))
        found = survey(keys)
        if found.is_renewed:
            self._report(found.unreadable)
            return self._say(self._order(_("Everything is under the first of ENCRYPTION_KEYS already.")))
        self._report(self._renew(keys))
        sentence = _("Everything is under the first of ENCRYPTION_KEYS. Once --forget-old finds nothing else, take the others out on every machine.")
        self._say(sentence)

    def _check_environment(self) -> None:
        keys = reread_keys()
        found = survey(keys)
        if found.under[Under.OLDER] or found.unreadable:
            raise CommandError(self._why_not(found))
        sentence = _("Everything opens with the first of ENCRYPTION_KEYS alone. Take the others out on every machine; this command cannot.")
        self._say(sentence if len(keys) > 1 else _("There is no older key."))

    def _order(self, sentence: str) -> str:
        steps = (
            _("1. Make a key: python -c \"from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())\""),
            _("2. ENCRYPTION_KEYS=old,new on every machine, and start every process anew: now all can read both."),
            _("3. ENCRYPTION_KEYS=new,old on every machine, and start every process anew: now all write with the new one."),
            _("4. Run rotate_keys once, on any machine, and rotate_keys --forget-old to be sure."),
            _("5. ENCRYPTION_KEYS=new on every machine."),
        )
        return "\n".join((sentence, _("The order that loses nothing:"), *steps))

    # Both ------------------------------------------------------------------------------------------------------------
    def _renew(self, keys: tuple[str, ...]) -> list[Place]:
        """Returns what no key opens."""
        renewed: Counter[str] = Counter()
        looks: list[Survey] = []
        for place in _noting_the_last_look(keys, looks):
            renewed[str(place.column)] += 1
            if renewed.total() % STEP == 0:
                self._say(_("%(number)d values so far …") % {"number": renewed.total()})
        for column, number in sorted(renewed.items()):
            self._say(ngettext("%(column)s: %(number)d value", "%(column)s: %(number)d values", number) % {"column": column, "number": number})
        [after] = looks
        if not after.is_renewed:
            raise CommandError(_("Somebody goes on writing with an older key. Start every process of this installation anew, then run this again."))
        return after.unreadable

    def _report(self, unreadable: Iterable[Place]) -> None:
        for place in unreadable:
            self.stderr.write(_("No key opens %(place)s. Replace what is stored there.") % {"place": place})

    def _why_not(self, found: Survey) -> str:
        self._report(found.unreadable)
        if found.under[Under.OLDER]:
            return _("Not everything is under the newest key, so no older one may go. Run rotate_keys first.")
        return _("Not everything opens with the newest key, so no older one may go. Replace what is named above, or bring back its key.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _noting_the_last_look(keys: tuple[str, ...], looks: list[Survey]) -> Iterator[Place]:
    looks.append((yield from renew_all(keys)))
