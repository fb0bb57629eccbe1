"""Whoever asks to be forgotten is: in rows, files and raw bodies, in steps that can be cut off, and nothing brings it back."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Activity, MetaApp
from agents.deciding import decide
from agents.models import Decision, Proposal, ProposalPart, ToolCall, Vote
from agents.proposing import propose
from core.clock import now
from core.lease import Lease
from graph.errors import OutcomeUnknown
from graph.signatures import sign
from inbox import forgetting, ingesting, sending
from inbox.claiming import claim
from inbox.content import Content
from inbox.erasing import without_person
from inbox.ingesting import replay
from inbox.models import (
    Attachment,
    Contact,
    Conversation,
    DeletionRequest,
    Dispatch,
    Draft,
    KeptEvent,
    MediaFile,
    Mention,
    Message,
    Note,
    Occurrence,
    ParkedEcho,
    Reaction,
    SearchEntry,
    WebhookDelivery,
)
from inbox.noting import take_note_away, write_note
from inbox.webhooks.store import store_delivery
from inbox.work import work_until_idle
from tests.inbox.handing import hand_over
from tests.inbox.pictures import picture
from tests.inbox.test_retention import tell

SECRETS = ("Yirgacheffe", "Amina", "Wednesday", "MARKER")


@pytest.fixture
def story(cast):
    """Amina and the shop told each other all sorts of things."""
    work_until_idle("fetch")
    conversation = cast.conversation(cast.amina)
    mid = cast.write(cast.amina, "MARKER my number is 555")
    cast.simulator.edit(cast.shop.external_id, cast.amina.external_id, mid, "MARKER my number is 556")
    cast.simulator.react(cast.shop.external_id, cast.amina.external_id, mid)
    work_until_idle("ingest")
    conversation.reply(Content(text="MARKER back on Wednesday"), by=cast.bob)
    cast.settle()
    media = MediaFile.objects.create(account=cast.shop, at=now(), name="MARKER.png", mime="image/png", size=3)
    media.file.save("copy", _bytes())
    Attachment.objects.create(message=Message.objects.get(mid=mid), kind="image", media=media, url="https://cdn.example/MARKER")
    Occurrence.objects.create(conversation=conversation, kind="referral", at=now(), key="k", about={"referral": {"ref": "MARKER"}})
    ParkedEcho.objects.create(conversation=conversation, mid="m_parked", at=now(), text="MARKER", parked_at=now(), about={"delivery": 1})
    comment = {"item": "comment", "verb": "add", "comment_id": "5_9", "from": {"id": cast.amina.external_id, "name": "Amina"}, "message": "MARKER"}
    tell(object="page", entry=[{"id": cast.shop.external_id, "time": 1, "changes": [{"field": "feed", "value": comment}]}])
    propose(cast.assistant, conversation, Content(text="MARKER shall I?"), reason="MARKER said so")
    return conversation


def _bytes():
    from django.core.files.base import ContentFile

    return ContentFile(picture())


def ask(cast) -> DeletionRequest:
    return forgetting.ask(cast.shop.meta_app, cast.amina.external_id, at=now())


def everything(*, but_not: tuple[type, ...] = ()) -> str:
    """All that is stored, as text."""
    models = [
        Attachment, Contact, Conversation, Dispatch, KeptEvent, MediaFile, Message, Occurrence, ParkedEcho, Reaction, WebhookDelivery,
        Note, Draft, SearchEntry, Activity, DeletionRequest, Proposal, ProposalPart, ToolCall, Vote, Decision,
    ]  # fmt: skip
    return " ".join(str(list(model._default_manager.values())) for model in models if model not in but_not)


def test_nothing_that_was_said_is_left_anywhere(cast, story, django_capture_on_commit_callbacks):
    files = [Path(media.file.path) for media in MediaFile.objects.exclude(file="")]
    assert [path.exists() for path in files] == [True]
    ask(cast)
    with django_capture_on_commit_callbacks(execute=True):
        work_until_idle("upkeep")
    left = everything()
    assert [secret for secret in SECRETS if secret in left] == []
    assert not Attachment.objects.exists() and not Reaction.objects.exists() and not Occurrence.objects.exists()
    assert [path.exists() for path in files] == [False]


def test_what_others_said_stays(cast, story):
    theirs = Message.objects.get(conversation=cast.conversation(cast.noor))
    ask(cast)
    work_until_idle("upkeep")
    theirs.refresh_from_db()
    assert theirs.text == "Is the Saturday class full?"
    bodies = b" ".join(bytes(delivery.body) for delivery in WebhookDelivery.objects.all())
    assert b"Saturday class" in bodies


def test_the_conversation_stays_as_tombstones(cast, story):
    number = story.messages.count()
    ask(cast)
    work_until_idle("upkeep")
    messages = list(story.messages.all())
    assert len(messages) == number
    assert {message.preview for message in messages} == {"Message erased"}
    cast.amina.refresh_from_db()
    assert str(cast.amina) == f"Somebody (…{cast.amina.external_id[-4:]})"


def test_it_is_written_down_how_much_was_erased_and_not_who(cast, story):
    request = ask(cast)
    work_until_idle("upkeep")
    request.refresh_from_db()
    assert request.finished_at
    assert request.user_id == ""
    assert request.erased == request.erased | {"contacts": 1, "messages": 3, "files": 1, "reactions": 1, "occurrences": 1, "events": 1}
    assert request.erased["deliveries"] >= 5
    line = Activity.objects.get(verb="deletion.finished")
    assert line.details == {"erased": request.erased}


@pytest.mark.parametrize("again", ["replayed", "repeated by Meta"])
def test_nothing_brings_it_back(cast, story, again):
    told = [bytes(delivery.body) for delivery in WebhookDelivery.objects.order_by("pk")]
    ask(cast)
    work_until_idle("upkeep")
    if again == "replayed":
        for delivery in WebhookDelivery.objects.all():
            replay(delivery)
    else:
        KeptEvent.objects.all().delete()
        WebhookDelivery.objects.all().delete()
        for raw in told:
            if b"feed" not in raw:  # a comment is no part of a conversation, and would be a new one
                assert store_delivery(raw, sign("app-secret", raw))
    work_until_idle("ingest", "fetch")
    assert [secret for secret in SECRETS if secret in everything(but_not=(WebhookDelivery,))] == []


def test_the_same_bytes_told_again_are_not_stored_again(cast, story):
    told = [bytes(delivery.body) for delivery in WebhookDelivery.objects.order_by("pk")]
    ask(cast)
    work_until_idle("upkeep")
    for raw in told:
        assert store_delivery(raw, sign("app-secret", raw))
    work_until_idle("ingest")
    assert [secret for secret in SECRETS if secret in everything()] == []


def test_what_waits_to_be_sent_does_not_leave(cast):
    Account.objects.update(reply_hold=60)
    conversation = cast.conversation(cast.amina)
    held = conversation.reply(Content(text="MARKER soon"), by=cast.bob).dispatch
    unknown = conversation.reply(Content(text="MARKER perhaps"), by=cast.bob).dispatch
    Dispatch.objects.filter(pk=unknown.pk).update(state=Dispatch.State.UNKNOWN, unknown_since=now(), handed_over_at=now())
    ask(cast)
    work_until_idle("upkeep", "dispatch")
    states = dict(Dispatch.objects.values_list("pk", "state"))
    assert states == {held.pk: Dispatch.State.CANCELLED, unknown.pk: Dispatch.State.FAILED}
    assert cast.received(cast.amina) == []


def test_what_an_agent_proposed_is_withdrawn(cast, story):
    ask(cast)
    work_until_idle("upkeep")
    proposal = Proposal.objects.get()
    assert (proposal.state, proposal.part.text, proposal.reason) == (Proposal.State.WITHDRAWN, "", "")


def test_what_colleagues_noted_and_typed_goes_too(cast, story):
    theirs = cast.conversation(cast.noor)
    write_note(story, "MARKER ask @Alice whether Amina paid", by=cast.bob)
    write_note(theirs, "Noor prefers mornings", by=cast.bob)
    take_note_away(write_note(story, "MARKER and I am wrong", by=cast.bob), by=cast.bob)
    chosen = MediaFile.objects.create(account=cast.shop, by=cast.bob, at=now(), name="MARKER.pdf", mime="application/pdf", size=3)
    for conversation in (story, theirs):
        Draft.objects.create(conversation=conversation, user=cast.bob, typed={"text": "MARKER Dear"}, chosen=[chosen.public_id], saved_at=now())
    Draft.objects.filter(conversation=theirs).update(typed={"text": "Dear Noor"}, chosen=[])
    request = ask(cast)
    work_until_idle("upkeep")
    assert [(note.text, note.removed_at is None) for note in Note.objects.order_by("pk")] == [("", False), ("Noor prefers mornings", True), ("", False)]
    assert not Mention.objects.filter(conversation=story).exists()
    assert [draft.typed for draft in Draft.objects.all()] == [{"text": "Dear Noor"}]
    assert not MediaFile.objects.filter(pk=chosen.pk).exists()
    assert "MARKER" not in everything()
    request.refresh_from_db()
    assert (request.erased["notes"], request.erased["drafts"]) == (1, 1)


def test_the_files_of_a_draft_go_with_it_unless_somebody_has_chosen_them_for_others(cast, story):
    theirs = cast.conversation(cast.noor)
    files = {
        name: MediaFile.objects.create(account=cast.shop, by=cast.bob, at=now(), name=name, mime="image/png", size=3)
        for name in ("chosen", "card", "proposed", "menu", "other card")
    }
    chosen, shared = [files["chosen"].public_id, files["menu"].public_id], files["other card"].public_id
    Draft.objects.create(conversation=story, user=cast.bob, typed={"picture": files["card"].public_id}, chosen=chosen, saved_at=now())
    Draft.objects.create(conversation=story, user=cast.alice, typed={"picture": shared}, chosen=[files["proposed"].public_id], saved_at=now())
    Draft.objects.create(conversation=theirs, user=cast.bob, typed={"picture": shared}, chosen=[files["menu"].public_id], saved_at=now())
    Attachment.objects.create(message=story.messages.first(), position=5, kind="image", media=files["proposed"])
    forgetting.ask_for(cast.amina, by=cast.dana, at=now())
    work_until_idle("upkeep")
    assert [draft.conversation for draft in Draft.objects.all()] == [theirs]
    assert set(MediaFile.objects.exclude(by=None).values_list("name", flat=True)) == {"menu", "other card"}


def test_what_was_found_of_them_is_found_no_more(cast, story):
    words = "marker yirgacheffe wednesday amina okafor"
    assert {word for entry in SearchEntry.objects.all() for word in entry.words.split()} >= set(words.split())
    ask(cast)
    work_until_idle("upkeep")
    assert not {word for entry in SearchEntry.objects.all() for word in entry.words.split()} & set(words.split())


def test_a_picture_that_was_sent_to_others_too_stays(cast, story):
    ours = MediaFile.objects.create(account=cast.shop, by=cast.bob, at=now(), name="menu.png", mime="image/png", size=3)
    only_hers = MediaFile.objects.create(account=cast.shop, by=cast.bob, at=now(), name="invoice.png", mime="image/png", size=3)
    Attachment.objects.create(message=story.messages.first(), position=5, kind="image", media=ours)
    Attachment.objects.create(message=story.messages.first(), position=6, kind="image", media=only_hers)
    Attachment.objects.create(message=cast.conversation(cast.noor).messages.first(), kind="image", media=ours)
    ask(cast)
    work_until_idle("upkeep")
    assert list(MediaFile.objects.values_list("name", flat=True)) == ["menu.png"]


def test_somebody_who_only_commented_is_forgotten_too(cast):
    comment = {"item": "comment", "verb": "add", "comment_id": "5_9", "from": {"id": 777000111, "name": "Ann"}, "message": "MARKER"}
    other = {"item": "comment", "verb": "add", "comment_id": "5_8", "from": {"id": "1"}, "message": "Another's"}
    tell(object="page", entry=[{"id": cast.shop.external_id, "time": 1, "changes": [{"field": "feed", "value": each} for each in (comment, other)]}])
    forgetting.ask(cast.shop.meta_app, "777000111", at=now())
    work_until_idle("upkeep")
    assert "MARKER" not in everything()
    assert KeptEvent.objects.get().body["value"]["message"] == "Another's"
    assert b"Another's" in bytes(WebhookDelivery.objects.latest("pk").body)


def test_what_somebody_connected_goes_out_of_use(cast):
    Account.objects.filter(pk=cast.shop.pk).update(meta_user_id="73000000000")
    request = forgetting.ask(cast.shop.meta_app, "73000000000", at=now())
    work_until_idle("upkeep")
    shop = Account.objects.get(pk=cast.shop.pk)
    assert (shop.state, bool(shop.token), shop.meta_user_id) == (Account.State.DISCONNECTED, False, "")
    request.refresh_from_db()
    assert request.erased == {"accounts": 1}
    assert Message.objects.filter(account=shop, text__contains="Yirgacheffe").exists()


def test_it_goes_in_steps_and_is_taken_up_again_after_a_crash(cast, story, monkeypatch, clock):
    monkeypatch.setattr(forgetting, "MESSAGES", 1)
    request, erase_some = ask(cast), forgetting._erase_some
    steps = []

    def crash_at_the_second(request, pk):
        steps.append(pk)
        if len(steps) == 2:
            raise OSError("the power went out")
        return erase_some(request, pk)

    with monkeypatch.context() as power:
        power.setattr(forgetting, "_erase_some", crash_at_the_second)
        with pytest.raises(OSError, match="power"):
            forgetting.forget_next()
    assert story.messages.filter(removed_at=None).count() == 2
    assert not forgetting.forget_next()  # it is leased
    clock.shift(timedelta(minutes=3))
    assert forgetting.forget_next()
    request.refresh_from_db()
    assert request.finished_at
    assert request.erased["messages"] == 3
    assert request.erased["files"] == 1


def test_a_worker_whose_lease_was_taken_over_stops(cast, story, clock):
    ask(cast)
    slow = forgetting._claim(now())
    clock.shift(timedelta(minutes=3))
    assert forgetting._claim(now())
    with pytest.raises(forgetting.TakenOver):
        forgetting._carry_out(Lease(slow))
    assert "MARKER" in everything()


def test_a_step_asks_for_no_more_however_long_the_conversation_is(cast, story):
    for number in range(30):
        cast.write(cast.amina, f"MARKER {number}")
    ask(cast)
    with CaptureQueriesContext(connection) as captured:
        work_until_idle("upkeep")
    assert len(captured) < 500


# Who asks inside ----------------------------------------------------------------------------------------------------------
def test_a_colleague_has_one_contact_forgotten(cast, story):
    request = forgetting.ask_for(cast.amina, by=cast.dana, at=now())
    assert forgetting.ask_for(cast.amina, by=cast.dana, at=now()) == request
    work_until_idle("upkeep")
    assert [secret for secret in SECRETS if secret in everything()] == []
    assert Activity.objects.get(verb="contact.erased").by == cast.dana
    assert Account.objects.get(pk=cast.shop.pk).is_sending


def test_an_id_means_somebody_only_on_their_own_account(cast, story):
    same_id = json.dumps({"object": "page", "entry": [{"id": "another", "messaging": [{"sender": {"id": cast.amina.external_id}, "x": "Stays"}]}]})
    assert store_delivery(same_id.encode(), sign("app-secret", same_id.encode()))
    forgetting.ask_for(cast.amina, by=cast.dana, at=now())
    work_until_idle("ingest", "upkeep")
    assert "Stays" in everything()


# What others hold --------------------------------------------------------------------------------------------------------
def store(account, *told: dict, secret: str = "app-secret") -> None:
    """Meta tells of this account; nothing of it is applied yet."""
    kind = "page" if account.network == "messenger" else "instagram"
    raw = json.dumps({"object": kind, "entry": [{"id": account.external_id, "time": 1, "messaging": list(told)}]}).encode()
    assert store_delivery(raw, sign(secret, raw))


def said(account, contact, message: dict, *, ours: bool = False) -> dict:
    people = [{"id": account.external_id}, {"id": contact.external_id}]
    return {"sender": people[not ours], "recipient": people[ours], "timestamp": int(now().timestamp() * 1000), "message": message}


@pytest.mark.parametrize("who", ["Meta", "a colleague"])
def test_what_another_app_signed_of_them_goes_too_and_of_others_stays(cast, who):
    MetaApp.objects.create(kind="instagram", app_id="99", secret="other-secret", verify_token="x")
    store(cast.shop, said(cast.shop, cast.amina, {"mid": "m_two", "text": "MARKER"}), secret="other-secret")
    store(cast.studio, said(cast.studio, cast.noor, {"mid": "m_three", "text": "Stays"}), secret="other-secret")
    work_until_idle("ingest")
    assert KeptEvent.objects.filter(reason__startswith="Another app").count() == 2
    ask(cast) if who == "Meta" else forgetting.ask_for(cast.amina, by=cast.dana, at=now())
    work_until_idle("upkeep")
    left = everything()
    assert "MARKER" not in left
    assert left.count("Stays") == 2


def test_a_body_that_a_worker_holds_already_brings_nothing_back(cast, clock):
    store(cast.shop, said(cast.shop, cast.amina, {"mid": "m_late", "text": "MARKER"}))
    held = ingesting._claim(now())
    request = forgetting.ask_for(cast.amina, by=cast.dana, at=now())
    work_until_idle("upkeep")
    request.refresh_from_db()
    assert request.finished_at is None
    ingesting.apply_delivery(held)
    clock.shift(forgetting.LOOK_AGAIN_AFTER + timedelta(seconds=1))
    work_until_idle("ingest", "upkeep")
    request.refresh_from_db()
    assert request.finished_at
    assert "MARKER" not in everything()


def test_a_worker_that_died_with_a_body_does_not_keep_a_request_open(cast, clock):
    store(cast.shop, said(cast.shop, cast.amina, {"mid": "m_late", "text": "MARKER"}))
    ingesting._claim(now())
    request = ask(cast)
    for _ in range(5):
        work_until_idle("upkeep")
        clock.shift(forgetting.LOOK_AGAIN_AFTER + timedelta(seconds=1))
    request.refresh_from_db()
    assert request.finished_at
    assert request.erased["contacts"] == 1


def test_an_approved_proposal_that_waits_in_the_outbox_ends_and_cannot_be_decided_again(cast):
    Account.objects.update(approval_hold=60)
    conversation = cast.conversation(cast.amina)
    proposal = propose(cast.assistant, conversation, Content(text="MARKER"), reason="r").proposal
    conversation.refresh_from_db()
    decide(proposal, by=cast.alice, approve=True, digest=proposal.digest, revision=conversation.revision)
    ask(cast)
    work_until_idle("upkeep")
    proposal.refresh_from_db()
    assert proposal.state == Proposal.State.WITHDRAWN
    assert not Proposal.objects.awaiting_decision().exists()


@pytest.mark.parametrize("answered", [True, False], ids=["unknown", "still being called"])
def test_an_echo_of_something_erased_whose_id_we_never_heard_brings_no_words_back(cast, answered):
    conversation = cast.conversation(cast.noor)
    conversation.reply(Content(text="MARKER your order"), by=cast.bob)
    dispatch = claim("worker", at=now())
    attempt = hand_over(dispatch)
    if answered:
        sending._record(dispatch, attempt, OutcomeUnknown("x"))
    forgetting.ask_for(cast.noor, by=cast.dana, at=now())
    work_until_idle("upkeep")
    store(cast.studio, said(cast.studio, cast.noor, {"mid": "aWdfE1", "text": "MARKER your order", "is_echo": True}, ours=True))
    work_until_idle("ingest")
    assert "MARKER" not in everything()
    assert conversation.messages.get(mid="aWdfE1").preview == "Message erased"


def test_an_echo_long_after_something_was_erased_is_shown(cast, clock):
    conversation = cast.conversation(cast.noor)
    conversation.reply(Content(text="MARKER"), by=cast.bob)
    dispatch = claim("worker", at=now())
    sending._record(dispatch, hand_over(dispatch), OutcomeUnknown("x"))
    forgetting.ask_for(cast.noor, by=cast.dana, at=now())
    work_until_idle("upkeep")
    clock.shift(timedelta(minutes=10))
    store(cast.studio, said(cast.studio, cast.noor, {"mid": "aWdfE2", "text": "Good morning", "is_echo": True}, ours=True))
    work_until_idle("ingest")
    assert conversation.messages.get(mid="aWdfE2").text == "Good morning"


def test_the_owner_of_an_account_takes_none_of_its_customers_along(cast):
    store(cast.studio, said(cast.studio, cast.noor, {"mid": "aWdfX1", "text": "hello"}))
    comment = {"field": "comments", "value": {"id": "17_1", "from": {"id": "9", "username": "ann"}, "media": {"id": cast.studio.external_id}, "text": "Kept"}}
    tell(object="instagram", entry=[{"id": cast.studio.external_id, "time": 1, "changes": [comment]}])
    request = forgetting.ask(cast.studio.meta_app, cast.studio.external_id, at=now())
    work_until_idle("upkeep", "ingest")
    request.refresh_from_db()
    assert request.erased == {"accounts": 1}
    assert Account.objects.get(pk=cast.studio.pk).state == Account.State.DISCONNECTED
    assert Message.objects.filter(mid="aWdfX1", text="hello").exists()
    assert "Kept" in str(KeptEvent.objects.get().body)


# Bodies ---------------------------------------------------------------------------------------------------------------------
EVENT = {"sender": {"id": "7"}, "recipient": {"id": "1"}, "message": {"mid": "m", "text": "secret"}}
OTHER = {"sender": {"id": "8"}, "recipient": {"id": "1"}, "message": {"mid": "n", "text": "stays"}}


@pytest.mark.parametrize(
    ("entry", "left"),
    [
        ({"id": "1", "messaging": [EVENT, OTHER]}, {"id": "1", "messaging": [OTHER]}),
        ({"id": "1", "standby": [EVENT], "messaging": [OTHER]}, {"id": "1", "standby": [], "messaging": [OTHER]}),
        ({"id": "1", "changes": [{"field": "feed", "value": {"from": {"id": 7}}}]}, {"id": "1", "changes": []}),
        ({"id": "1", "field": "comments", "value": {"from": {"id": "7"}, "text": "secret"}}, None),
        ({"id": "1", "messaging": [OTHER]}, {"id": "1", "messaging": [OTHER]}),
        ({"id": "1", "new_kind": {"who": {"id": "7"}}}, None),
    ],
    ids=["one of two", "two lists", "a change, by number", "the flat form", "somebody else", "an unknown form"],
)
def test_of_a_body_only_the_events_of_the_person_go(entry, left):
    raw = json.dumps({"object": "page", "entry": [entry]}).encode()
    assert json.loads(without_person(raw, "7")) == {"object": "page", "entry": [left] if left else []}


@pytest.mark.parametrize("raw", [b'{"object":"page","who":"7"}', b'["7"]', b'{"object":"page","entry":{"a":"7"}}'])
def test_of_a_body_of_an_unknown_shape_nothing_is_left(raw):
    assert json.loads(without_person(raw, "7"))["entry"] == []


@pytest.mark.parametrize("raw", [b"", b"not json 7", b'{"object":"page","entry":[{"id":"77"}]}'])
def test_a_body_that_does_not_name_the_person_stays_as_it_is(raw):
    assert without_person(raw, "7") == raw
