"""Meta keeps an upload for 90 days, and may forget it before."""

import threading
from datetime import timedelta

import httpx
import pytest
from django.db import connection

from core.clock import now
from inbox.content import Content
from inbox.errors import ContentRefused
from inbox.media import keep_upload
from inbox.models import Contact, Dispatch, MediaFile
from inbox.sending import send_next
from inbox.uploading import KEPT_FOR
from inbox.work import work_until_idle
from tests.inbox.pictures import picture
from tests.inbox.test_media import _upload


@pytest.fixture(params=["amina", "noor"])
def contact(request, cast):
    return getattr(cast, request.param)


def _send(cast, contact, media: MediaFile) -> Dispatch:
    media.refresh_from_db()
    dispatch = cast.conversation(contact).reply(Content(media=media), by=cast.bob, hold=timedelta(0)).dispatch
    cast.settle()
    dispatch.refresh_from_db()
    return dispatch


def _uploads(cast) -> int:
    return len([each for each in cast.simulator.requests() if "attachments" in each["path"]])


def test_an_upload_is_used_again_until_shortly_before_meta_forgets_it(cast, contact, clock):
    media = keep_upload(contact.account, _upload(picture("JPEG")), by=cast.bob)
    for days, uploads in ((0, 1), (84, 1), (2, 2)):
        clock.shift(timedelta(days=days))
        cast.write(contact, "Another picture, please")
        assert (_send(cast, contact, media).state, _uploads(cast)) == (Dispatch.State.SENT, uploads)
    assert timedelta(days=80) < KEPT_FOR < timedelta(days=90)


def test_an_upload_that_meta_forgot_early_is_made_again_by_itself(cast, contact, clock):
    media = keep_upload(contact.account, _upload(picture("JPEG")), by=cast.bob)
    MediaFile.objects.filter(pk=media.pk).update(attachment_id="999", attachment_expires_at=now() + timedelta(days=1))
    dispatch = _send(cast, contact, media)
    assert (dispatch.state, dispatch.reason) == (Dispatch.State.QUEUED, "upload_forgotten")
    clock.shift(timedelta(minutes=1))
    cast.settle()
    dispatch.refresh_from_db()
    assert (dispatch.state, len(cast.received(contact))) == (Dispatch.State.SENT, 1)


@pytest.mark.parametrize("other", ["noor", "amina"])
def test_a_file_of_one_account_never_goes_out_on_another(cast, other):
    """Meta's id is good for the account that uploaded it, and what was chosen on one account is not shown to those of another."""
    contact = getattr(cast, other)
    media = keep_upload(cast.shop if other == "noor" else cast.studio, _upload(picture("JPEG")), by=cast.bob)
    MediaFile.objects.filter(pk=media.pk).update(attachment_id="999", attachment_expires_at=now() + timedelta(days=1))
    with pytest.raises(ContentRefused, match="not here any more"):
        cast.conversation(contact).reply(Content(media=media), by=cast.bob)
    assert not Dispatch.objects.exists()


class Meeting(httpx.BaseTransport):
    """Meta, where two uploads of one file are under way at the same moment."""

    def __init__(self, meta: httpx.BaseTransport) -> None:
        self.meta, self.barrier = meta, threading.Barrier(2)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if "attachments" in request.url.path:
            self.barrier.wait(10)
        return self.meta.handle_request(request)


def _in_a_thread() -> None:
    """A worker asks again where another one was just claiming."""
    try:
        assert any(send_next() for _ in range(500))
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_workers_that_upload_the_same_file_at_once_do_no_harm(cast, settings):
    media = keep_upload(cast.shop, _upload(picture("JPEG")), by=cast.bob)
    ben = cast.simulator.add_contact(cast.shop.external_id, "Ben")
    cast.simulator.write(cast.shop.external_id, ben, text="Me too")
    work_until_idle("ingest")
    contacts = [cast.amina, Contact.objects.get(external_id=ben)]
    for contact in contacts:
        cast.conversation(contact).reply(Content(media=media), by=cast.bob, hold=timedelta(0))
    settings.GRAPH_TRANSPORT = Meeting(settings.GRAPH_TRANSPORT)
    threads = [threading.Thread(target=_in_a_thread) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    settings.GRAPH_TRANSPORT = settings.GRAPH_TRANSPORT.meta
    assert [[each["sha256"] for each in cast.received(contact)] for contact in contacts] == [[media.sha256]] * 2
    assert (_send(cast, cast.amina, media).state, _uploads(cast)) == (Dispatch.State.SENT, 2), "Either id is good for the next."
