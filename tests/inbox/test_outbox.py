"""What people may do with a message between writing it and Meta having it."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Account
from inbox.claiming import claim
from inbox.content import Content
from inbox.errors import AlreadyMoved, NotAllowed, WindowIsClosed
from inbox.media import keep_upload
from inbox.models import Dispatch
from inbox.outbox import cancel, it_arrived, retry, send_again, send_now
from inbox.work import work_until_idle
from tests.inbox.handing import hand_over
from tests.inbox.pictures import picture

State = Dispatch.State


@pytest.fixture(params=["amina", "noor"])
def contact(request, cast):
    return getattr(cast, request.param)


def _reply(cast, contact, text="Hello") -> Dispatch:
    return cast.conversation(contact).reply(Content(text=text), by=cast.bob).dispatch


def _after(dispatch: Dispatch) -> Dispatch:
    return Dispatch.objects.select_related("message").get(pk=dispatch.pk)


def _unknown(cast, contact, kind) -> Dispatch:
    cast.simulator.set_echo(contact.account.external_id, "never")
    cast.simulator.fault(kind, account=contact.account.external_id)
    dispatch = _reply(cast, contact)
    work_until_idle("dispatch")
    return _after(dispatch)


def test_a_held_message_can_be_taken_back(cast, contact):
    Account.objects.update(reply_hold=5)
    dispatch = _reply(cast, contact)
    work_until_idle("dispatch")
    assert cast.received(contact) == []
    cancel(dispatch, by=cast.bob)
    assert _after(dispatch).state == State.CANCELLED


def test_a_held_message_can_leave_at_once(cast, contact):
    Account.objects.update(reply_hold=5)
    dispatch = _reply(cast, contact)
    send_now(dispatch, by=cast.bob)
    work_until_idle("dispatch")
    assert _after(dispatch).state == State.SENT


def test_what_has_left_cannot_be_taken_back(cast, contact):
    dispatch = _reply(cast, contact)
    work_until_idle("dispatch")
    with pytest.raises(AlreadyMoved):
        cancel(dispatch, by=cast.bob)


def test_a_failed_message_can_be_tried_again_once_per_click(cast, contact):
    cast.simulator.fault("unavailable", account=contact.account.external_id)
    dispatch = _reply(cast, contact)
    work_until_idle("dispatch")
    retry(dispatch, by=cast.bob)
    with pytest.raises(AlreadyMoved):
        retry(dispatch, by=cast.bob)
    cast.settle()
    assert _after(dispatch).state == State.SENT
    assert len(cast.received(contact)) == 1


def test_a_retry_after_the_window_is_refused(cast, contact, clock):
    cast.simulator.fault("window", account=contact.account.external_id)
    dispatch = _reply(cast, contact)
    work_until_idle("dispatch")
    clock.shift(timedelta(hours=25))
    with pytest.raises(WindowIsClosed):
        retry(dispatch, by=cast.bob)
    assert _after(dispatch).state == State.FAILED


def test_a_person_who_sees_it_says_that_it_arrived_and_nothing_is_sent(cast, contact):
    dispatch = _unknown(cast, contact, "drop_after")
    it_arrived(dispatch, by=cast.bob)
    work_until_idle("dispatch")
    assert (_after(dispatch).state, _after(dispatch).settled_by) == (State.SENT, cast.bob)
    assert len(cast.received(contact)) == 1


def test_its_late_echo_then_finds_it_and_makes_no_second_bubble(cast, contact):
    dispatch = _unknown(cast, contact, "drop_after")
    it_arrived(dispatch, by=cast.bob)
    sent = cast.received(contact)[0]
    echo = {"mid": sent["mid"], "text": sent["text"], "is_echo": True} | ({"metadata": sent["metadata"]} if sent["metadata"] else {})
    event = {"sender": {"id": sent["account"]}, "recipient": {"id": sent["contact"]}, "timestamp": sent["at"], "message": echo}
    cast.simulator.announce(sent["account"], event)
    work_until_idle("ingest")
    assert _after(dispatch).message.mid == sent["mid"]
    assert cast.conversation(contact).messages.count() == 2


def test_a_person_who_does_not_see_it_sends_it_again(cast, contact, clock):
    dispatch = _unknown(cast, contact, "error_before")
    clock.shift(timedelta(seconds=180))
    send_again(dispatch, by=cast.bob)
    with pytest.raises(AlreadyMoved):
        it_arrived(dispatch, by=cast.bob)
    work_until_idle("dispatch")
    assert _after(dispatch).state == State.SENT
    assert len(cast.received(contact)) == 1


@pytest.mark.parametrize("verb", [cancel, send_now, retry, it_arrived, send_again])
@pytest.mark.parametrize("who", ["charlie", "dana"])
def test_who_may_not_write_moves_nothing(cast, contact, verb, who):
    Account.objects.update(reply_hold=5)
    dispatch = _reply(cast, contact)
    with pytest.raises(NotAllowed):
        verb(dispatch, by=getattr(cast, who))
    assert _after(dispatch).state == State.QUEUED


def test_a_worker_that_dies_before_the_call_leaves_its_message_to_another(cast, contact, clock):
    dispatch = _reply(cast, contact)
    assert claim("a worker that dies", at=dispatch.not_before).pk == dispatch.pk
    clock.shift(timedelta(minutes=1))
    work_until_idle("sweep", "dispatch")
    assert _after(dispatch).state == State.SENT
    assert len(cast.received(contact)) == 1


def test_a_worker_that_dies_after_the_call_began_leaves_an_unknown(cast, contact, clock):
    dispatch = _reply(cast, contact)
    hand_over(claim("a worker that dies", at=dispatch.not_before))
    clock.shift(timedelta(minutes=1))
    work_until_idle("sweep", "dispatch")
    assert (_after(dispatch).state, _after(dispatch).reason) == (State.UNKNOWN, "crashed")
    assert cast.received(contact) == []


def test_a_picture_whose_upload_breaks_is_tried_again_because_nothing_was_sent(cast, contact, clock):
    media = keep_upload(contact.account, SimpleUploadedFile("a.png", picture()), by=cast.bob)
    cast.simulator.fault("error_after", route="message_attachments", account=contact.account.external_id)
    dispatch = cast.conversation(contact).reply(Content(media=media), by=cast.bob).dispatch
    work_until_idle("dispatch")
    assert (_after(dispatch).state, _after(dispatch).reason) == (State.QUEUED, "unavailable")
    clock.shift(timedelta(minutes=1))
    work_until_idle("dispatch")
    assert _after(dispatch).state == State.SENT
    assert len(cast.received(contact)) == 1
