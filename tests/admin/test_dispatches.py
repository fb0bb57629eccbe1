"""The outbox in the admin: what happened to each message, and every call that was made for it."""

import re

import pytest

from accounts.models import Grant, User
from inbox.content import Content
from inbox.models import Attempt, Dispatch
from inbox.work import work_until_idle
from tests.admin.pages import page


@pytest.fixture
def refused(cast) -> Dispatch:
    cast.simulator.fault("window", account=cast.shop.external_id)
    dispatch = cast.conversation(cast.amina).reply(Content(text="Hello"), by=cast.bob).dispatch
    work_until_idle("dispatch")
    return dispatch


@pytest.fixture
def sent(cast) -> Dispatch:
    dispatch = cast.conversation(cast.noor).reply(Content(text="To Noor"), by=cast.bob).dispatch
    work_until_idle("dispatch")
    return dispatch


def test_the_page_of_a_dispatch_tells_its_story_above_its_fields(refused, cast, sign_in):
    shown = sign_in(cast.dana).get(page(refused, "change")).text
    assert shown.index("Meta did not take it.") < shown.index("Answers what was heard up to")
    assert shown.count('class="story"') == 1 and "css/story.css" in shown and "js/copy.js" in shown


def test_every_call_stands_there_with_what_came_back(refused, cast, sign_in):
    shown, call = sign_in(cast.dana).get(page(refused, "change")).text, refused.attempts.get()
    table = shown[shown.index("attempts-heading") :]
    for fact in (call.answer, call.error, call.code, call.trace_id, call.worker, call.request_digest, str(call.duration_ms), str(call.status)):
        assert fact in table
    assert re.search(r"\d\d:\d\d:\d\d\.\d{3}", table)


@pytest.mark.parametrize(("asked", "found"), [
    ("", 2), ("step__exact=send", 2), ("step__exact=upload", 0), ("outcome__exact=refused", 1), ("error=WindowClosed", 1), ("error=any", 1), ("error=none", 1),
    ("error=NotSent", 0),
])  # fmt: skip
def test_calls_are_found_by_step_outcome_and_error(refused, sent, cast, sign_in, asked, found):
    answer = sign_in(cast.dana).get(f"{page(Attempt)}?{asked}")
    assert (answer.status_code, answer.context["cl"].result_count) == (200, found)


def test_a_call_is_found_by_what_meta_answered(refused, sent, cast, sign_in):
    listed = sign_in(cast.dana).get(page(Attempt), {"q": sent.attempts.get().answer}).context["cl"].result_list
    assert [call.dispatch for call in listed] == [sent]


def test_a_manager_sees_the_calls_of_her_accounts_only(refused, sent, cast, sign_in):
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    browser = sign_in(cast.dana)
    assert [call.dispatch for call in browser.get(page(Attempt)).context["cl"].result_list] == [refused]
    for row in (sent, sent.attempts.get()):
        assert browser.get(page(row, "change")).status_code in (302, 403, 404)


def test_times_are_the_readers_own_to_the_millisecond(refused, cast, sign_in):
    User.objects.filter(pk=cast.dana.pk).update(time_zone="Asia/Kolkata")
    assert "+05:30" in sign_in(cast.dana).get(page(refused, "change")).text
