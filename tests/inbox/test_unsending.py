"""What is unsent is gone: from every table, from the raw bodies and from the files, in whatever order it came and whatever came with it."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.apps import apps
from django.test import TestCase
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account, MetaApp
from core.clock import now
from graph.client import Sent
from graph.signatures import sign
from inbox import arrivals, sending
from inbox.claiming import claim
from inbox.content import Content
from inbox.erasing import redact, without_words
from inbox.ingesting import replay
from inbox.models import Conversation, KeptEvent, Message, ParkedEcho, WebhookDelivery
from inbox.webhooks.store import store_delivery
from inbox.work import work_until_idle
from tests.inbox.beliefs import SECRET, beliefs, connect_all, forgotten, receive, work
from tests.inbox.handing import hand_over
from tests.inbox.webhook_bodies import ACCOUNTS, BEGINNING, CONTACTS, bounded, disorders, stories, wire

CDN = b"https:\\/\\/cdn.example.test"
WORDS = "my card number is 4111"


@pytest.fixture
def connected(db):
    connect_all()


class _Cdn(BaseHTTPRequestHandler):
    """Answers every address with the address itself, so that a copy can be told by what it was a copy of."""

    def do_GET(self) -> None:
        body = self.path.encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        return


@pytest.fixture
def cdn(settings) -> Iterator[bytes]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Cdn) as server:
        settings.FETCH_ALLOWED_HOSTS = [f"127.0.0.1:{server.server_port}"]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}".encode()
        server.shutdown()
        thread.join()


def everything() -> str:
    """All that stands in the tables of the inbox and in the history, as one text."""
    models = [*apps.get_app_config("inbox").get_models(), apps.get_model("accounts", "Activity")]
    return "\n".join(f"{model.__name__} {_legible(row)}" for model in models for row in model.objects.values())


def _legible(row: dict[str, Any]) -> str:
    return str({name: bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else value for name, value in row.items()})


def _files(folder: Path) -> str:
    return "\n".join(path.read_text() for path in folder.rglob("*") if path.is_file())


def _is_gone(story, places: str) -> bool:
    return not [words for mid in story.unsent for words in story.words.get(mid, ()) if words in places]


@bounded(20)
@given(data=st.data(), story=stories(most=10).filter(lambda story: story.unsent))
def test_no_word_of_what_was_unsent_is_anywhere_and_its_neighbours_are_whole(connected, data, story):
    with forgotten():
        receive(data.draw(disorders(story)))
        found, before = everything(), beliefs(story.account)
        assert _is_gone(story, found)
        bodies = b"".join(bytes(each.body) for each in WebhookDelivery.objects.all()).decode()
        for mid, words in story.words.items():
            if mid not in story.unsent:
                assert all(each in bodies for each in words)
        for delivery in WebhookDelivery.objects.all():
            replay(delivery)
        work()
        assert beliefs(story.account) == before
        assert _is_gone(story, everything())


@bounded(8)
@given(data=st.data(), story=stories(most=8, without=("taps", "policy", "control", "comments", "reads")).filter(lambda story: story.unsent))
def test_no_copy_of_what_was_unsent_is_left_on_disk(connected, cdn, settings, tmp_path, data, story):
    settings.MEDIA_ROOT = tmp_path / str(len(list(tmp_path.iterdir())))
    settings.MEDIA_ROOT.mkdir()
    bodies = [body.replace(CDN, cdn) for body in data.draw(disorders(story))]
    with forgotten(), TestCase.captureOnCommitCallbacks(execute=True):
        for body in bodies:
            receive([body])
            work_until_idle("upkeep")
        kept = {mid for mid in Message.objects.filter(attachments__media__state="ready").values_list("mid", flat=True)}
    on_disk = _files(settings.MEDIA_ROOT)
    assert _is_gone(story, on_disk)
    assert all(any(words in on_disk for words in story.words[mid]) for mid in kept)


# One by one -------------------------------------------------------------------------------------------------------
def _event(content: dict[str, Any], *, ours: bool = False, at: int = BEGINNING) -> dict[str, Any]:
    people = [{"id": ACCOUNTS["page"]}, {"id": CONTACTS[0]}]
    return {"sender": people[not ours], "recipient": people[ours], "timestamp": at} | content


def _tell(*events: dict[str, Any], time: int = 0, secret: str = SECRET) -> None:
    body = wire({"object": "page", "entry": [{"id": ACCOUNTS["page"], "time": BEGINNING + time, "messaging": list(events)}]})
    assert store_delivery(body, sign(secret, body))
    work()


SAID, UNSENT = {"message": {"mid": "m_1", "text": WORDS}}, {"message": {"mid": "m_1", "is_deleted": True}}


def test_a_tombstone_keeps_its_place_and_says_that_it_was_unsent(connected):
    _tell(_event(SAID))
    _tell(_event(UNSENT, at=BEGINNING + 5_000))
    message = Message.objects.get()
    assert (message.text, message.words, message.preview, message.opens_as) == ("", "", "Message unsent", "message")
    assert (message.removed_at - message.at).total_seconds() == 5
    assert message.conversation.window_message == message


def test_an_unsend_without_people_takes_the_content_away_too(connected):
    _tell(_event(SAID))
    _tell({"timestamp": BEGINNING} | UNSENT)
    assert WORDS not in everything()


def test_an_unsend_without_people_waits_for_its_message(connected):
    _tell({"timestamp": BEGINNING} | UNSENT)
    _tell(_event(SAID))
    assert Message.objects.get().removed_at is not None
    assert WORDS not in everything()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_another_app_signed_is_taken_away_too(connected, order):
    """Both apps of an account tell of everything; only one of them is its own."""
    MetaApp.objects.create(kind="facebook", app_id="77", secret="another", verify_token="v")
    tellings = [lambda: _tell(_event(SAID), time=1, secret="another"), lambda: _tell(_event(UNSENT), time=2)]
    _tell(_event(SAID))
    for number in order:
        tellings[number]()
    assert KeptEvent.objects.get(kind="Message received").reason == "Another app than the account's own signed it."
    assert WORDS not in everything()


def test_what_was_kept_before_its_account_was_connected_is_taken_away_too(connected):
    Account.objects.filter(external_id=ACCOUNTS["page"]).update(external_id="away")
    _tell(_event(SAID), _event({"message": {"mid": "m_2", "text": "a neighbour"}}))
    _tell(_event(UNSENT), time=1)
    Account.objects.filter(external_id="away").update(external_id=ACCOUNTS["page"])
    replay(WebhookDelivery.objects.first())
    work()
    assert WORDS not in everything()
    assert "a neighbour" in KeptEvent.objects.get(body__message__mid="m_2").body["message"]["text"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_edit_that_is_none_keeps_no_words_of_what_was_unsent(connected, order):
    odd = {"message_edit": {"mid": "m_1", "text": WORDS, "num_edit": 0}}
    _tell(_event(SAID))
    for number in order:
        _tell(_event((odd, UNSENT)[number]), time=number + 1)
    assert KeptEvent.objects.filter(kind="message_edit").exists()
    assert WORDS not in everything()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_words_go_out_of_a_body_however_it_spells_the_id(connected, encoding):
    body = json.dumps({"object": "page", "entry": [{"id": ACCOUNTS["page"], "messaging": [_event({"message": {"mid": "m_\u00e9/1", "text": WORDS}})]}]})
    receive([body.replace("/", "\\/").encode(encoding)])
    _tell(_event({"message": {"mid": "m_\u00e9/1", "is_deleted": True}}))
    assert WORDS not in everything()
    assert WORDS.encode(encoding)[2:] not in bytes(WebhookDelivery.objects.last().body)


def test_a_message_without_an_id_takes_nobodys_words_along(connected):
    """Old postbacks have no id at Meta, and neither has a message of ours that is on its way."""
    Account.objects.filter(external_id=ACCOUNTS["page"]).update(external_id="away")
    _tell(_event({"postback": {"title": WORDS, "payload": "START"}}))
    Account.objects.filter(external_id="away").update(external_id=ACCOUNTS["page"])
    _tell(_event(SAID), time=1)
    message = Message.objects.get()
    Message.objects.filter(pk=message.pk).update(mid="")
    message.refresh_from_db()
    before = everything()
    redact(message)
    assert everything() == before
    body = bytes(WebhookDelivery.objects.first().body)
    assert without_words(body, "") == body


def test_a_delivery_that_could_not_be_applied_keeps_no_words_of_what_was_unsent(connected, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as trouble:
        trouble.setattr(arrivals, "_inbound", broken)
        _tell(_event(SAID), _event({"message": {"mid": "m_2", "text": "a neighbour"}}))
    failed = WebhookDelivery.objects.get(state=WebhookDelivery.State.FAILED)
    _tell(_event(UNSENT), time=1)
    failed.refresh_from_db()
    assert WORDS.encode() not in bytes(failed.body)
    assert b"a neighbour" in bytes(failed.body)


def test_a_kept_event_of_any_kind_keeps_no_words_of_what_was_unsent(connected):
    value = {"sender": {"id": CONTACTS[0]}, "timestamp": BEGINNING} | SAID
    body = wire({"object": "page", "entry": [{"id": ACCOUNTS["page"], "time": 1, "changes": [{"field": "messages", "value": value}]}]})
    assert store_delivery(body, sign(SECRET, body))
    work()
    assert WORDS in str(KeptEvent.objects.get().body)
    _tell(_event(UNSENT))
    assert WORDS not in everything()


# Our own side -----------------------------------------------------------------------------------------------------
def _echo(cast, mid: str, content: dict[str, Any]) -> None:
    cast.simulator.announce(
        cast.studio.external_id,
        {"sender": {"id": cast.studio.external_id}, "recipient": {"id": cast.noor.external_id}, "timestamp": int(now().timestamp() * 1000)}
        | {"message": {"mid": mid, "is_echo": True} | content},
    )
    work_until_idle("ingest")


@pytest.mark.parametrize("when", ["before the answer", "after it"])
def test_what_our_side_unsends_leaves_no_body_of_its_echo(cast, when):
    """On Instagram an echo may come before the answer to our call, and waits."""
    cast.conversation(cast.noor).reply(Content(text=WORDS), by=cast.bob)
    claimed = claim("worker", at=now())
    attempt = hand_over(claimed)
    _echo(cast, "ig_1", {"text": WORDS})
    assert ParkedEcho.objects.get().settled_at is None
    if when == "after it":
        sending._record_accepted(claimed, attempt, Sent("ig_1", "", ""))
    _echo(cast, "ig_1", {"is_deleted": True})
    if when == "before the answer":
        sending._record_accepted(claimed, attempt, Sent("ig_1", "", ""))
    assert WORDS not in everything()
    assert cast.conversation(cast.noor).messages.filter(direction="out", removed_at__isnull=False).count() == 1


def test_an_unsend_brings_an_agents_answer_back(cast):
    """The contact took back what was answered: `heard` moves, and what was decided before no longer leaves."""
    before = cast.conversation(cast.amina)
    cast.simulator.unsend(cast.shop.external_id, cast.amina.external_id, before.newest_inbound.mid)
    work_until_idle("ingest")
    after = Conversation.objects.get(pk=before.pk)
    assert (after.heard, after.revision) == (before.heard + 1, before.revision + 1)
