"""Lets go of files that nothing refers to: what was chosen and neither sent nor kept in a draft, and bytes on the disk that no row knows.

A process that dies between storing bytes and noting them leaves such bytes; so does one that dies before it deletes them.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Account
from inbox.models import Draft, MediaFile
from inbox.models.media import private_storage

# Rows, or names in a folder, at a time.
STEP = 100
WALK_EVERY = timedelta(days=1)
# Whoever stores bytes notes them within moments.
STRAY_AFTER = timedelta(days=1)
# How we call what we store; Django adds the end where a name is taken. Nothing else is touched.
_OURS = re.compile(r"(?P<public_id>[0-9A-Za-z]{16})-[0-9a-f]{16}(_\w{7})?", re.ASCII)


def retire_unsent(at: datetime) -> Counter[str]:
    """Delete a few files that somebody chose, or an agent named, days ago, that went into nothing, and that no draft names."""
    if not settings.MEDIA_DAYS:
        return Counter()
    old = MediaFile.objects.filter(at__lt=at - timedelta(days=settings.MEDIA_DAYS)).exclude(by=None)
    with transaction.atomic():
        # Locked first and asked again then: who sends one meanwhile has it locked, or sees that it is gone.
        locked = MediaFile.objects.filter(pk__in=_unnamed(_unreferred(old))).order_by("pk").select_for_update(skip_locked=True)
        rows = list(_unreferred(MediaFile.objects.filter(pk__in=_unnamed(locked))))
        MediaFile.objects.filter(pk__in=[media.pk for media in rows]).delete()
        for media in rows:
            if media.file:
                transaction.on_commit(partial(media.file.storage.delete, str(media.file.name)))
    return +Counter(files=len(rows))


def _unreferred(rows: QuerySet[MediaFile]) -> QuerySet[MediaFile]:
    """Those to which no row of any app refers, also not of one that this one does not know."""
    referring = [each for each in MediaFile._meta.get_fields(include_hidden=True) if each.one_to_many or each.one_to_one]
    referred: list[Any] = [Exists(each.related_model._base_manager.filter(**{each.field.name: OuterRef("pk")})) for each in referring]  # type: ignore[union-attr]
    return rows.exclude(Q(*referred, _connector=Q.OR))


def _unnamed(rows: QuerySet[MediaFile]) -> list[int]:
    """The keys of a few among them that stand in no draft. Drafts name files in their JSON, so the database cannot tell."""
    named, found, last = Draft.objects.named_files(), list[int](), 0
    while len(found) < STEP and (some := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", "public_id")[:STEP])):
        found += [pk for pk, public_id in some if public_id not in named]
        last = some[-1][0]
    return found[:STEP]


class Walk:
    """One process's walks through the folder of media: a few names at a time, once a day."""

    def __init__(self) -> None:
        self._next_at: datetime | None = None
        self._names: Iterator[list[str]] | None = None

    def step(self, at: datetime) -> Counter[str] | None:
        """Look at the next few names and delete the strays among them. None where the walk is over, or not due."""
        if self._names is None:
            if self._next_at and at < self._next_at:
                return None
            self._names = _names()
        names = next(self._names, None)
        if names is None:
            self._names, self._next_at = None, at + WALK_EVERY
            return None
        return _delete_strays(names, at)


def _names() -> Iterator[list[str]]:
    """What we have stored, in the folders of our accounts."""
    storage = private_storage()
    for folder in Account.objects.order_by("pk").values_list("public_id", flat=True):
        names = [name for name in _listed(storage, folder) if _OURS.fullmatch(name)]
        for start in range(0, len(names), STEP):
            yield [f"{folder}/{name}" for name in names[start : start + STEP]]


def _listed(storage: Any, folder: str) -> list[str]:
    try:
        return sorted(storage.listdir(folder)[1])
    except FileNotFoundError:
        return []


def _delete_strays(names: list[str], at: datetime) -> Counter[str]:
    noted = dict(MediaFile.objects.filter(public_id__in=map(_public_id, names)).values_list("public_id", "file"))
    strays = [name for name in names if noted.get(_public_id(name)) != name and _delete_old(name, at)]
    return +Counter(stray_files=len(strays))


def _delete_old(name: str, at: datetime) -> bool:
    storage = private_storage()
    try:
        if storage.get_modified_time(name) > at - STRAY_AFTER:
            return False
    except FileNotFoundError:
        return False
    storage.delete(name)
    return True


def _public_id(name: str) -> str:
    return name.rpartition("/")[2].partition("-")[0]
