"""Every call that is made for a message is a row: which step, what was asked, what came back, how long it took."""

import hashlib
import json
from datetime import timedelta

import httpx
import pytest
from django.db import connection

from accounts.models import Activity
from core.clock import now
from core.secret import Secret
from inbox import sending
from inbox.claiming import claim
from inbox.content import Content
from inbox.media import keep_upload
from inbox.models import Attempt, Dispatch, MediaFile
from inbox.outbox import send_again
from inbox.outcomes import sentence_for
from inbox.story import Story
from inbox.work import work_until_idle
from tests.inbox.handing import hand_over
from tests.inbox.pictures import picture
from tests.inbox.test_media import _upload

Outcome, Step = Attempt.Outcome, Attempt.Step


@pytest.fixture(params=["amina", "noor"])
def contact(request, cast):
    return getattr(cast, request.param)


def _reply(cast, contact, content: Content) -> Dispatch:
    return cast.conversation(contact).reply(content, by=cast.bob, hold=timedelta(0)).dispatch


def _picture(cast, contact) -> MediaFile:
    media = keep_upload(contact.account, _upload(picture("JPEG")), by=cast.bob)
    media.refresh_from_db()
    return media


def _rows(dispatch: Dispatch) -> list[tuple]:
    return list(dispatch.attempts.order_by("number").values_list("number", "step", "outcome"))


def test_a_message_that_meta_takes_at_once_is_one_call(cast, contact):
    dispatch = _reply(cast, contact, Content(text="Hello"))
    work_until_idle("dispatch")
    call = dispatch.attempts.get()
    assert (call.number, call.step, call.outcome, call.status, call.error) == (1, Step.SEND, Outcome.ACCEPTED, 200, "")
    assert call.answer == cast.received(contact)[0]["mid"]
    assert call.worker == sending.worker_name()
    assert call.duration_ms is not None and call.started_at <= call.finished_at


def test_the_digest_is_of_the_very_request(cast, settings, monkeypatch):
    asked, meta = [], settings.GRAPH_TRANSPORT

    def watched(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return meta.handle_request(request)

    settings.GRAPH_TRANSPORT = httpx.MockTransport(watched)
    dispatch = _reply(cast, cast.amina, Content(text="Grüße ✓"))
    work_until_idle("dispatch")
    body = json.dumps(json.loads(asked[-1].content), sort_keys=True, ensure_ascii=False)
    digest = dispatch.attempts.get().request_digest
    assert digest == hashlib.sha256(body.encode()).hexdigest() != dispatch.content_digest


def test_an_upload_is_a_call_of_its_own_and_counted_on(cast, contact):
    media = _picture(cast, contact)
    dispatch = _reply(cast, contact, Content(media=media))
    work_until_idle("dispatch")
    assert _rows(dispatch) == [(1, Step.UPLOAD, Outcome.ACCEPTED), (2, Step.SEND, Outcome.ACCEPTED)]
    upload = dispatch.attempts.get(step=Step.UPLOAD)
    media.refresh_from_db()
    assert (upload.answer, upload.request_digest, upload.status) == (media.attachment_id, media.sha256, 200)
    assert upload.duration_ms is not None and upload.worker


def test_an_upload_that_fails_is_written_down_and_tried_again(cast, contact, clock):
    media = _picture(cast, contact)
    cast.simulator.fault("error_before", route="*", account=contact.account.external_id)
    dispatch = _reply(cast, contact, Content(media=media))
    work_until_idle("dispatch")
    dispatch.refresh_from_db()
    assert (dispatch.state, dispatch.reason) == (Dispatch.State.QUEUED, "unavailable")
    assert _rows(dispatch) == [(1, Step.UPLOAD, Outcome.NOT_SENT)]
    assert dispatch.attempts.get().error == "Unavailable"
    clock.shift(timedelta(minutes=1))
    work_until_idle("dispatch")
    assert _rows(dispatch) == [(1, Step.UPLOAD, Outcome.NOT_SENT), (2, Step.UPLOAD, Outcome.ACCEPTED), (3, Step.SEND, Outcome.ACCEPTED)]


def test_a_refusal_keeps_metas_own_sentence(cast, contact):
    cast.simulator.fault("window", account=contact.account.external_id)
    dispatch = _reply(cast, contact, Content(text="Hello"))
    work_until_idle("dispatch")
    call = dispatch.attempts.get()
    assert (call.outcome, call.error) == (Outcome.REFUSED, "WindowClosed")
    assert call.status >= 400 and call.code and call.trace_id and call.answer
    assert "trace" not in call.answer


def test_a_call_that_no_answer_came_to_has_none(cast, contact):
    cast.simulator.set_echo(contact.account.external_id, "never")
    cast.simulator.fault("drop_after", account=contact.account.external_id)
    dispatch = _reply(cast, contact, Content(text="Hello"))
    work_until_idle("dispatch")
    call = dispatch.attempts.get()
    assert (call.outcome, call.error, call.answer, call.status) == (Outcome.UNKNOWN, "OutcomeUnknown", "", None)
    assert call.duration_ms is not None and call.finished_at


def test_an_echo_settles_the_call_and_leaves_what_came_back(cast, contact):
    cast.simulator.fault("drop_after", account=contact.account.external_id)
    dispatch = _reply(cast, contact, Content(text="Hello"))
    work_until_idle("dispatch")
    before = dispatch.attempts.get()
    cast.settle()
    after = dispatch.attempts.get()
    assert (before.outcome, after.outcome) == (Outcome.UNKNOWN, Outcome.ACCEPTED)
    for name in ("started_at", "finished_at", "duration_ms", "answer", "error", "status"):
        assert getattr(before, name) == getattr(after, name), name
    assert Activity.objects.get(verb="message.sent").details["how"] == "echo"


def test_what_another_call_proves_says_nothing_about_the_first(cast, clock):
    """Sent again after nobody knew: the second was taken, and of the first nobody knows to this day."""
    cast.simulator.set_echo(cast.shop.external_id, "never")
    cast.simulator.fault("error_before", account=cast.shop.external_id)
    dispatch = _reply(cast, cast.amina, Content(text="Hello"))
    work_until_idle("dispatch")
    clock.shift(timedelta(minutes=20))
    dispatch.refresh_from_db()
    send_again(dispatch, by=cast.bob)
    work_until_idle("dispatch")
    assert _rows(dispatch) == [(1, Step.SEND, Outcome.UNKNOWN), (2, Step.SEND, Outcome.ACCEPTED)]
    assert Activity.objects.get(verb="message.sent").details["how"] == "answer"


def test_an_answer_that_comes_after_the_lease_counts_and_is_called_late(cast):
    dispatch = _reply(cast, cast.amina, Content(text="Hello"))
    claimed = claim("slow", at=now())
    attempt = hand_over(claimed)
    Dispatch.objects.update(state="unknown", unknown_since=now(), reason="crashed", lease_until=None)
    Attempt.objects.update(outcome=Outcome.UNKNOWN)
    sending._record_accepted(claimed, attempt, sending.Sent("m_late", "", "trace"), took=40_000)
    call = dispatch.attempts.get()
    assert (call.outcome, call.answer, call.duration_ms) == (Outcome.ACCEPTED, "m_late", 40_000)
    assert Activity.objects.get(verb="message.sent").details["how"] == "late_answer"


def test_secrets_in_metas_sentence_become_dots(cast, settings):
    secret = "hush99 x Spoken out 7Q"
    cast.shop.token = Secret(secret)

    def parrot(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"error": {"message": f"No: {secret}. " + "And so on. " * 100, "code": 100, "fbtrace_id": "Atrace"}})

    settings.GRAPH_TRANSPORT = httpx.MockTransport(parrot)
    dispatch = _reply(cast, cast.amina, Content(text="Hello"))
    work_until_idle("dispatch")
    answer = dispatch.attempts.get().answer
    assert answer.startswith("No: ••••••. And so on.") and len(answer) <= 500


def test_content_that_has_no_form_at_meta_is_never_handed_over(cast):
    dispatch = _reply(cast, cast.amina, Content(text="Hello"))
    type(cast.amina).objects.filter(pk=cast.amina.pk).update(external_id="not-a-number")
    Dispatch.objects.update(content_digest=Content(text="Hello").digest(cast.conversation(cast.amina)))
    work_until_idle("dispatch")
    dispatch.refresh_from_db()
    assert (dispatch.state, dispatch.reason) == (Dispatch.State.FAILED, "no_form")
    assert not dispatch.attempts.exists()


def test_a_worker_that_slept_since_the_hand_over_does_not_call(cast, clock):
    dispatch = cast.conversation(cast.amina).reply(Content(text="Hello"), by=cast.bob).dispatch

    def sleep(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.startswith("INSERT INTO") and "inbox_attempt" in sql:
            clock.shift(timedelta(minutes=1))
        return result

    with connection.execute_wrapper(sleep):
        assert sending.send_next()
    dispatch.refresh_from_db()
    assert (dispatch.state, dispatch.reason, cast.received(cast.amina)) == (Dispatch.State.QUEUED, "stalled", [])
    assert [(each.outcome, each.error) for each in dispatch.attempts.all()] == [(Attempt.Outcome.NOT_SENT, "Stalled")]
    assert sentence_for(dispatch) == "Countersign stalled before it called Meta. It is tried again by itself."
    told = Story.of(dispatch).steps[1]
    assert (told.words, told.why, told.tone) == ("Countersign stalled before the call and did not make it.", sentence_for(dispatch), "care")
    clock.shift(timedelta(minutes=1))
    work_until_idle("dispatch")
    assert len(cast.received(cast.amina)) == 1
