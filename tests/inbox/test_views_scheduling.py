"""Choosing a moment beside *Send*, and what stands in the conversation and in the list until it comes."""

import json
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from core.clock import now
from inbox.content import Content
from inbox.models import Conversation, Dispatch
from inbox.work import work_until_idle
from tests.inbox.browsing import HTMX, page

HOUR = timedelta(hours=1)
BOX = "%Y-%m-%dT%H:%M"


@pytest.fixture
def amina(cast) -> Conversation:
    return cast.conversation(cast.amina)


@pytest.fixture
def bob(cast, sign_in):
    return sign_in(cast.bob)


def send(client, conversation, **form):
    form = {"kind": "text", "key": "k1", "text": "Good morning"} | form
    return client.post(f"{conversation.get_absolute_url()}messages/", form, headers=HTMX)


def scheduled(conversation, by, *, hours=3.0, text="Good morning", **how) -> Dispatch:
    return conversation.reply(Content(text=text), by=by, scheduled_for=now() + hours * HOUR, **how).dispatch


# Choosing -----------------------------------------------------------------------------------------------------------------
def test_an_offer_is_counted_from_the_moment_of_sending(amina, bob):
    before = now()
    response = send(bob, amina, when="in:60", unless="on")
    dispatch = Dispatch.objects.get()
    assert response.status_code == 200 and before + HOUR <= dispatch.scheduled_for <= now() + HOUR
    assert dispatch.checks_newest and "It leaves" in response.headers["HX-Trigger"]
    assert 'name="when" value="" checked' in response.text


def test_the_box_means_the_time_of_whoever_types(cast, amina, bob):
    cast.bob.time_zone = "Asia/Kathmandu"
    cast.bob.save()
    moment = (now() + 3 * HOUR).replace(second=0, microsecond=0)
    there = moment + timedelta(hours=5, minutes=45)
    assert send(bob, amina, when="at", moment=there.strftime(BOX)).status_code == 200
    dispatch = Dispatch.objects.get()
    assert dispatch.scheduled_for == moment and not dispatch.checks_newest
    shown = page(bob, amina.get_absolute_url())
    assert f"at {there:%H:%M}" in shown and "Times are those of Asia/Kathmandu." in shown


@pytest.mark.parametrize(("form", "says"), [
    ({"when": "at"}, "Choose a day and a time."),
    ({"when": "at", "moment": "soon"}, "Choose a day and a time."),
    ({"when": "at", "moment": "2020-01-01T09:00"}, "That moment has passed."),
    ({"when": "at", "moment": "2090-01-01T09:00"}, "Meta&#x27;s window closes on"),
    ({"when": "", "moment": "2090-01-01T09:00"}, "“Now” is chosen"),
    ({"when": "in:7"}, "Choose a day and a time."),
])  # fmt: skip
def test_a_refused_moment_keeps_all_that_was_typed(amina, bob, form, says):
    response = send(bob, amina, **form)
    assert response.status_code == 422 and says in response.text and "Good morning</textarea>" in response.text
    assert 'name="unless" value="on">' in response.text
    assert not form.get("moment") or f'value="{form["moment"]}"' in response.text
    assert not Dispatch.objects.exists()


def test_a_clock_that_is_put_forward_has_no_such_time(cast, amina, bob, clock):
    cast.bob.time_zone = "Europe/Berlin"
    cast.bob.save()
    response = send(bob, amina, when="at", moment="2027-03-28T02:30")
    assert response.status_code == 422 and "There is no 02:30 on that day in Europe/Berlin" in response.text


def test_without_scripts_it_is_the_same_form(amina, bob):
    response = bob.post(f"{amina.get_absolute_url()}messages/", {"kind": "text", "key": "k", "text": "Hi", "when": "in:60", "unless": "on"})
    assert response.status_code == 302 and Dispatch.objects.get().is_scheduled


def test_the_choice_is_bounded_by_the_window_and_says_so(amina, bob):
    closes = amina.window_closes_at
    shown = page(bob, f"{amina.get_absolute_url()}moments/", headers=HTMX)
    assert f'max="{closes - timedelta(minutes=1):{BOX}}"' in shown and "while Meta" in shown
    assert 'value="in:60"' in shown and 'name="unless" value="on" checked' in shown
    Conversation.objects.update(window_closes_at=now() + timedelta(minutes=40))
    assert 'value="in:60"' not in page(bob, f"{amina.get_absolute_url()}moments/", headers=HTMX)


def test_what_was_chosen_stays_chosen_when_the_choice_is_looked_up_again(amina, bob):
    shown = page(bob, f"{amina.get_absolute_url()}moments/?when=at&moment=2026-11-21T09:00", headers=HTMX)
    assert 'value="at" checked' in shown and 'value="2026-11-21T09:00"' in shown and 'name="unless" value="on">' in shown


def test_where_the_window_is_closing_nothing_is_offered(amina, bob):
    Conversation.objects.update(window_closes_at=now() + timedelta(minutes=1))
    assert 'id="later"' not in page(bob, amina.get_absolute_url())


@pytest.mark.parametrize(("facts", "feature", "says"), [
    ({"window_closes_at": None, "window_opened_at": None, "human_until": None}, False, "Meta decides"),
    ({}, True, "is marked for Meta as a person"),
    ({"perhaps_until": now() + 100 * HOUR}, False, "Meta alone knows"),
])  # fmt: skip
def test_the_choice_says_what_is_not_certain(amina, bob, facts, feature, says):
    Account.objects.update(human_agent_feature=feature)
    Conversation.objects.update(**facts)
    assert says in page(bob, f"{amina.get_absolute_url()}moments/", headers=HTMX)


# In the conversation --------------------------------------------------------------------------------------------------------
def test_it_stands_after_all_that_was_said_with_what_can_be_done(cast, amina, bob):
    dispatch = scheduled(amina, cast.bob, unless_they_write=True)
    cast.write(cast.amina, "Unrelated")
    shown = page(bob, amina.get_absolute_url())
    assert shown.index("Unrelated</p>") < shown.index("Good morning</p>")
    for name in ("another-time", "now", "cancel"):
        assert f'id="{name}-{dispatch.public_id}"' in shown
    assert 'data-key="u"' not in shown


def test_it_is_there_however_much_was_said_since_and_only_once(cast, amina, bob):
    scheduled(amina, cast.bob, text="Later words")
    for number in range(60):
        amina.reply(Content(text=f"Line {number}"), by=cast.alice)
    shown = page(bob, f"{amina.get_absolute_url()}messages/", headers=HTMX)
    assert shown.count("Later words</p>") == 1 and shown.index("Line 59</p>") < shown.index("Later words</p>")
    first = amina.messages.get(text="Line 12")
    assert "Later words" not in page(bob, f"{amina.get_absolute_url()}messages/?before={first.public_id}", headers=HTMX)


def test_it_says_when_and_on_what_condition(cast, amina, bob):
    scheduled(amina, cast.bob, unless_they_write=True)
    shown = page(bob, amina.get_absolute_url())
    assert "Leaves t" in shown and "If they write before, it stays here." in shown


@pytest.mark.parametrize(("facts", "account", "says"), [
    ({"window_closes_at": now() + HOUR}, {}, "Meta&#x27;s window will be closed by then"),
    ({"window_refused_at": now() + HOUR}, {}, "but Meta&#x27;s messaging window is closed."),
    ({"heard": 9}, {}, "They have written since"),
    ({"window_closes_at": None}, {}, "Nobody knows whether Meta&#x27;s window is open then"),
    ({}, {"state": "needs_reconnect"}, "It leaves as soon as an admin has reconnected"),
    ({}, {"held_at": now(), "held_reason": "Storm"}, "paused: “Storm”"),
])  # fmt: skip
def test_it_warns_of_what_will_keep_it_here(cast, amina, bob, facts, account, says):
    scheduled(amina, cast.bob, unless_they_write=True)
    Conversation.objects.filter(pk=amina.pk).update(**facts)
    Account.objects.update(**account)
    shown = page(bob, amina.get_absolute_url())
    assert says in shown and 'class="standing" data-tone="care"' in shown


def test_in_a_closed_window_no_other_moment_is_offered(cast, amina, bob):
    dispatch = scheduled(amina, cast.bob, unless_they_write=True)
    Conversation.objects.filter(pk=amina.pk).update(window_refused_at=now(), heard=9)
    shown = page(bob, amina.get_absolute_url())
    standing = shown.partition("It was to leave")[2].partition("</div>")[0]
    assert "You can write again as soon as" in standing and f'id="cancel-{dispatch.public_id}"' in standing
    assert "Send it now" not in shown and f'id="now-{dispatch.public_id}"' not in shown and f'id="another-time-{dispatch.public_id}"' not in shown


def test_a_pause_that_is_over_by_then_is_no_reason_to_warn(cast, amina, bob):
    scheduled(amina, cast.bob)
    Account.objects.update(held_at=now(), held_until=now() + HOUR, held_reason="Storm")
    assert 'class="standing" data-tone="waiting"' in page(bob, amina.get_absolute_url())


def change(client, dispatch, **form):
    return client.post(f"/dispatches/{dispatch.public_id}/schedule/", form, headers=HTMX)


def test_another_time_is_chosen_in_place(cast, amina, bob):
    dispatch = scheduled(amina, cast.bob, unless_they_write=True)
    moment = (now() + 5 * HOUR).replace(second=0, microsecond=0)
    response = change(bob, dispatch, moment=moment.strftime(BOX), revision=amina.revision)
    dispatch.refresh_from_db()
    assert response.status_code == 200 and dispatch.not_before == dispatch.scheduled_for == moment and not dispatch.checks_newest
    assert f'value="{moment:{BOX}}"' in response.text and "It leaves" in response.headers["HX-Trigger"]


def test_a_box_that_was_left_as_it_stood_moves_nothing(cast, amina, bob):
    dispatch = scheduled(amina, cast.bob)
    change(bob, dispatch, moment=dispatch.scheduled_for.strftime(BOX), unless="on")
    moved = Dispatch.objects.get()
    assert moved.checks_newest and moved.not_before == moved.scheduled_for == dispatch.scheduled_for


def berlin(cast, clock, at: str, typed: str) -> Dispatch:
    """Bob is in Berlin, where the clocks are put back at 03:00, and has scheduled a message for what is `typed`."""
    cast.bob.time_zone = "Europe/Berlin"
    cast.bob.save()
    clock.move_to(datetime.fromisoformat(at))
    cast.write(cast.amina, "Are you up?")
    return cast.conversation(cast.amina).reply(Content(text="Good night"), by=cast.bob, scheduled_for=datetime.fromisoformat(typed)).dispatch


def test_of_an_hour_that_comes_twice_the_second_stays_the_second(cast, sign_in, clock):
    dispatch = berlin(cast, clock, "2027-10-31T00:40+02:00", "2027-10-31T02:40+01:00")
    response = change(sign_in(cast.bob), dispatch, moment="2027-10-31T02:40", unless="on")
    assert response.status_code == 200 and Dispatch.objects.get().not_before == dispatch.scheduled_for


def test_of_an_hour_that_comes_twice_the_first_that_is_ahead_is_meant(cast, sign_in, clock):
    dispatch = berlin(cast, clock, "2027-10-31T02:45+02:00", "2027-10-31T09:00+01:00")
    bob = sign_in(cast.bob)
    assert change(bob, dispatch, moment="2027-10-31T02:50").status_code == 200
    assert Dispatch.objects.get().not_before == datetime.fromisoformat("2027-10-31T02:50+02:00")
    assert change(bob, dispatch, moment="2027-10-31T02:40").status_code == 200
    assert Dispatch.objects.get().not_before == datetime.fromisoformat("2027-10-31T02:40+01:00")


@pytest.mark.parametrize(("moment", "says"), [("", "Choose a day and a time."), ("2090-01-01T09:00", "Choose a moment until")])
def test_another_time_that_is_refused_says_why_beside_its_box(cast, amina, bob, moment, says):
    dispatch = scheduled(amina, cast.bob)
    response = change(bob, dispatch, moment=moment)
    assert response.status_code == 422 and f'id="another-time-{dispatch.public_id}" data-keep open' in response.text
    assert says in response.text.partition('role="alert"')[2][:200]
    assert Dispatch.objects.get().not_before == dispatch.scheduled_for


def test_it_is_changed_only_by_who_may_reply(cast, amina, bob, sign_in):
    dispatch = scheduled(amina, cast.bob)
    later = (now() + 5 * HOUR).strftime(BOX)
    assert change(sign_in(cast.charlie), dispatch, moment=later).status_code == 404
    assert change(sign_in(cast.dana), dispatch, moment=later).status_code == 403
    assert change(sign_in(cast.alice), dispatch, moment=later).status_code == 200
    assert "another-time" not in page(sign_in(cast.dana), amina.get_absolute_url())


def test_what_stayed_because_they_wrote_is_offered_again(cast, amina, bob, clock):
    dispatch = scheduled(amina, cast.bob, unless_they_write=True)
    cast.write(cast.amina, "I found it")
    clock.shift(4 * HOUR)
    work_until_idle("dispatch")
    shown = page(bob, amina.get_absolute_url())
    assert "The contact wrote before this was due, so it did not leave." in shown and f'id="words-{dispatch.public_id}"' in shown


def said(response) -> str:
    """What is announced, beside the conversation."""
    return str(json.loads(response.headers["HX-Trigger"])["announce"]["words"])


def test_another_time_says_what_will_keep_it_here_all_the_same(cast, amina, bob):
    dispatch = scheduled(amina, cast.bob)
    Account.objects.update(state="needs_reconnect")
    assert "It leaves as soon as an admin has reconnected" in said(change(bob, dispatch, moment=(now() + 5 * HOUR).strftime(BOX)))


def test_it_is_not_said_to_leave_now_where_the_window_is_closed(cast, amina, bob):
    dispatch = scheduled(amina, cast.bob)
    Conversation.objects.update(window_refused_at=now())
    response = bob.post(f"/dispatches/{dispatch.public_id}/hold/", {"method": "post"}, headers=HTMX)
    assert response.status_code == 422 and said(response).startswith("Meta's messaging window is closed.")


# In the list -----------------------------------------------------------------------------------------------------------------
def test_the_list_shows_that_something_will_leave(cast, amina, bob):
    assert "A message leaves" not in page(bob, "/conversations/")
    dispatch = scheduled(amina, cast.bob)
    assert "A message leaves t" in page(bob, "/conversations/")
    bob.delete(f"/dispatches/{dispatch.public_id}/hold/", headers=HTMX)
    assert "A message leaves" not in page(bob, "/conversations/")


def test_the_list_does_not_promise_what_stays_here(cast, amina, bob):
    scheduled(amina, cast.bob, unless_they_write=True)
    cast.write(cast.amina, "Never mind")
    assert "A message leaves" not in page(bob, "/conversations/")
    shown = page(bob, amina.get_absolute_url())
    assert shown.index("Never mind</p>") < shown.index("Good morning</p>")
    scheduled(amina, cast.bob, hours=5, text="Whatever you wrote")
    assert "A message leaves" in page(bob, "/conversations/")


def test_the_list_does_not_promise_a_moment_that_has_passed(cast, amina, bob, clock):
    scheduled(amina, cast.bob)
    Account.objects.update(held_at=now(), held_reason="Storm")
    clock.shift(4 * HOUR)
    assert "A message leaves" not in page(bob, "/conversations/")
    assert "Good morning</p>" in page(bob, amina.get_absolute_url())


def test_the_list_shows_what_they_wrote_and_not_what_stayed_because_of_it(cast, amina, bob, clock):
    scheduled(amina, cast.bob, unless_they_write=True)
    cast.write(cast.amina, "Never mind")
    clock.shift(4 * HOUR)
    work_until_idle("dispatch")
    shown = page(bob, "/conversations/")
    assert "Never mind</span>" in shown and "Good morning" not in shown
    amina.refresh_from_db()
    assert amina.last_message_at == amina.last_message.at


def test_the_sign_costs_no_query(cast, amina, bob):
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            page(bob, "/conversations/", headers=HTMX)
        return len(queries)

    amina.reply(Content(text="Hello"), by=cast.bob)
    before = asked()
    for contact in (cast.amina, cast.noor):
        scheduled(cast.conversation(contact), cast.bob)
    assert asked() == before
