"""What contacts send is copied before Meta's addresses die, and only what may be."""

from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account
from core.clock import now
from core.lease import lease_time
from graph.simulator import samples
from inbox import copying
from inbox.copying import PAUSES
from inbox.models import Attachment, MediaFile, Message
from inbox.work import work_until_idle

State = MediaFile.State


@pytest.fixture
def cdn(window):
    """Meta's server of media."""
    return window


def _sent(cast, kind: str, url: str) -> Attachment:
    """Amina sends one attachment of Meta's type `kind`."""
    mid = cast.write(cast.amina, attachments=[{"type": kind, "payload": {"url": url}}])
    return Attachment.objects.select_related("media").get(message__mid=mid)


def _copy(attachment: Attachment) -> MediaFile:
    work_until_idle("upkeep")
    return MediaFile.objects.get(pk=attachment.media_id)


@pytest.mark.parametrize(("kind", "mime"), [("image", "image/png"), ("video", "video/mp4"), ("audio", "audio/wav"), ("file", "application/pdf")])
def test_what_was_sent_is_kept_as_it_was(cast, cdn, kind, mime):
    cdn.shows = content = samples.sample(kind)
    attachment = _sent(cast, kind, cdn.address)
    copy = _copy(attachment)
    assert (copy.state, copy.mime, copy.size, copy.by) == (State.READY, mime, len(content), None)
    with copy.file.open("rb") as file:
        assert file.read() == content
    assert str(copy.kind) == kind


@pytest.mark.parametrize("kind", ["story_mention", "share", "ig_post", "ig_reel", "ig_story", "ephemeral", "template", "fallback"])
def test_what_belongs_to_others_or_has_no_bytes_is_never_copied(cast, cdn, kind):
    assert _sent(cast, kind, cdn.address).media is None
    assert not MediaFile.objects.filter(by=None).exists()


def test_an_account_may_keep_no_copies(cast, cdn):
    Account.objects.filter(pk=cast.shop.pk).update(keeps_media=False)
    attachment = _sent(cast, "image", cdn.address)
    assert (attachment.media, attachment.url) == (None, cdn.address)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a.png", "http://169.254.169.254/latest/meta-data", "http://[::1]/a.png"])
def test_an_address_inside_our_network_is_never_asked(cast, url):
    copy = _copy(_sent(cast, "image", url))
    assert "private network" in copy.error
    assert copy.state == State.FETCHING
    assert copy.not_before > now()


def test_trouble_is_tried_again_with_growing_pauses_and_then_no_more(cast, clock):
    attachment = _sent(cast, "image", "http://127.0.0.1:9/a.png")
    tries = []
    for pause in (timedelta(0), *PAUSES):
        clock.shift(pause + timedelta(seconds=1))
        tries.append(_copy(attachment).attempts)
    assert tries == [1, 2, 3, 4, 5, 6, 7]
    assert _copy(attachment).state == State.FAILED


def test_one_that_meta_has_no_more_is_gone_at_once(cast, cdn):
    cdn.shows = b""
    copy = _copy(_sent(cast, "image", cdn.address))
    assert (copy.state, copy.attempts) == (State.GONE, 1)


def test_one_that_is_too_large_is_given_up_in_the_end_and_never_stored(cast, cdn, monkeypatch):
    monkeypatch.setattr(copying, "LARGEST", 10)
    copy = _copy(_sent(cast, "image", cdn.address))
    assert (copy.state, bool(copy.file)) == (State.FETCHING, False)
    assert "larger" in copy.error


def test_an_unsend_takes_the_copy_along(cast, cdn, django_capture_on_commit_callbacks):
    attachment = _sent(cast, "image", cdn.address)
    name = _copy(attachment).file.name
    with django_capture_on_commit_callbacks(execute=True):
        cast.simulator.unsend(cast.shop.external_id, cast.amina.external_id, attachment.message.mid)
        work_until_idle("ingest")
    assert not MediaFile.objects.filter(by=None).exists()
    assert not storages["default"].exists(name)


def test_an_unsend_while_it_is_being_copied_leaves_nothing(cast, cdn):
    attachment = _sent(cast, "image", cdn.address)
    media = MediaFile.objects.get(pk=attachment.media_id)
    media.lease_until = now() + timedelta(minutes=1)
    media.save(update_fields=["lease_until"])
    cast.simulator.unsend(cast.shop.external_id, cast.amina.external_id, attachment.message.mid)
    work_until_idle("ingest")
    copying._copy(media, now())
    folder = cast.shop.public_id
    stored = storages["default"].listdir(folder)[1] if storages["default"].exists(folder) else []
    assert (stored, MediaFile.objects.filter(pk=media.pk).exists()) == ([], False)


def test_what_another_app_sent_for_us_is_copied_too(cast, cdn):
    cast.simulator.answer_elsewhere(cast.shop.external_id, cast.amina.external_id, "See you")
    work_until_idle("ingest")
    assert Message.objects.get(source=Message.Source.ELSEWHERE).text == "See you"
    event = {
        "sender": {"id": cast.shop.external_id}, "recipient": {"id": cast.amina.external_id}, "timestamp": int(now().timestamp() * 1000),
        "message": {"mid": "m_photo", "is_echo": True, "app_id": 263902037430900, "attachments": [{"type": "image", "payload": {"url": cdn.address}}]},
    }  # fmt: skip
    cast.simulator.announce(cast.shop.external_id, event, field="message_echoes")
    work_until_idle("ingest", "upkeep")
    assert Attachment.objects.get(message__mid="m_photo").media.state == State.READY


def test_a_copy_is_shown_to_those_who_may_read_the_account_and_to_nobody_else(cast, cdn, sign_in):
    copy = _copy(_sent(cast, "image", cdn.address))
    address = reverse("inbox:media-file", args=[copy.public_id])
    answer = sign_in(cast.bob).get(address)
    assert (answer.status_code, b"".join(answer.streaming_content)) == (200, cdn.shows)
    assert sign_in(cast.charlie).get(address).status_code == 404


def test_what_one_worker_copies_no_other_begins(cast, cdn, clock):
    attachment = _sent(cast, "image", cdn.address)
    MediaFile.objects.filter(pk=attachment.media_id).update(lease_until=now() + lease_time())
    assert copying.copy_next() is False
    clock.shift(lease_time() + timedelta(seconds=1))
    assert copying.copy_next() is True
    assert MediaFile.objects.get(pk=attachment.media_id).state == State.READY


def test_a_worker_that_lost_its_lease_changes_nothing_and_leaves_no_file(cast, cdn):
    attachment = _sent(cast, "image", cdn.address)
    stalled = MediaFile.objects.get(pk=attachment.media_id)
    copy = _copy(attachment)
    copying._copy(stalled, now())
    assert MediaFile.objects.get(pk=copy.pk).file.name == copy.file.name
    assert len(storages["default"].listdir(cast.shop.public_id)[1]) == 1


def test_a_message_is_there_before_its_copy(cast, cdn):
    """Whatever becomes of the copy, and however long it takes, costs no message."""
    attachment = _sent(cast, "image", "http://127.0.0.1:9/a.png")
    assert attachment.media.state == State.FETCHING
    assert cast.conversation(cast.amina).last_message == attachment.message
    _copy(attachment)
    assert Message.objects.filter(pk=attachment.message_id).exists()


def test_one_whose_bytes_are_not_here_is_not_found(cast, cdn, sign_in):
    copy = _copy(_sent(cast, "image", cdn.address))
    storages["default"].delete(copy.file.name)
    assert sign_in(cast.bob).get(reverse("inbox:media-file", args=[copy.public_id])).status_code == 404


def test_what_is_erased_is_locked_so_that_a_copy_cannot_be_finished_meanwhile(cast, cdn):
    attachment = _sent(cast, "image", cdn.address)
    media = MediaFile.objects.get(pk=attachment.media_id)
    with CaptureQueriesContext(connection) as captured:
        cast.simulator.unsend(cast.shop.external_id, cast.amina.external_id, attachment.message.mid)
        work_until_idle("ingest")
    assert not MediaFile.objects.filter(pk=media.pk).exists()
    if connection.features.has_select_for_update:  # elsewhere there is one writer
        assert any('FROM "inbox_mediafile"' in query["sql"] and "FOR UPDATE" in query["sql"] for query in captured)
