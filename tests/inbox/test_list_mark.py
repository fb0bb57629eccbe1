"""A refresh of the list brings something only where something is to be shown that the page does not show."""

import re

import pytest

from accounts.models import Account
from agents.proposing import propose
from core.clock import now
from inbox.content import Content
from inbox.labelling import put_label
from inbox.models import Label
from inbox.work import work_until_idle
from tests.inbox.browsing import HTMX, page

LIST = "/conversations/"


@pytest.fixture
def bob(cast, sign_in):
    work_until_idle("fetch")
    return sign_in(cast.bob)


def mark_of(shown: str) -> str:
    return re.search(r'id="list-mark" data-mark="(\w+)"', shown)[1]


def refresh(browser, mark: str, **asked: str):
    return browser.get(LIST, {"rows": "2", "open": "", "mark": mark} | asked, headers=HTMX)


def test_where_nothing_is_new_the_answer_is_empty(bob):
    answer = refresh(bob, mark_of(page(bob, LIST)))
    assert answer.status_code == 204 and not answer.content


def test_what_came_in_meanwhile_is_brought_with_the_next_mark(cast, bob):
    mark = mark_of(page(bob, LIST))
    cast.write(cast.amina, "One more thing")
    answer = refresh(bob, mark)
    assert answer.status_code == 200 and "One more thing" in answer.text
    assert refresh(bob, answer["List-Mark"]).status_code == 204


@pytest.mark.parametrize("what", ["label", "proposal", "banner"])
def test_whatever_else_the_refresh_would_bring_counts(cast, sign_in, what):
    work_until_idle("fetch")
    alice, amina = sign_in(cast.alice), cast.conversation(cast.amina)
    mark = mark_of(page(alice, LIST))
    if what == "label":
        put_label(amina, Label.objects.create(name="VIP"), by=cast.bob)
    elif what == "proposal":
        propose(cast.assistant, amina, Content(text="It is back."))
    else:
        Account.objects.filter(pk=cast.shop.pk).update(held_at=now(), held_by=cast.dana, held_reason="Stocktaking")
    answer = refresh(alice, mark)
    assert answer.status_code == 200 and answer["List-Mark"] != mark


def test_a_page_that_shows_another_conversation_or_lane_has_another_mark(cast, bob):
    mark = mark_of(page(bob, LIST))
    assert refresh(bob, mark, open=cast.conversation(cast.amina).public_id).status_code == 200
    assert refresh(bob, mark, lane="unread").status_code == 200


def test_whoever_names_no_mark_gets_the_list(bob):
    assert "Amina Okafor" in refresh(bob, "").text
