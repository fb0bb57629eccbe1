"""What is read back is silent, stays true to what is known, and brings nobody back who was forgotten."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps

from accounts.graph import client_for
from accounts.models import Account
from agents.models import Proposal
from agents.proposing import propose
from config.context import Header
from core.clock import now
from core.live import Change
from inbox import forgetting
from inbox.closing import close
from inbox.content import Content
from inbox.copying import copy_next, copy_next_of_history
from inbox.importing import Look, import_thread
from inbox.models import Contact, Conversation, DeletionRequest, Dispatch, MediaFile, Message, Occurrence, ParkedEcho, Reaction
from inbox.window import WindowState
from inbox.work import work_until_idle
from tests.inbox.browsing import page
from tests.inbox.reading_back import QUICK, answered, ask, carry_on, conversation_with, read_back, said, stranger, texts, unheard

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WORDS = "stay at Meta"


@pytest.fixture(autouse=True)
def quick(settings):
    settings.GRAPH_READS_PER_SECOND = QUICK


def unread(person, contact: str) -> int:
    return Conversation.objects.with_unread(person).get(contact__external_id=contact).unread


def news(contact: str) -> list[str]:
    """What is no history."""
    rows = Message.objects.filter(conversation__contact__external_id=contact, is_history=False)
    return list(rows.order_by("at", "pk").values_list("text", flat=True))


# Unread --------------------------------------------------------------------------------------------------------------
def test_what_nobody_can_answer_any_more_arrives_read(cast):
    lena = stranger(cast, cast.shop)
    said(cast, cast.shop, lena, "Are you open at Easter?", ago=40 * DAY)
    before = Header(cast.bob).unread
    read_back(cast, cast.shop)
    assert unread(cast.bob, lena) == 0 and Header(cast.bob).unread == before and news(lena) == []


def test_what_was_answered_arrives_read_also_in_an_open_window(cast):
    lena = stranger(cast, cast.shop)
    said(cast, cast.shop, lena, "Are you open?", ago=HOUR)
    answered(cast, cast.shop, lena, "Until six.")
    before = Header(cast.bob).unread
    read_back(cast, cast.shop)
    assert conversation_with(lena).window.state(now()) == WindowState.OPEN
    assert unread(cast.bob, lena) == 0 and Header(cast.bob).unread == before


def test_who_waits_for_an_answer_in_an_open_window_is_unread_with_what_came_after_our_last_word(cast, sign_in):
    lena = stranger(cast, cast.shop)
    said(cast, cast.shop, lena, "Are you open?", ago=9 * HOUR)
    cast.simulator.store.run("UPDATE message SET at = ? WHERE mid = ?", _ms(8 * HOUR), answered(cast, cast.shop, lena, "Until six."))
    said(cast, cast.shop, lena, "And tomorrow?", ago=2 * HOUR)
    said(cast, cast.shop, lena, "Hello?", ago=HOUR)
    before = Header(cast.bob).unread
    read_back(cast, cast.shop)
    assert texts(lena) == ["Are you open?", "Until six.", "And tomorrow?", "Hello?"]
    assert news(lena) == ["And tomorrow?", "Hello?"]
    assert unread(cast.bob, lena) == 2 and Header(cast.bob).unread == before + 1
    sign_in(cast.bob).get(conversation_with(lena).get_absolute_url())
    assert unread(cast.bob, lena) == 0 and Header(cast.bob).unread == before


def _ms(ago: timedelta) -> int:
    return int((now() - ago).timestamp() * 1000)


def test_what_was_unread_stays_unread(cast):
    assert unread(cast.bob, cast.amina.external_id) == 1
    amina = cast.amina.external_id
    said(cast, cast.shop, amina, "Years ago", ago=400 * DAY)
    cast.simulator.store.run("UPDATE message SET at = ? WHERE mid = ?", _ms(399 * DAY), answered(cast, cast.shop, amina, "Indeed"))
    read_back(cast, cast.shop)
    assert unread(cast.bob, amina) == 1
    assert texts(amina)[:2] == ["Years ago", "Indeed"]


def test_what_is_said_after_it_was_asked_for_is_news_even_where_it_was_answered(cast):
    """A webhook would have told it so, and may be on its way."""
    backfill = ask(cast, cast.shop)
    said(cast, cast.shop, cast.amina.external_id, "One more thing", ago=timedelta(seconds=-2))
    answered(cast, cast.shop, cast.amina.external_id, "Yes?")
    carry_on(backfill)
    assert "One more thing" in news(cast.amina.external_id) and unread(cast.bob, cast.amina.external_id) == 2


# Silence -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def changes(monkeypatch) -> list[Change]:
    told: list[Change] = []
    for module in ("inbox.parts", "inbox.models.conversation"):
        monkeypatch.setattr(f"{module}.publish", told.append)
    return told


def test_a_part_rings_once_however_much_it_brings(cast, changes):
    cast.simulator.add_history(cast.shop.external_id, contacts=30, messages=4)
    read_back(cast, cast.shop)
    assert changes == [Change(account=cast.shop.pk)] * 2


def test_a_part_that_brings_nothing_is_silent(cast, changes):
    read_back(cast, cast.shop)
    assert changes == []


# Webhooks meanwhile --------------------------------------------------------------------------------------------------
def test_a_webhook_that_came_before_the_part_is_applied_keeps_its_message(cast):
    """Read by the worker, told by the webhook, and only then taken in."""
    lena = stranger(cast, cast.shop)
    said(cast, cast.shop, lena, "First", ago=HOUR)
    thread = _thread(cast, cast.shop, lena)
    mid = cast.write(Contact(account=cast.shop, external_id=lena), "Second")
    stale = _thread(cast, cast.shop, lena)
    for each in (thread, stale, thread):
        import_thread(cast.shop, each, Look(now(), news_since=now()))
    assert texts(lena) == ["First", "Second"] and Message.objects.get(mid=mid).brought_by
    assert conversation_with(lena).last_message.text == "Second" and unread(cast.bob, lena) == 2


def test_a_webhook_that_comes_after_the_part_changes_nothing_but_who_brought_it(cast):
    cast.simulator.webhook_mode(cast.shop.meta_app.app_id, batch=10)
    lena = stranger(cast, cast.shop)
    mid = cast.simulator.write(cast.shop.external_id, lena, text="Are you open?")
    read_back(cast, cast.shop)
    before = Message.objects.values("at", "text", "received_at", "is_history").get(mid=mid)
    assert Message.objects.get(mid=mid).brought_by == []
    cast.settle()
    assert Message.objects.values("at", "text", "received_at", "is_history").get(mid=mid) == before
    assert len(Message.objects.get(mid=mid).brought_by) == 1 and conversation_with(lena).heard == 1


def _thread(cast, account: Account, contact: str):
    found = client_for(Account.objects.select_related("meta_app").get(pk=account.pk)).threads(limit=50)
    return next(thread for thread in found.threads if thread.summary.contact_id == contact)


def test_an_event_that_waited_for_its_message_is_applied_once_it_was_read_back(cast):
    mid = said(cast, cast.shop, cast.amina.external_id, "See you", ago=HOUR)
    cast.simulator.react(cast.shop.external_id, cast.amina.external_id, mid)
    work_until_idle("ingest")
    assert Occurrence.objects.filter(kind="reaction").exists()
    read_back(cast, cast.shop)
    work_until_idle("ingest")
    assert Reaction.objects.get(message__mid=mid).emoji and not Occurrence.objects.filter(kind="reaction").exists()


# What was unsent -----------------------------------------------------------------------------------------------------
def test_an_unsend_wins_over_what_was_read_before_it(cast):
    lena = stranger(cast, cast.shop)
    mid = said(cast, cast.shop, lena, "My password is hunter2", ago=HOUR)
    thread = _thread(cast, cast.shop, lena)
    cast.simulator.unsend(cast.shop.external_id, lena, mid)
    work_until_idle("ingest")
    tombstone = Message.objects.get(mid=mid)
    import_thread(cast.shop, thread, Look(now(), news_since=now()))
    kept = Message.objects.get(mid=mid)
    assert (kept.text, kept.removed_at) == ("", tombstone.removed_at)
    # When it was written is known now, and that it opened the window.
    assert kept.at < tombstone.at and conversation_with(lena).window_opened_at == kept.at


# Our own messages ----------------------------------------------------------------------------------------------------
def test_what_we_sent_is_read_back_as_ours(cast):
    cast.conversation(cast.amina).reply(Content(text="It is."), by=cast.bob)
    cast.settle()
    read_back(cast, cast.shop)
    answer = Message.objects.get(text="It is.")
    assert (answer.source, answer.written_by, answer.is_history) == ("countersign", cast.bob, False)


@pytest.mark.parametrize("who", ["amina", "noor"])
def test_one_whose_fate_is_unknown_is_settled_by_what_is_read_and_never_doubled(cast, who):
    contact = getattr(cast, who)
    cast.simulator.set_echo(contact.account.external_id, "never")
    cast.simulator.fault("drop_after", account=contact.account.external_id)
    dispatch = cast.conversation(contact).reply(Content(text="It is."), by=cast.bob).dispatch
    work_until_idle("dispatch")
    assert Dispatch.objects.get(pk=dispatch.pk).state == Dispatch.State.UNKNOWN
    read_back(cast, contact.account)
    dispatch.refresh_from_db()
    assert dispatch.state == Dispatch.State.SENT
    message = Message.objects.get(text="It is.")
    assert (message.source, bool(message.mid)) == ("countersign", True)


def test_one_that_is_on_its_way_is_waited_for(cast):
    """Its call is under way; what the thread shows may be it."""
    message = cast.conversation(cast.noor).reply(Content(text="There is."), by=cast.bob)
    Dispatch.objects.update(state=Dispatch.State.SENDING, handed_over_at=now(), lease_until=now() + HOUR)
    answered(cast, cast.studio, cast.noor.external_id, "There is.")
    read_back(cast, cast.studio)
    assert ParkedEcho.objects.get().settled_at is None and Message.objects.get(text="There is.") == message


# Agents --------------------------------------------------------------------------------------------------------------
def test_older_words_make_no_proposal_stale(cast):
    conversation = cast.conversation(cast.amina)
    proposal = propose(cast.assistant, conversation, Content(text="It is.")).proposal
    said(cast, cast.shop, cast.amina.external_id, "Do you roast yourselves?", ago=30 * DAY)
    revision = conversation.revision
    read_back(cast, cast.shop)
    conversation.refresh_from_db()
    assert conversation.messages.count() == 2 and conversation.revision == revision
    assert not Proposal.objects.for_cards().get(pk=proposal.pk).is_stale


def test_newer_words_of_the_contact_make_it_stale(cast):
    conversation = cast.conversation(cast.amina)
    proposal = propose(cast.assistant, conversation, Content(text="It is.")).proposal
    said(cast, cast.shop, cast.amina.external_id, "Never mind.", ago=timedelta(seconds=-2))
    read_back(cast, cast.shop)
    assert Proposal.objects.for_cards().get(pk=proposal.pk).is_stale
    assert Conversation.objects.get(pk=conversation.pk).heard == conversation.heard + 1


# Who was forgotten ---------------------------------------------------------------------------------------------------
def _forget(cast, contact: Contact) -> None:
    forgetting.ask_for(contact, by=cast.dana, at=now())
    work_until_idle("upkeep")


def test_who_was_forgotten_is_not_brought_back(cast):
    said(cast, cast.shop, cast.amina.external_id, "My number is 555", ago=30 * DAY)
    _forget(cast, cast.amina)
    before = list(Message.objects.order_by("pk").values())
    read_back(cast, cast.shop)
    cast.amina.refresh_from_db()
    assert list(Message.objects.order_by("pk").values()) == before and not any(texts(cast.amina.external_id))
    assert (cast.amina.name, cast.amina.username) == ("", "")


def test_what_they_say_after_they_were_forgotten_is_taken_in_without_a_name(cast, clock):
    said(cast, cast.shop, cast.amina.external_id, "My number is 555", ago=30 * DAY)
    _forget(cast, cast.amina)
    clock.shift(timedelta(minutes=2))
    said(cast, cast.shop, cast.amina.external_id, "Hello again")
    read_back(cast, cast.shop)
    cast.amina.refresh_from_db()
    assert texts(cast.amina.external_id) == ["", "Hello again"] and (cast.amina.name, cast.amina.username) == ("", "")


def test_who_was_forgotten_before_there_was_a_mark_for_it_gets_one(cast):
    _forget(cast, cast.amina)
    cast.amina.refresh_from_db()
    marked_at, _nobody = cast.amina.forgotten_at, Contact.objects.update(forgotten_at=None)
    import_module("inbox.migrations.0003_who_was_forgotten").mark(apps, None)
    cast.amina.refresh_from_db()
    cast.noor.refresh_from_db()
    assert cast.noor.forgotten_at is None and abs(cast.amina.forgotten_at - marked_at) < timedelta(seconds=30)


@pytest.mark.parametrize("asked_by", ["a colleague", "Meta"])
def test_who_is_just_being_forgotten_is_left_alone(cast, asked_by):
    lena = stranger(cast, cast.shop)
    said(cast, cast.shop, lena, "My number is 555", ago=HOUR)
    if asked_by == "Meta":
        forgetting.ask(cast.shop.meta_app, lena, at=now())
    else:
        contact = Contact.objects.create(account=cast.shop, external_id=lena, first_seen_at=now())
        forgetting.ask_for(contact, by=cast.dana, at=now())
    read_back(cast, cast.shop)
    assert not Message.objects.filter(conversation__contact__external_id=lena).exists()
    assert DeletionRequest.objects.get().finished_at is None


def test_nobody_else_is_left_out_because_somebody_was_forgotten(cast):
    lena = stranger(cast, cast.shop)
    said(cast, cast.shop, lena, "Hello", ago=HOUR)
    _forget(cast, cast.amina)
    read_back(cast, cast.shop)
    assert texts(lena) == ["Hello"]


# Names ---------------------------------------------------------------------------------------------------------------
def test_who_had_no_name_gets_the_one_that_the_thread_tells(cast):
    assert not cast.amina.name
    read_back(cast, cast.shop)
    cast.amina.refresh_from_db()
    assert cast.amina.name == "Amina Okafor"


def test_a_name_that_is_known_stays(cast):
    Contact.objects.filter(pk=cast.amina.pk).update(name="Amina O.")
    read_back(cast, cast.shop)
    cast.amina.refresh_from_db()
    assert cast.amina.name == "Amina O."


# The gap -------------------------------------------------------------------------------------------------------------
def test_above_the_oldest_that_meta_opens_stands_that_there_may_be_more(cast, sign_in):
    cast.simulator.add_history(cast.shop.external_id, contacts=1, messages=25)
    read_back(cast, cast.shop)
    conversation = Conversation.objects.exclude(contact=cast.amina).get(account=cast.shop)
    assert conversation.messages.count() == 20
    shown = page(sign_in(cast.bob), conversation.get_absolute_url())
    assert shown.count(WORDS) == 1 and shown.index(WORDS) < shown.index("message-" + conversation.messages.earliest("at").public_id)


def test_a_conversation_that_is_whole_has_no_such_line(cast, sign_in):
    cast.simulator.add_history(cast.shop.external_id, contacts=1, messages=6)
    read_back(cast, cast.shop)
    conversation = Conversation.objects.exclude(contact=cast.amina).get(account=cast.shop)
    assert WORDS not in page(sign_in(cast.bob), conversation.get_absolute_url())


def test_where_all_was_heard_as_it_was_said_nothing_is_missing(cast, sign_in):
    for number in range(21):
        cast.write(cast.amina, f"Number {number}")
    read_back(cast, cast.shop)
    assert WORDS not in page(sign_in(cast.bob), cast.conversation(cast.amina).get_absolute_url())


# Media and reactions -------------------------------------------------------------------------------------------------
def test_media_of_history_is_copied_after_what_came_in(cast, window):
    lena = stranger(cast, cast.shop)
    with unheard(cast.simulator, cast.shop):
        cast.simulator.write(cast.shop.external_id, lena, image_url=window.address, at=(now() - 30 * DAY).timestamp())
    read_back(cast, cast.shop)
    cast.write(cast.amina, attachments=[{"type": "image", "payload": {"url": window.address}}])
    old, new = MediaFile.objects.order_by("pk")
    assert (old.turn, new.turn) == (MediaFile.Turn.HISTORY, MediaFile.Turn.NEWS)
    assert copy_next() and not copy_next()
    assert (MediaFile.objects.get(pk=old.pk).state, MediaFile.objects.get(pk=new.pk).state) == ("fetching", "ready")
    assert copy_next_of_history() and MediaFile.objects.get(pk=old.pk).state == "ready"


def test_media_of_somebody_who_waits_is_copied_at_once(cast, window):
    lena = stranger(cast, cast.shop)
    with unheard(cast.simulator, cast.shop):
        cast.simulator.write(cast.shop.external_id, lena, image_url=window.address, at=(now() - HOUR).timestamp())
    read_back(cast, cast.shop)
    assert MediaFile.objects.get().turn == MediaFile.Turn.NEWS


def test_an_account_that_keeps_no_copies_keeps_none_of_history(cast, window):
    Account.objects.update(keeps_media=False)
    lena = stranger(cast, cast.shop)
    said(cast, cast.shop, lena, "Look", ago=HOUR)
    read_back(cast, Account.objects.get(pk=cast.shop.pk))
    assert not MediaFile.objects.exists()


def test_a_reaction_that_stands_on_a_message_is_shown_and_opens_nothing(cast):
    lena = stranger(cast, cast.shop)
    said(cast, cast.shop, lena, "Hello", ago=40 * DAY)
    mid = answered(cast, cast.shop, lena, "Welcome")
    with unheard(cast.simulator, cast.shop):
        cast.simulator.react(cast.shop.external_id, lena, mid)
    read_back(cast, cast.shop)
    assert Reaction.objects.get().message.mid == mid
    assert conversation_with(lena).window_cause == "message"


def test_news_that_is_read_back_opens_what_was_closed(cast):
    lena = stranger(cast, cast.shop)
    said(cast, cast.shop, lena, "Are you open?", ago=9 * HOUR)
    read_back(cast, cast.shop)
    close(conversation_with(lena), by=cast.bob)
    said(cast, cast.shop, lena, "Hello?", ago=HOUR)
    read_back(cast, cast.shop)
    assert conversation_with(lena).closed_at is None
