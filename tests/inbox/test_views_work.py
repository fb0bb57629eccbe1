"""What people do around an open conversation: who has it, whether it is done with, labels, agents, notes, and where the thread opens."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, User
from agents.proposing import propose
from core.clock import now
from inbox.closing import close
from inbox.content import Content
from inbox.models import Attachment, Conversation, Label, Mention, Message, Note, Reaction, ReadMark
from inbox.noting import write_note
from inbox.teamwork import assign, silence
from inbox.views.access import conversations_of
from inbox.views.stretch import LINES
from tests.inbox.browsing import HTMX, page


@pytest.fixture
def amina(cast) -> Conversation:
    return cast.conversation(cast.amina)


def do(client, conversation, noun, method="POST", **typed):
    address = f"{conversation.get_absolute_url()}{noun}/"
    return client.post(address, typed, headers=HTMX) if method == "POST" else client.generic(method, address, headers=HTMX)


def message_of(conversation, *, hours, **fields) -> Message:
    """The contact wrote so many hours ago."""
    at = now() - timedelta(hours=hours)
    fields = {"direction": "in", "source": "contact", "mid": f"m{hours}", "text": f"Line {hours}.", "received_at": at} | fields
    return Message.objects.create(account=conversation.account, conversation=conversation, at=at, **fields)


def announced(response) -> dict:
    return json.loads(response.headers["HX-Trigger"])["announce"]


def undo(client, response):
    """As the button in the toast does it."""
    back = announced(response)["back"]
    if back["method"] == "POST":
        return client.post(back["address"], back["values"], headers=HTMX)
    return client.generic(back["method"], back["address"], headers=HTMX)


def fresh(conversation) -> Conversation:
    return Conversation.objects.get(pk=conversation.pk)


# Who works on it ---------------------------------------------------------------------------------------------------------
def test_assigning_answers_with_the_controls_the_facts_and_a_way_back(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    answer = do(bob, amina, "assignment", to=cast.alice.public_id)
    assert 'id="work"' in answer.text and 'id="facts"' in answer.text and "Bob assigned it to Alice" in answer.text
    assert announced(answer)["words"] == "Assigned to Alice." and fresh(amina).assignee == cast.alice
    assert undo(bob, answer).status_code == 200
    assert fresh(amina).assignee is None


def test_colleagues_who_may_reply_are_offered(cast, amina, sign_in):
    offered = page(sign_in(cast.bob), f"{amina.get_absolute_url()}assignment/", headers=HTMX)
    assert cast.alice.public_id in offered and cast.dana.public_id not in offered and cast.charlie.public_id not in offered


@pytest.mark.parametrize("to", ["dana", "charlie", "nobody-at-all"])
def test_who_cannot_have_it_is_refused_where_it_was_chosen(cast, amina, sign_in, to):
    to = getattr(cast, to).public_id if hasattr(cast, to) else to
    answer = do(sign_in(cast.bob), amina, "assignment", to=to)
    assert answer.status_code in (403, 422) and 'role="alert"' in answer.text and 'id="menu-assignment" open' in answer.text
    assert fresh(amina).assignee is None


def test_taking_over_is_undone_as_a_whole(cast, amina, sign_in):
    assign(amina, cast.alice, by=cast.alice)
    bob = sign_in(cast.bob)
    answer = do(bob, amina, "takeover")
    assert (fresh(amina).assignee, fresh(amina).agents_off_by) == (cast.bob, cast.bob)
    undo(bob, answer)
    assert (fresh(amina).assignee, fresh(amina).agents_off_at) == (cast.alice, None)


def test_taking_over_is_offered_where_there_is_somebody_to_take_it_from(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    assert 'data-key="v"' in page(bob, amina.get_absolute_url(), headers=HTMX)
    silence(amina, by=cast.bob)
    assert 'data-key="v"' not in page(bob, amina.get_absolute_url(), headers=HTMX)
    assign(amina, cast.alice, by=cast.bob)
    assert 'data-key="v"' in page(bob, amina.get_absolute_url(), headers=HTMX)


def test_the_switch_says_who_switched_agents_off(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    answer = do(bob, amina, "silence")
    assert "switched off by Bob" in answer.text and fresh(amina).agents_off_at
    undo(bob, answer)
    assert fresh(amina).agents_off_at is None


# Whether it is done with -------------------------------------------------------------------------------------------------
def test_closing_shows_a_strip_and_can_be_undone(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    answer = do(bob, amina, "closure")
    assert "Closed by Bob" in answer.text and announced(answer)["words"] == "Closed."
    undo(bob, answer)
    assert fresh(amina).closed_at is None


def test_closing_says_what_still_waits(cast, amina, sign_in):
    Account.objects.update(reply_hold=600)
    amina.reply(Content(text="In a while"), by=cast.bob)
    propose(cast.assistant, amina, Content(text="Proposed"))
    said = announced(do(sign_in(cast.bob), amina, "closure"))
    assert "A message still leaves" in said["words"] and "A proposal still waits" in said["words"] and said["tone"] == "care"
    assert fresh(amina).closed_at


@pytest.mark.parametrize("preset", ["hour", "hours", "tomorrow"])
def test_it_is_snoozed_for_what_is_offered(cast, amina, sign_in, preset):
    bob = sign_in(cast.bob)
    assert f'value="{preset}"' in page(bob, f"{amina.get_absolute_url()}snooze/", headers=HTMX)
    answer = do(bob, amina, "snooze", preset=preset, past_window="on")
    assert fresh(amina).snoozed_until > now() and "Wake up" in answer.text
    undo(bob, answer)
    assert fresh(amina).snoozed_until is None


def test_the_moment_is_one_of_the_persons_own_zone(cast, amina, sign_in):
    User.objects.filter(pk=cast.bob.pk).update(time_zone="Asia/Tokyo")
    chosen = (now() + timedelta(days=2)).strftime("%Y-%m-%dT09:00")
    do(sign_in(cast.bob), amina, "snooze", until=chosen, past_window="on")
    assert fresh(amina).snoozed_until.strftime("%H:%M") == "00:00"


def test_past_metas_window_it_asks_for_the_tick_and_keeps_what_was_typed(cast, amina, sign_in):
    bob, chosen = sign_in(cast.bob), (now() + timedelta(days=3)).strftime("%Y-%m-%dT10:30")
    refused = do(bob, amina, "snooze", until=chosen)
    assert refused.status_code == 422 and "window ends" in refused.text and chosen in refused.text and "Although" in refused.text
    assert fresh(amina).snoozed_until is None
    assert do(bob, amina, "snooze", until=chosen, past_window="on").status_code == 200


@pytest.mark.parametrize("typed", [{}, {"preset": "never"}, {"until": "soon"}, {"until": "2020-01-01T10:00"}])
def test_what_is_no_moment_ahead_is_refused(cast, amina, sign_in, typed):
    answer = do(sign_in(cast.bob), amina, "snooze", **typed)
    assert answer.status_code == 422 and 'id="menu-snooze" open' in answer.text and fresh(amina).snoozed_until is None


def test_closing_a_snoozed_one_is_undone_to_the_snooze(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    do(bob, amina, "snooze", preset="hour")
    until = fresh(amina).snoozed_until
    undo(bob, do(bob, amina, "closure"))
    assert (fresh(amina).closed_at, fresh(amina).snoozed_until) == (None, until)


# Labels ----------------------------------------------------------------------------------------------------------------
def test_a_new_name_makes_a_label_and_a_known_one_is_used(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    do(bob, amina, "labels", label="  Big   order ")
    made = Label.objects.get()
    assert made.name == "Big order" and list(amina.labels.all()) == [made]
    noor = cast.conversation(cast.noor)
    answer = do(bob, noor, "labels", label="big ORDER")
    assert list(noor.labels.all()) == [made] == list(Label.objects.all())
    undo(bob, answer)
    assert not noor.labels.exists()


def test_one_name_has_one_colour_wherever_it_is_made(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    do(bob, amina, "labels", label="Refund")
    colour = Label.objects.get().colour
    Label.objects.all().delete()
    do(bob, amina, "labels", label="Refund")
    assert Label.objects.get().colour == colour


@pytest.mark.parametrize("name", ["", "   ", "x" * 41])
def test_what_is_no_name_is_refused_with_what_was_typed(cast, amina, sign_in, name):
    answer = do(sign_in(cast.bob), amina, "labels", label=name)
    assert answer.status_code == 422 and 'role="alert"' in answer.text and not Label.objects.exists()


def test_who_may_only_read_makes_no_label(cast, amina, sign_in):
    assert do(sign_in(cast.dana), amina, "labels", label="Mine").status_code == 403
    assert not Label.objects.exists()


def test_a_label_is_taken_off_and_put_back(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    do(bob, amina, "labels", label="VIP")
    answer = do(bob, amina, f"labels/{Label.objects.get().public_id}", "DELETE")
    assert not amina.labels.exists()
    undo(bob, answer)
    assert amina.labels.get().name == "VIP"


# Reading only, and without scripts -----------------------------------------------------------------------------------------
def test_who_may_only_read_sees_how_it_stands_and_no_controls(cast, amina, sign_in):
    assign(amina, cast.alice, by=cast.bob)
    do(sign_in(cast.bob), amina, "labels", label="VIP")
    close(amina, by=cast.bob)
    shown = page(sign_in(cast.dana), amina.get_absolute_url(), headers=HTMX)
    assert "Alice" in shown and "VIP" in shown and "Closed by Bob" in shown
    nouns = ("assignment", "closure", "snooze", "labels", "silence", "takeover", "notes")
    assert [noun for noun in nouns if f"{amina.get_absolute_url()}{noun}/" in shown] == []


def test_everything_goes_without_scripts(cast, amina, sign_in):
    bob, here = sign_in(cast.bob), amina.get_absolute_url()
    forms = {"assignment": {"to": "me"}, "closure": {}, "snooze": {"preset": "hour"}, "labels": {"label": "VIP"}, "notes": {"note": "Psst"}, "silence": {}}
    for noun, typed in forms.items():
        assert bob.post(f"{here}{noun}/", typed).url == here
    assert fresh(amina).assignee == cast.bob and fresh(amina).snoozed_until and amina.labels.exists() and amina.notes.exists()
    assert bob.post(f"{here}snooze/", {"method": "delete"}).url == here
    assert fresh(amina).snoozed_until is None
    for noun, words in (("assignment", "Assign to"), ("snooze", "Snooze until"), ("labels", "Take off VIP")):
        assert words in page(bob, f"{here}{noun}/")
    refused = bob.post(f"{here}labels/", {"label": "x" * 41})
    assert refused.status_code == 422 and "x" * 41 in refused.text and 'id="composer-text"' in refused.text


@pytest.mark.parametrize(("noun", "method"), [("takeover", "get"), ("closure", "get"), ("assignment", "delete"), ("silence", "put"), ("unread", "get")])
def test_another_method_is_none(cast, amina, sign_in, noun, method):
    assert getattr(sign_in(cast.bob), method)(f"{amina.get_absolute_url()}{noun}/").status_code == 405


# Unread, and where the thread opens ---------------------------------------------------------------------------------------
def unread(cast, amina) -> int:
    return Conversation.objects.with_unread(cast.bob).get(pk=amina.pk).unread


def test_marked_unread_its_newest_is_new_again_for_this_person(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    page(bob, amina.get_absolute_url())
    sign_in(cast.alice).get(amina.get_absolute_url())
    answer = do(bob, amina, "unread")
    assert 'class="conversation-pane nothing-open"' in answer.text and unread(cast, amina) == 1
    assert Conversation.objects.unread_by(cast.bob).filter(pk=amina.pk).exists() and not Conversation.objects.unread_by(cast.alice).filter(pk=amina.pk).exists()
    undo(bob, answer)
    assert unread(cast, amina) == 0


def test_where_this_persons_unread_begins_stands_so(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    assert "new-from" not in page(bob, amina.get_absolute_url(), headers=HTMX)
    for words in ("First news", "Second news"):
        cast.write(cast.amina, words)
    shown = page(bob, amina.get_absolute_url(), headers=HTMX)
    assert shown.count('id="new-from"') == 1 and shown.index("back in stock") < shown.index('id="new-from"') < shown.index("First news")
    assert "new-from" not in page(bob, amina.get_absolute_url(), headers=HTMX)


def test_it_goes_on_standing_there_while_the_page_is_open(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    page(bob, amina.get_absolute_url())
    cast.write(cast.amina, "First news")
    page(bob, amina.get_absolute_url(), headers=HTMX)
    newest = amina.messages.get(text="First news").public_id
    cast.write(cast.amina, "While I look")
    again = page(bob, f"{amina.get_absolute_url()}messages/?screen=0&new={newest}", headers=HTMX)
    assert again.index('id="new-from"') < again.index("First news") < again.index("While I look")


def far_back(amina) -> Message:
    """A message with more after it than a page shows."""
    first = amina.messages.get()
    common = {"account": amina.account, "conversation": amina, "direction": "in", "received_at": first.at}
    for number in range(LINES + 40):
        Message.objects.create(mid=f"m_{number}", text=f"Line {number:03}", at=first.at + timedelta(seconds=number - 600), **common)
    return amina.messages.get(text="Line 030")


def test_a_message_far_back_is_shown_with_what_stands_around_it(cast, amina, sign_in):
    sought, bob = far_back(amina), sign_in(cast.bob)
    shown = page(bob, f"{amina.get_absolute_url()}?at={sought.public_id}", headers=HTMX)
    assert f'id="message-{sought.public_id}" data-direction="in" data-sought' in shown
    assert "Line 015" in shown and "Line 050" in shown and "Line 089" not in shown and "To the newest messages" in shown
    assert "Earlier messages" in shown
    again = page(bob, f"{amina.get_absolute_url()}messages/?screen=0&at={sought.public_id}", headers=HTMX)
    assert "data-sought" in again and "Line 089" not in again


def test_a_message_among_the_newest_is_shown_where_it_stands(cast, amina, sign_in):
    far_back(amina)
    near = amina.messages.get(text="Line 080")
    shown = page(sign_in(cast.bob), f"{amina.get_absolute_url()}?at={near.public_id}", headers=HTMX)
    assert "data-sought" in shown and "Line 089" in shown and "To the newest messages" not in shown


@pytest.mark.parametrize("at", ["nothing", ""])
def test_a_message_that_is_not_there_leads_to_the_newest(cast, amina, sign_in, at):
    far_back(amina)
    assert "Line 089" in page(sign_in(cast.bob), f"{amina.get_absolute_url()}?at={at}", headers=HTMX)


def test_looking_far_back_marks_nothing_read_that_was_not_shown(cast, amina, sign_in):
    sought = far_back(amina)
    cast.write(cast.amina, "Newest of all")
    page(sign_in(cast.bob), f"{amina.get_absolute_url()}?at={sought.public_id}", headers=HTMX)
    newest = amina.messages.get(text="Newest of all")
    assert not ReadMark.objects.filter(user=cast.bob, read_until__gte=newest.received_at).exists()


def test_pictures_of_one_message_open_together(cast, amina, sign_in):
    for number in (1, 2):
        Attachment.objects.create(message=amina.messages.get(), position=number, kind="image", url=f"https://meta.example/{number}.png")
    shown = page(sign_in(cast.bob), amina.get_absolute_url(), headers=HTMX)
    assert shown.count("data-lightbox") == 2 and 'id="lightbox"' in shown


# Notes -------------------------------------------------------------------------------------------------------------------
def note_on(client, conversation, text, **headers):
    return client.post(f"{conversation.get_absolute_url()}notes/", {"note": text}, **headers)


def test_a_note_stands_between_the_messages_with_those_it_mentions(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    answer = note_on(bob, amina, "@Alice <b>look</b>\nhttps://example.test/x", headers=HTMX)
    assert 'id="noting"' in answer.text and 'id="thread"' in answer.text
    assert '<span class="mention">@Alice</span> &lt;b&gt;look&lt;/b&gt;<br><a href="https://example.test/x"' in answer.text
    cast.write(cast.amina, "And then?")
    shown = page(sign_in(cast.alice), amina.get_absolute_url(), headers=HTMX)
    assert shown.index("back in stock") < shown.index("&lt;b&gt;look") < shown.index("And then?")


def test_opening_the_conversation_is_seeing_the_mention(cast, amina, sign_in):
    write_note(amina, "@Alice, look", by=cast.bob)
    page(sign_in(cast.bob), amina.get_absolute_url(), headers=HTMX)
    assert Mention.objects.get().seen_at is None
    # What is unread comes first; with scripts the browser tells at once that the notes are seen as well.
    alice = sign_in(cast.alice)
    for _time in range(2):
        page(alice, amina.get_absolute_url(), headers=HTMX)
    assert Mention.objects.get().seen_at


def test_a_browser_that_looks_tells_that_the_notes_on_its_page_are_seen(cast, amina, sign_in):
    note, alice = write_note(amina, "@Alice, look", by=cast.bob), sign_in(cast.alice)
    before, after = (int((note.at + timedelta(seconds=seconds)).timestamp() * 1000) for seconds in (-1, 1))
    for since, until, said in (("", before, False), ("", "", False), ("", "x", False), (after, after, False), (before, after, True), ("", after, False)):
        answer = alice.post(f"{amina.get_absolute_url()}presence/", {"since": since, "until": until})
        assert ("Mentions-Seen" in answer.headers) is said
    assert Mention.objects.get().seen_at


@pytest.mark.parametrize("address", ["", "messages/?before={early}", "?at={early}"])
def test_a_note_that_is_not_on_the_page_is_not_seen(cast, amina, sign_in, address):
    lines = [message_of(amina, hours=hours) for hours in range(80, 0, -1)]
    where = {"": lines[0], "messages/?before={early}": amina.messages.latest("at"), "?at={early}": amina.messages.latest("at")}[address]
    note = write_note(amina, "@Alice, look", by=cast.bob)
    Note.objects.filter(pk=note.pk).update(at=where.at + timedelta(seconds=1))
    alice, there = sign_in(cast.alice), amina.get_absolute_url() + address.format(early=lines[5].public_id)
    for _time in range(2):
        shown = page(alice, there, headers=HTMX)
        assert "@Alice" not in shown
        since, until = (re.search(f'data-{name}="([0-9]+)"', shown) for name in ("since", "until"))
        alice.post(f"{amina.get_absolute_url()}presence/", {"since": since[1] if since else "", "until": until[1] if until else ""})
    assert Mention.objects.get().seen_at is None


def test_who_looks_far_back_has_read_nothing_new(cast, amina, sign_in):
    lines = [message_of(amina, hours=hours, received_at=now(), is_history=True) for hours in range(80, 0, -1)]
    ReadMark.objects.filter(user=cast.alice).delete()
    alice = sign_in(cast.alice)
    page(alice, f"{amina.get_absolute_url()}?at={lines[5].public_id}", headers=HTMX)
    assert conversations_of(cast.alice).get(pk=amina.pk).unread == 1
    page(alice, amina.get_absolute_url(), headers=HTMX)
    assert conversations_of(cast.alice).get(pk=amina.pk).unread == 0


def test_a_reaction_to_the_last_message_of_a_stretch_is_shown(cast, amina, sign_in):
    lines = [message_of(amina, hours=hours) for hours in range(90, 0, -1)]
    Reaction.objects.create(message=lines[34], contact=cast.amina, emoji="🦊", at=now())
    assert "🦊" in page(sign_in(cast.alice), f"{amina.get_absolute_url()}?at={lines[5].public_id}", headers=HTMX)


def test_colleagues_who_may_read_can_be_mentioned(cast, amina, sign_in):
    offered = page(sign_in(cast.bob), f"{amina.get_absolute_url()}notes/", headers=HTMX)
    assert 'data-name="Alice"' in offered and 'data-name="Dana"' in offered and "Charlie" not in offered and 'data-name="Bob"' not in offered


def test_an_empty_note_comes_back_with_why(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    for headers in ({"headers": HTMX}, {}):
        answer = note_on(bob, amina, "  ", **headers)
        assert answer.status_code == 422 and "Write something first." in answer.text and 'id="noting" open' in answer.text
    assert not Note.objects.exists()


def test_ones_own_note_is_taken_away_and_leaves_a_line(cast, amina, sign_in):
    note, bob = write_note(amina, "Wrong thread", by=cast.bob), sign_in(cast.bob)
    assert "Take it away for good" in page(bob, amina.get_absolute_url(), headers=HTMX)
    assert "Take it away for good" not in page(sign_in(cast.alice), amina.get_absolute_url(), headers=HTMX)
    answer = bob.post(f"/notes/{note.public_id}/", {"method": "delete"}, headers=HTMX)
    assert "Wrong thread" not in answer.text and "Bob took a note away" in answer.text


def test_a_note_of_an_account_that_one_may_not_read_is_not_there(cast, amina, sign_in):
    note = write_note(amina, "Ours", by=cast.bob)
    assert sign_in(cast.charlie).delete(f"/notes/{note.public_id}/", headers=HTMX).status_code == 404
    assert sign_in(cast.alice).delete(f"/notes/{note.public_id}/", headers=HTMX).status_code == 403


# What it costs -----------------------------------------------------------------------------------------------------------
def test_notes_labels_and_history_cost_no_more_than_none(cast, amina, sign_in):
    bob = sign_in(cast.bob)

    def asked() -> int:
        page(bob, amina.get_absolute_url(), headers=HTMX)
        with CaptureQueriesContext(connection) as queries:
            page(bob, amina.get_absolute_url(), headers=HTMX)
            return len(queries)

    before = asked()
    for number in range(5):
        write_note(amina, f"@Alice {number}", by=cast.bob)
        do(bob, amina, "labels", label=f"Label {number}")
    assign(amina, cast.alice, by=cast.bob)
    close(amina, by=cast.bob)
    assert asked() == before
