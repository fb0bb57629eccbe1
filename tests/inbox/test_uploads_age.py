"""Meta keeps an upload for 90 days, and may forget it before."""

from datetime import timedelta

import pytest

from core.clock import now
from inbox.content import Content
from inbox.media import keep_upload
from inbox.models import Dispatch, MediaFile
from inbox.uploading import KEPT_FOR
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
