"""Files that nothing refers to go after their days; whatever a message, a card or a proposal refers to stays."""

import os
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.db.models import ProtectedError

from accounts.models import Activity
from agents.proposing import propose
from core.clock import now
from graph.payloads import Link
from inbox import tidying
from inbox.content import Content
from inbox.drafting import forget_draft, save_draft
from inbox.errors import ContentRefused
from inbox.media import fetch_now, keep_address, keep_upload
from inbox.models import Attachment, Draft, MediaFile
from inbox.retention import Retention
from inbox.tidying import retire_unsent
from inbox.work import work_until_idle
from tests.inbox.pictures import picture
from tests.inbox.uploads import choose
from tests.inbox.uploads import picture as upload

DAY = timedelta(days=1)


def keep(cast, **more) -> MediaFile:
    return keep_upload(more.get("account", cast.shop), SimpleUploadedFile("a.png", picture()), by=cast.bob)


def tidy() -> None:
    round = Retention()
    while round.step():
        continue


def left() -> set[int]:
    return set(MediaFile.objects.values_list("pk", flat=True))


# What was chosen and never sent --------------------------------------------------------------------------------------
def test_what_was_chosen_and_never_sent_goes_with_its_bytes_after_a_week(cast, clock, django_capture_on_commit_callbacks):
    path = Path(keep(cast).file.path)
    clock.shift(7 * DAY - timedelta(minutes=1))
    tidy()
    assert path.exists() and left()
    clock.shift(timedelta(minutes=2))
    with django_capture_on_commit_callbacks(execute=True):
        tidy()
    assert not path.exists() and not left()
    assert Activity.objects.get(verb="deliveries.retired").details["files"] == 1


def test_what_a_message_a_card_or_a_proposal_refers_to_stays(cast, clock, settings):
    settings.PUBLIC_URL, settings.HTTPS = "https://inbox.example", True
    files = [keep(cast), keep(cast), keep(cast), keep(cast, account=cast.studio)]
    conversation = cast.conversation(cast.amina)
    conversation.reply(Content(media=files[0]), by=cast.bob)
    conversation.reply(Content(link=Link("https://a.example", "A"), picture=files[1]), by=cast.bob)
    propose(cast.assistant, conversation, Content(media=files[2]))
    propose(cast.assistant, cast.conversation(cast.noor), Content(link=Link("https://a.example", "A"), picture=files[3]))
    unsent = keep(cast)
    clock.shift(365 * DAY)
    tidy()
    assert left() == {file.pk for file in files} and unsent.pk not in left()


def test_what_is_chosen_in_a_draft_stays_as_long_as_the_draft_names_it(cast, clock):
    chosen, picture, other = keep(cast), keep(cast), keep(cast)
    conversation = cast.conversation(cast.amina)
    form = {"kind": "link", "url": "https://a.example", "picture": picture.public_id, "key": "k"}
    save_draft(conversation, form, [chosen.public_id], by=cast.bob, writer="w", number=1)
    save_draft(cast.conversation(cast.noor), {"text": "No file at all"}, [], by=cast.bob)
    clock.shift(30 * DAY)
    tidy()
    assert left() == {chosen.pk, picture.pk} and other.pk not in left()
    save_draft(conversation, form, [], by=cast.bob, writer="w", number=2)
    tidy()
    assert left() == {picture.pk}
    forget_draft(conversation, by=cast.bob)
    tidy()
    assert not left()


def test_what_drafts_name_stands_in_nobodys_way(cast, clock, monkeypatch):
    monkeypatch.setattr(tidying, "STEP", 2)
    kept, _unsent = [keep(cast) for _ in range(5)], [keep(cast) for _ in range(3)]
    save_draft(cast.conversation(cast.amina), {}, [file.public_id for file in kept], by=cast.bob)
    clock.shift(8 * DAY)
    assert [retire_unsent(now()) for _ in range(3)] == [{"files": 2}, {"files": 1}, {}]
    assert left() == {file.pk for file in kept}


def test_drafts_without_files_are_not_read(cast, django_assert_num_queries):
    save_draft(cast.conversation(cast.amina), {"text": "Dear Amina"}, [], by=cast.bob)
    with django_assert_num_queries(1):
        assert Draft.objects.named_files() == set()


def test_copies_of_what_contacts_sent_are_none_of_its_business(cast, clock):
    copy = MediaFile.objects.create(account=cast.shop, at=now(), mime="image/png", size=3)
    clock.shift(365 * DAY)
    tidy()
    assert left() == {copy.pk}


@pytest.mark.parametrize(("days", "stays"), [(0, True), (1, False)])
def test_the_days_are_a_setting_and_nought_is_for_ever(cast, clock, settings, days, stays):
    settings.MEDIA_DAYS = days
    keep(cast)
    clock.shift(2 * DAY)
    tidy()
    assert bool(left()) is stays


def test_a_form_that_still_names_it_is_told_and_sends_nothing(cast, clock, sign_in):
    bob, conversation = sign_in(cast.bob), cast.conversation(cast.amina)
    choose(bob, conversation, file=upload())
    chosen = MediaFile.objects.get().public_id
    clock.shift(8 * DAY)
    tidy()
    cast.write(cast.amina, "Still there?")
    response = bob.post(f"{conversation.get_absolute_url()}messages/", {"kind": "file", "media": chosen, "key": "k"}, headers={"HX-Request": "true"})
    assert response.status_code == 422 and "Choose a file first." in response.text


def test_what_failed_or_is_still_being_fetched_goes_too_and_its_fetcher_leaves_nothing(cast, clock, window):
    stalled = keep_address(cast.shop, window.address, by=cast.bob)
    failed = keep_address(cast.shop, window.address, by=cast.bob)
    MediaFile.objects.filter(pk=failed.pk).update(state="failed")
    clock.shift(8 * DAY)
    tidy()
    assert not left()
    assert fetch_now(stalled) is False
    folder = Path(django_settings.MEDIA_ROOT, cast.shop.public_id)
    assert not folder.exists() or not list(folder.iterdir())


def test_it_goes_in_small_steps(cast, clock, monkeypatch):
    monkeypatch.setattr(tidying, "STEP", 2)
    for _ in range(5):
        keep(cast)
    clock.shift(8 * DAY)
    assert [retire_unsent(now()) for _ in range(4)] == [{"files": 2}, {"files": 2}, {"files": 1}, {}]


def test_every_row_that_may_refer_to_a_file_is_asked(cast, clock):
    """Whichever app it is of; and what is not asked for still could not be deleted."""
    sent = keep(cast)
    message = cast.conversation(cast.amina).reply(Content(text="Hello"), by=cast.bob)
    Attachment.objects.create(message=message, kind="image", media=sent)
    clock.shift(8 * DAY)
    assert not retire_unsent(now())
    with pytest.raises(ProtectedError):
        sent.delete()


# Somebody sends it at this very moment -------------------------------------------------------------------------------
def _aside(work) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_who_sends_it_first_keeps_it(cast):
    media, held, swept, found = keep(cast), threading.Event(), threading.Event(), []
    MediaFile.objects.update(at=now() - 8 * DAY)

    def send() -> None:
        with transaction.atomic():
            cast.conversation(cast.amina).reply(Content(media=media), by=cast.bob)
            held.set()
            # On SQLite the other one waits for this transaction; on PostgreSQL it passes by what is locked.
            swept.wait(0.3)

    sender = _aside(send)
    assert held.wait(10)
    found.append(retire_unsent(now()))
    swept.set()
    sender.join()
    assert found == [{}] and left() == {media.pk} and Path(media.file.path).exists()
    assert Attachment.objects.get(media=media)


def test_what_was_sent_between_the_look_and_the_lock_is_seen_once_it_is_locked(cast, monkeypatch):
    media, unreferred = keep(cast), tidying._unreferred
    MediaFile.objects.update(at=now() - 8 * DAY)
    cast.conversation(cast.amina).reply(Content(media=media), by=cast.bob)
    looks = [lambda rows: rows, unreferred]  # the first look is from before it was sent
    monkeypatch.setattr(tidying, "_unreferred", lambda rows: looks.pop(0)(rows))
    assert retire_unsent(now()) == {} and left() == {media.pk}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_who_sends_it_too_late_is_told(cast):
    media, locked, release, told = keep(cast), threading.Event(), threading.Event(), []
    MediaFile.objects.update(at=now() - 8 * DAY)

    def sweep() -> None:
        with transaction.atomic():
            assert retire_unsent(now()) == {"files": 1}
            locked.set()
            release.wait(10)

    def send() -> None:
        try:
            cast.conversation(cast.amina).reply(Content(media=media), by=cast.bob)
        except ContentRefused as refused:
            told.extend(refused.sentences)

    sweeper = _aside(sweep)
    assert locked.wait(10)
    sender = _aside(send)
    sender.join(0.2)
    release.set()
    sweeper.join(), sender.join()
    assert told == ["The file is not here any more. Choose it again."]
    assert not Attachment.objects.exists() and not left() and not Path(media.file.path).exists()


# Bytes that no row knows ---------------------------------------------------------------------------------------------
@pytest.fixture
def folder(cast, settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    folder = tmp_path / cast.shop.public_id
    folder.mkdir()
    return folder


def put(path: Path, *, days: float = 2) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"stray")
    os.utime(path, (time.time() - days * 86_400,) * 2)
    return path


def test_bytes_that_no_row_knows_go_after_a_day(cast, folder):
    stray, fresh = put(folder / f"{'A' * 16}-{'0' * 16}"), put(folder / f"{'B' * 16}-{'0' * 16}", days=0.9)
    tidy()
    assert (stray.exists(), fresh.exists()) == (False, True)
    assert Activity.objects.get(verb="deliveries.retired").details == {"stray_files": 1}


def test_what_a_row_knows_stays_and_what_it_knew_before_goes(cast, folder):
    media = keep(cast)
    known = Path(media.file.path)
    os.utime(known, (time.time() - 10 * 86_400,) * 2)
    other = put(folder / f"{media.public_id}-{'f' * 16}")
    tidy()
    assert (known.exists(), other.exists()) == (True, False)


def test_nothing_else_is_touched(cast, folder):
    kept = [
        put(folder / "notes.txt"), put(folder / f"{'A' * 16}"), put(folder / f"{'A' * 16}-xyz"), put(folder / f"{'A' * 16}-{'0' * 16}.png"),
        put(folder.parent / f"{'A' * 16}-{'0' * 16}"), put(folder.parent / "another" / f"{'A' * 16}-{'0' * 16}"),
        put(folder / "deeper" / f"{'A' * 16}-{'0' * 16}"),
    ]  # fmt: skip
    tidy()
    assert all(path.exists() for path in kept)


def test_it_walks_once_a_day_a_few_names_at_a_time(cast, folder, clock, monkeypatch):
    monkeypatch.setattr(tidying, "STEP", 2)
    names = [put(folder / f"{letter * 16}-{'0' * 16}") for letter in "ABCDE"]
    round, left_after = Retention(), []
    while round.step():
        left_after.append(sum(path.exists() for path in names))
    assert left_after == [3, 1, 0]
    again = put(names[0])
    clock.shift(timedelta(hours=23))
    assert not round.step() and again.exists()
    clock.shift(timedelta(hours=2))
    assert round.step() and not again.exists()


def test_two_processes_that_walk_at_once_do_not_mind_each_other(cast, folder):
    names = [put(folder / f"{letter * 16}-{'0' * 16}") for letter in "ABC"]
    first, second = tidying.Walk(), tidying.Walk()
    listed = [next(tidying._names()) for _ in range(2)]
    assert listed[0] == listed[1]
    assert [sum((walk.step(now()) or {}).values()) for walk in (first, second)] == [3, 0]
    assert not any(path.exists() for path in names)
    assert tidying._delete_strays(listed[0], now()) == {}


def test_without_a_folder_of_media_there_is_nothing_to_walk(cast, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "not there"
    tidy()
    work_until_idle("upkeep")
