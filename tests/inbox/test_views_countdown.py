"""The words of the countdown, when they change, and who opened the window by what."""

from datetime import UTC, datetime, timedelta

import pytest

from core.clock import now
from inbox.models import Conversation, Message, Reaction
from inbox.templatetags.windows import countdown, window_story
from inbox.window import MessagingWindow
from inbox.work import work_until_idle
from tests.inbox.browsing import HTMX, page

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MARKS = str.maketrans("", "", "\u2068\u2069")


@pytest.mark.parametrize(
    ("closes_in", "human_in", "tone", "words"),
    [
        (timedelta(hours=23, minutes=58, seconds=30), None, "open", "Reply: 23 h 58 m"),
        (timedelta(hours=4), None, "open", "Reply: 4 h 0 m"),
        (timedelta(hours=3, minutes=12), None, "soon", "Reply: 3 h 12 m · soon"),
        (timedelta(minutes=42), None, "last", "Reply: 42 m · last hour"),
        (timedelta(minutes=9, seconds=58), None, "last", "Reply: 9 m 58 s · last hour"),
        (timedelta(0), timedelta(days=5, hours=3), "human", "Human reply only: 5 d"),
        (timedelta(0), timedelta(days=1, hours=3), "human", "Human reply only: 1 d 3 h"),
        (timedelta(0), timedelta(0), "closed", "Window closed"),
    ],
)
def test_the_words_follow_the_time_left(closes_in, human_in, tone, words):
    window = MessagingWindow(NOON + closes_in, NOON + human_in if human_in is not None else None, "message")
    shown = countdown(window, NOON)
    assert (shown.tone, shown.words) == (tone, words)


@pytest.mark.parametrize(
    ("closes_in", "perhaps_in", "tone", "words"),
    [
        (timedelta(hours=23), timedelta(days=6, hours=23), "open", "Reply: 23 h 0 m, perhaps 6 d"),
        (timedelta(hours=3, minutes=12), timedelta(days=6, hours=3), "soon", "Reply: 3 h 12 m, perhaps 6 d"),
        (timedelta(hours=3), timedelta(hours=2), "soon", "Reply: 3 h 0 m · soon"),
        (timedelta(0), timedelta(days=5, hours=2), "perhaps", "Perhaps open: 5 d"),
        (-timedelta(days=6), timedelta(0), "closed", "Window closed"),
    ],
)
def test_an_advertisement_may_leave_more_time_than_is_certain(closes_in, perhaps_in, tone, words):
    shown = countdown(MessagingWindow(NOON + closes_in, None, "message", NOON + perhaps_in), NOON)
    assert (shown.tone, shown.words) == (tone, words)


def test_a_human_agent_is_certain_where_an_advertisement_is_not():
    window = MessagingWindow(NOON, NOON + timedelta(days=5), "message", NOON + timedelta(days=5))
    assert countdown(window, NOON).words == "Human reply only: 5 d"


@pytest.mark.parametrize(("human", "words"), [(None, "Window closed"), (timedelta(days=2), "Human reply only: 2 d")])
def test_what_meta_called_closed_is_closed_also_for_the_browser(human, words):
    window = MessagingWindow(NOON + timedelta(hours=9), NOON + human if human else None, "message", NOON + timedelta(days=5), NOON - timedelta(hours=1), NOON)
    shown = countdown(window, NOON)
    assert (shown.words, shown.closes_ms, shown.perhaps_ms) == (words, 0, None)
    assert "Meta called the window closed at 1 Mar, 12:00." in shown.title


def test_a_window_that_nobody_saw_open_is_unknown():
    assert countdown(MessagingWindow(None, None), NOON).words == "Window unknown"


def test_the_absolute_time_and_the_cause_are_told():
    title = countdown(MessagingWindow(NOON + timedelta(hours=1), None, "postback"), NOON).title
    assert "1 Mar, 13:00" in title and "tapped a button" in title


def test_what_is_certain_and_what_is_not_are_told_apart():
    title = countdown(MessagingWindow(NOON - timedelta(hours=1), None, "message", NOON + timedelta(days=5)), NOON).title
    assert "Certainly open until 1 Mar, 11:00." in title and "perhaps until 6 Mar, 12:00." in title


# Who opened it --------------------------------------------------------------------------------------------------------
@pytest.fixture
def amina(cast, clock) -> Conversation:
    clock.move_to(datetime(2026, 3, 1, 10, 14, tzinfo=UTC))
    return cast.conversation(cast.amina)


def story(conversation: Conversation) -> str:
    return " ".join(window_story(Conversation.objects.get(pk=conversation.pk))).translate(MARKS)


def opened(conversation: Conversation, cause: str, message: Message | None = None) -> None:
    Conversation.objects.update(window_cause=cause, window_opened_at=now(), window_message=message, window_closes_at=now() + timedelta(hours=24))


def test_who_wrote_and_when_is_told(cast, amina):
    opened(amina, "message", amina.last_message)
    assert f"Opened when {cast.conversation(cast.amina).contact} wrote at 10:14." in story(amina)


def test_by_which_advertisement_they_came_is_told(amina):
    Message.objects.filter(pk=amina.last_message_id).update(about={"referral": {"source": "ADS", "ad_title": "Spring sale"}})
    opened(amina, "message", amina.last_message)
    assert "wrote at 10:14. Came by the advertisement “Spring sale”." in story(amina)


@pytest.mark.parametrize(("text", "said"), [("Get started", "tapped “Get started” at 10:14."), ("", "tapped a button at 10:14.")])
def test_which_button_was_tapped_is_told(amina, text, said):
    Message.objects.filter(pk=amina.last_message_id).update(text=text)
    opened(amina, "postback", amina.last_message)
    assert said in story(amina)


def test_what_they_reacted_to_and_how_is_told(cast, amina):
    message = amina.last_message
    Reaction.objects.create(message=message, contact=cast.amina, emoji="♥", at=now())
    opened(amina, "reaction", message)
    assert "reacted ♥ to “Hi! Is the Yirgacheffe back in stock?” at 10:14." in story(amina)
    opened(amina, "reaction")
    assert "reacted to a message at 10:14." in story(amina)


def test_that_they_came_by_a_link_is_told(amina):
    opened(amina, "referral")
    assert "came by a link at 10:14." in story(amina)


def test_the_row_the_head_and_the_facts_tell_it(cast, sign_in):
    work_until_idle("fetch")
    bob, told = sign_in(cast.bob), "Opened when Amina Okafor wrote at"
    assert told in page(bob, "/conversations/").translate(MARKS)
    assert page(bob, cast.conversation(cast.amina).get_absolute_url(), headers=HTMX).translate(MARKS).count(told) == 2


# Letting Meta decide --------------------------------------------------------------------------------------------------
def test_after_an_advertisement_a_person_may_let_meta_decide(cast, sign_in, clock):
    cast.simulator.click_ad(cast.studio.external_id, cast.noor.external_id, title="Spring sale")
    cast.write(cast.noor, "Is it still on?")
    clock.shift(timedelta(hours=25))
    noor, bob = cast.conversation(cast.noor), sign_in(cast.bob)
    shown = page(bob, noor.get_absolute_url(), headers=HTMX)
    assert "Only Meta knows whether this window is still open." in shown and "a refusal costs nothing" in shown
    assert 'data-window="perhaps"' in shown and "Perhaps open: 5 d" in shown and "Let Meta decide" in shown
    form = {"kind": "text", "text": "It is.", "key": "k"}
    assert bob.post(f"{noor.get_absolute_url()}messages/", form, headers=HTMX).status_code == 200
    cast.settle()
    refused = page(bob, noor.get_absolute_url(), headers=HTMX)
    assert "Not sent" in refused and "Meta called it closed at" in refused and 'data-window="closed"' in refused
    cast.write(cast.noor, "Hello?")
    assert 'data-window="open"' in page(bob, noor.get_absolute_url(), headers=HTMX)


def test_a_fragment_whose_window_has_changed_is_not_the_newest(cast, sign_in, clock):
    noor, bob = cast.conversation(cast.noor), sign_in(cast.bob)
    address = f"{noor.get_absolute_url()}messages/?screen={noor.screen}&window=open"
    assert bob.get(address, headers=HTMX).status_code == 204
    clock.shift(timedelta(hours=25))
    assert 'data-window="closed"' in page(bob, address, headers=HTMX)
