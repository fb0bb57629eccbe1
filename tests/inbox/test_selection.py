"""Several conversations at once: each by the verb for one, what was refused, and back again."""

import json
from datetime import timedelta

import pytest

from accounts.models import Activity, Grant, Right
from core.clock import now
from inbox.closing import close, snooze
from inbox.models import Contact, Conversation, Label
from inbox.teamwork import assign
from inbox.work import work_until_idle
from tests.inbox.browsing import HTMX, page

ADDRESS = "/conversations/selection/"


@pytest.fixture(autouse=True)
def _names(cast):
    """Everybody's profile has been fetched."""
    work_until_idle("fetch")


@pytest.fixture
def amina(cast) -> Conversation:
    return cast.conversation(cast.amina)


@pytest.fixture
def noor(cast) -> Conversation:
    return cast.conversation(cast.noor)


@pytest.fixture
def bob(cast, sign_in):
    return sign_in(cast.bob)


def do(browser, act, *conversations, **more):
    return browser.post(ADDRESS, {"act": act, "ids": [each.public_id for each in conversations]} | more, headers=HTMX)


def picked(*conversations) -> list[str]:
    """As the rows of a page that was made now say of themselves."""
    return [f"{each.public_id}.{each.heard}" for each in now_of(*conversations)]


def said(response) -> dict:
    return json.loads(response.headers["HX-Trigger"])["announce"]


def kept(response) -> list[str]:
    return json.loads(response.headers["HX-Trigger"])["selection"]["keep"]


def undo(browser, response):
    back = said(response)["back"]
    assert (back["address"], back["method"]) == (ADDRESS, "POST")
    return browser.post(back["address"], back["values"], headers=HTMX)


def now_of(*conversations) -> list[Conversation]:
    return [Conversation.objects.get(pk=each.pk) for each in conversations]


def test_several_are_closed_and_opened_again(cast, bob, amina, noor):
    response = do(bob, "close", amina, noor)
    assert response.status_code == 200 and 'id="conversations"' in response.text
    assert said(response)["words"] == "2 conversations closed." and kept(response) == []
    assert all(each.closed_by == cast.bob for each in now_of(amina, noor))
    assert said(undo(bob, response))["words"] == "2 conversations are as they were."
    assert not any(each.closed_at for each in now_of(amina, noor))


def test_what_was_so_already_is_not_undone(bob, cast, amina, noor):
    close(amina, by=cast.alice)
    response = do(bob, "close", amina, noor)
    assert said(response)["words"] == "1 conversation closed."
    undo(bob, response)
    amina, noor = now_of(amina, noor)
    assert amina.closed_at and not noor.closed_at
    assert said(do(bob, "close", amina))["words"] == "They were so already."


def test_undoing_an_assignment_gives_each_back_to_whom_it_was(cast, bob, amina, noor):
    assign(amina, cast.alice, by=cast.alice)
    response = do(bob, "assign me", amina, noor)
    assert [each.assignee for each in now_of(amina, noor)] == [cast.bob, cast.bob]
    undo(bob, response)
    assert [each.assignee for each in now_of(amina, noor)] == [cast.alice, None]


def test_they_can_be_handed_to_a_colleague_and_to_nobody(cast, bob, amina, noor):
    do(bob, f"assign {cast.alice.public_id}", amina, noor)
    assert [each.assignee for each in now_of(amina, noor)] == [cast.alice, cast.alice]
    do(bob, "assign nobody", amina)
    assert [each.assignee for each in now_of(amina, noor)] == [None, cast.alice]


def test_nobody_gets_what_they_may_not_answer(cast, bob, amina):
    response = do(bob, f"assign {cast.charlie.public_id}", amina)
    assert response.status_code == 403 and kept(response) == [amina.public_id]
    assert "Amina" in said(response)["words"] and "Charlie may not reply" in said(response)["words"]


def test_a_label_is_put_on_and_taken_off_only_where_it_was_not(cast, bob, amina, noor):
    vip = Label.objects.create(name="VIP")
    amina.labels.add(vip)
    response = do(bob, f"label {vip.public_id}", amina, noor)
    assert said(response)["words"] == "1 conversation labelled."
    undo(bob, response)
    assert (list(amina.labels.all()), list(noor.labels.all())) == ([vip], [])


def test_a_new_label_is_made_by_its_name(bob, amina, noor):
    do(bob, "label", amina, noor, label="Wedding")
    assert [label.name for label in noor.labels.all()] == ["Wedding"]
    assert do(bob, "label", amina, label=" ").status_code == 422


def test_they_are_put_off_and_come_back(cast, bob, amina, noor):
    response = do(bob, "snooze hours", amina, noor)
    assert all(each.snoozed_until > now() for each in now_of(amina, noor))
    undo(bob, response)
    assert not any(each.snoozed_until for each in now_of(amina, noor))


def test_an_hour_before_the_window_ends_is_reckoned_for_each(bob, amina, noor):
    Conversation.objects.filter(pk=noor.pk).update(window_closes_at=now() + timedelta(hours=5))
    do(bob, "snooze window", amina, noor)
    for each in now_of(amina, noor):
        assert each.snoozed_until == each.window_closes_at - timedelta(hours=1)


def test_whose_window_ends_before_stays_selected_and_says_why(bob, amina, noor):
    Conversation.objects.filter(pk=noor.pk).update(window_closes_at=now() + timedelta(hours=2))
    response = do(bob, "snooze hours", amina, noor)
    words = said(response)["words"]
    assert words.startswith("1 conversation snoozed.") and "Not Noor" in words and "Meta's window ends" in words
    assert said(response)["tone"] == "care" and kept(response) == [noor.public_id]
    do(bob, "snooze", noor, until=(now() + timedelta(hours=3)).isoformat(), past_window="on")
    assert now_of(noor)[0].snoozed_until


def test_closing_what_was_put_off_is_undone_to_the_same_moment(cast, bob, amina):
    until = now() + timedelta(hours=3)
    snooze(amina, until=until, by=cast.bob)
    undo(bob, do(bob, "close", amina))
    assert now_of(amina)[0].snoozed_until == until
    undo(bob, do(bob, "wake", amina))
    assert now_of(amina)[0].snoozed_until == until


def test_each_can_refuse_by_itself(cast, bob, amina, noor):
    Grant.objects.filter(user=cast.bob, account=cast.studio).update(right=Right.READ)
    response = do(bob, "close", amina, noor)
    assert response.status_code == 200
    assert [bool(each.closed_at) for each in now_of(amina, noor)] == [True, False]
    assert "You may read this account but not write in it." in said(response)["words"]
    assert kept(response) == [noor.public_id]


def test_nothing_is_done_with_what_one_may_not_see(cast, sign_in, amina, noor):
    charlie, dana = sign_in(cast.charlie), sign_in(cast.dana)
    assert do(charlie, "close", amina, noor).status_code == 404
    assert do(dana, "close", amina, noor).status_code == 403
    assert do(sign_in(cast.bob), "back", back=[f"{amina.public_id} vanish "]).status_code == 422
    assert charlie.post(ADDRESS, {"act": "back", "back": f"{amina.public_id} close "}).status_code == 404
    assert not any(each.closed_at for each in now_of(amina, noor))


def test_nothing_is_done_with_what_was_not_selected(bob, amina, noor):
    do(bob, "close", amina)
    assert not now_of(noor)[0].closed_at
    assert Activity.objects.filter(verb="conversation.closed").count() == 1


@pytest.mark.parametrize(("act", "ids"), [("close", []), ("close", ["x"] * 1 + [f"id{number}" for number in range(101)]), ("explode", ["x"]), ("", ["x"])])
def test_nothing_too_much_and_nonsense_are_refused(bob, act, ids):
    response = bob.post(ADDRESS, {"act": act, "ids": ids}, headers=HTMX)
    assert response.status_code == 422 and said(response)["words"]


def test_without_scripts_one_is_led_back_to_the_list(bob, amina):
    response = bob.post(ADDRESS, {"act": "close", "ids": [amina.public_id], "asked": "lane=mine"})
    assert (response.status_code, response.url) == (302, "/conversations/?lane=mine")
    assert now_of(amina)[0].closed_at


def test_the_answer_shows_the_lane_that_was_looked_at(bob, amina, noor):
    response = do(bob, "close", amina, asked="lane=closed")
    assert amina.public_id in response.text and noor.public_id not in response.text


@pytest.mark.parametrize(("menu", "words"), [("assign", "Alice"), ("label", "VIP"), ("snooze", "In 3 hours")])
def test_the_menus_are_fetched_when_they_are_opened(cast, bob, menu, words):
    Label.objects.create(name="VIP")
    assert words in page(bob, f"{ADDRESS}?menu={menu}", headers=HTMX)
    assert "Charlie" not in page(bob, f"{ADDRESS}?menu={menu}", headers=HTMX)
    assert words not in page(bob, "/conversations/")


@pytest.mark.parametrize(("menu", "name"), [("assign", "Root"), ("label", "VIP")])
def test_the_menus_tell_no_names_to_who_reads_no_account(cast, sign_in, menu, name):
    Label.objects.create(name="VIP")
    assert name not in page(sign_in(cast.charlie), f"{ADDRESS}?menu={menu}", headers=HTMX)


@pytest.mark.parametrize("asked", ["label=%00", "assignee=%00&account=a%00", "q=%00"])
def test_a_zero_in_what_is_asked_breaks_nothing(bob, amina, asked):
    assert do(bob, "close", amina, asked=asked).status_code == 200


def test_there_is_no_other_menu(bob):
    assert bob.get(f"{ADDRESS}?menu=other", headers=HTMX).status_code == 404


# What came in since they were selected ------------------------------------------------------------------------------
def test_each_row_says_what_its_conversation_had_heard(cast, bob, amina):
    cast.write(cast.amina, "And the Sidamo?")
    amina.refresh_from_db()
    assert amina.heard > 1
    assert f'value="{amina.public_id}.{amina.heard}"' in page(bob, "/conversations/")


@pytest.mark.parametrize("act", ["close", "snooze hours"])
def test_whoever_has_written_meanwhile_stays_open_and_selected(cast, bob, amina, noor, act):
    ids = picked(amina, noor)
    cast.write(cast.amina, "Wait, one more thing")
    response = bob.post(ADDRESS, {"act": act, "ids": ids}, headers=HTMX)
    amina, noor = now_of(amina, noor)
    assert not (amina.closed_at or amina.snoozed_until) and (noor.closed_at or noor.snoozed_until)
    assert response.status_code == 200 and kept(response) == [amina.public_id]
    assert said(response)["words"].endswith("Amina Okafor has written meanwhile; it stays open.") and said(response)["tone"] == "care"


@pytest.mark.parametrize("act", ["close", "snooze hours"])
def test_where_all_have_written_meanwhile_nothing_is_done(cast, bob, amina, noor, act):
    ids = picked(amina, noor)
    cast.write(cast.amina, "Wait")
    cast.write(cast.noor, "Wait")
    response = bob.post(ADDRESS, {"act": act, "ids": ids}, headers=HTMX)
    assert response.status_code == 409 and "back" not in said(response)
    assert said(response)["words"] == "Amina Okafor, Noor Haddad have written meanwhile; they stay open."
    # The answer shows them as they are now; selected anew they can be put away.
    assert all(f'value="{each}"' in response.text for each in picked(amina, noor))
    assert bob.post(ADDRESS, {"act": act, "ids": picked(amina, noor)}, headers=HTMX).status_code == 200


def test_undoing_restores_exactly_what_was_done(cast, bob, amina, noor):
    ids = picked(amina, noor)
    cast.write(cast.amina, "Wait")
    response = bob.post(ADDRESS, {"act": "close", "ids": ids}, headers=HTMX)
    close(amina, by=cast.alice)
    assert said(undo(bob, response))["words"] == "1 conversation is as it was."
    amina, noor = now_of(amina, noor)
    assert amina.closed_by == cast.alice and not noor.closed_at


@pytest.mark.parametrize("act", ["reopen", "wake"])
def test_undoing_puts_nothing_away_that_they_said_meanwhile(cast, bob, amina, noor, act):
    for each in (amina, noor):
        close(each, by=cast.bob) if act == "reopen" else snooze(each, until=now() + timedelta(hours=3), by=cast.bob)
    response = do(bob, act, amina, noor)
    cast.write(cast.amina, "Are you there?")
    undone = undo(bob, response)
    amina, noor = now_of(amina, noor)
    assert not (amina.closed_at or amina.snoozed_until) and (noor.closed_at or noor.snoozed_until)
    assert said(undone)["words"] == "1 conversation is as it was. Amina Okafor has written meanwhile; it stays open."


def test_assigning_and_labelling_go_on_whatever_they_have_said(cast, bob, amina):
    ids = picked(amina)
    cast.write(cast.amina, "Wait")
    assert bob.post(ADDRESS, {"act": "assign me", "ids": ids}, headers=HTMX).status_code == 200
    assert now_of(amina)[0].assignee == cast.bob


def test_of_many_only_those_with_news_stay_open(cast, bob, amina, noor):
    contacts = [Contact.objects.create(account=cast.shop, external_id=f"9{number:05}", name=f"Guest {number}", first_seen_at=now()) for number in range(70)]
    many = [Conversation.objects.create(account=cast.shop, contact=contact, last_message_at=now(), heard=1) for contact in contacts]
    ids = picked(*many)
    Conversation.objects.filter(pk__in=[each.pk for each in many[10:13]]).update(heard=2)
    response = bob.post(ADDRESS, {"act": "close", "ids": ids}, headers=HTMX)
    assert said(response)["words"] == "67 conversations closed. Guest 10, Guest 11 and 1 other have written meanwhile; they stay open."
    assert kept(response) == [each.public_id for each in many[10:13]]
    assert Conversation.objects.filter(pk__in=[each.pk for each in many], closed_at=None).count() == 3
    undo(bob, response)
    assert not Conversation.objects.closed().exists()


def test_without_scripts_it_is_said_as_well(cast, bob, amina, noor):
    ids = picked(amina, noor)
    cast.write(cast.amina, "Wait")
    shown = page(bob, bob.post(ADDRESS, {"act": "close", "ids": ids}).url)
    assert "1 conversation closed. Amina Okafor has written meanwhile; it stays open." in shown
