"""The index: what needs attention now, worst first, and the first steps while the installation is new."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Grant, Invitation, Mail, MetaApp, Right, User
from agents.models import Agent, AgentKey
from agents.proposing import propose
from core.clock import now
from graph.networks import Login, Network
from graph.scopes import NEEDED_SCOPES
from inbox.content import Content
from inbox.models import Backfill, Dispatch
from tests.admin.pages import page

INDEX = "/admin/"


def lines(browser) -> dict[str, tuple[str, str]]:
    """By sentence: tone and address."""
    return {line.sentence: (line.tone, line.address) for line in browser.get(INDEX).context["attention"]}


def sentence_with(browser, words: str) -> str:
    return next((sentence for sentence in lines(browser) if words in sentence), "")


# Accounts and apps ------------------------------------------------------------------------------------------------------
def test_a_broken_account_comes_before_everything_else(cast, browser):
    Account.objects.filter(pk=cast.studio.pk).update(state="needs_reconnect", state_reason="token_expired")
    first, *others = lines(browser).items()
    assert first == ("Harbour Studio sends nothing: it needs to be reconnected. The token has expired.", ("bad", page(cast.studio, "change")))
    tones = [tone for _sentence, (tone, _address) in others]
    assert tones == sorted(tones, key=["bad", "care", "calm"].index)


@pytest.mark.parametrize(
    ("facts", "words", "tone"),
    [
        ({"token_expires_at": timedelta(days=2)}, "Harbour Coffee, access token:", "care"),
        ({"data_access_until": timedelta(days=2)}, "Harbour Coffee, access to data:", "care"),
        ({"subscribed_fields": []}, "Harbour Coffee: Meta sends nothing of this account", "bad"),
        ({"held_at": timedelta(0), "held_reason": "Wrong prices"}, "Sending from Harbour Coffee is paused by", "care"),
    ],
)
def test_what_is_about_to_break_an_account_is_told(cast, browser, facts, words, tone):
    assert not sentence_with(browser, words)
    moments = {name: now() + value if isinstance(value, timedelta) else value for name, value in facts.items()}
    scopes = list(NEEDED_SCOPES[Login.FACEBOOK, Network.MESSENGER])
    Account.objects.filter(pk=cast.shop.pk).update(checked_at=now(), scopes=scopes, **moments)
    told = lines(browser)[sentence_with(browser, words)]
    assert told == (tone, page(cast.shop, "change"))


def test_an_account_that_is_out_of_use_needs_nothing(cast, browser):
    Account.objects.update(state="disconnected", subscribed_fields=[])
    assert not sentence_with(browser, "Harbour Coffee")


def test_of_many_accounts_the_worst_are_told_and_the_others_counted(cast, browser):
    for number in range(12):
        Account.objects.create(network="messenger", meta_app=cast.shop.meta_app, name=f"Shop {number}", external_id=str(number), token="t", state="restricted")
    told = lines(browser)
    assert sum("sends nothing" in sentence for sentence in told) == 8
    assert told["4 more accounts need somebody."][1] == "/admin/health/"


def test_what_an_app_lacks_is_told_once_and_to_superusers_alone(cast, browser, dana):
    MetaApp.objects.update(handshake_at=None, access_level="")
    Account.objects.update(webhook_at=None)
    app = page(cast.shop.meta_app, "change")
    assert lines(browser)["Nobody has said which access level Shop app has at Meta; it decides who is heard."] == ("calm", app)
    assert sum("Shop app: Meta has not asked" in sentence for sentence in lines(browser)) == 1
    assert not sentence_with(dana, "Shop app")
    MetaApp.objects.update(handshake_at=now(), access_level="advanced")
    assert not sentence_with(browser, "Shop app: Meta has not asked")


# What waits ---------------------------------------------------------------------------------------------------------------
def test_proposals_are_told_to_who_may_decide_them(cast, browser, dana):
    propose(cast.assistant, cast.conversation(cast.amina), Content(text="Proposed"))
    assert lines(browser)["1 proposal waits for your decision."] == ("care", "/approvals/")
    assert not sentence_with(dana, "waits for your decision")
    Grant.objects.create(user=cast.dana, account=cast.shop, right=Right.APPROVE)
    assert sentence_with(dana, "waits for your decision")


def test_unknown_messages_of_ones_own_accounts_are_told(cast, browser, dana):
    for contact in (cast.amina, cast.noor):
        cast.conversation(contact).reply(Content(text="?"), by=cast.bob)
    Dispatch.objects.update(state=Dispatch.State.UNKNOWN, unknown_since=now() - timedelta(minutes=3))
    assert sentence_with(browser, "Of 2 messages nobody knows")
    assert sentence_with(dana, "Of 1 message nobody knows")


def test_unknown_messages_are_no_question_while_countersign_finds_out(cast, browser):
    cast.conversation(cast.amina).reply(Content(text="?"), by=cast.bob)
    Dispatch.objects.update(state=Dispatch.State.UNKNOWN, unknown_since=now())
    assert lines(browser)["Countersign is finding out whether 1 message arrived."] == ("calm", "/admin/inbox/dispatch/?state__exact=unknown")
    assert not sentence_with(browser, "nobody knows")


def test_history_that_is_read_or_could_not_be_is_told(cast, browser, dana):
    running = Backfill.objects.create(account=cast.shop, at=now(), not_before=now(), total=200, conversations=40)
    failed = Backfill.objects.create(account=cast.studio, at=now(), not_before=now(), state="failed", finished_at=now())
    told = lines(browser)
    assert told["The history of Harbour Coffee is being read: 40 of 200 conversations."] == ("calm", page(running, "change"))
    assert told["Reading back the history of Harbour Studio failed."] == ("care", page(failed, "change"))
    assert not sentence_with(dana, "Harbour Studio")
    Backfill.objects.create(account=cast.studio, at=now(), not_before=now(), state="done", finished_at=now())
    assert not sentence_with(browser, "Harbour Studio failed")


# People and keys ------------------------------------------------------------------------------------------------------------
def test_e_mails_that_could_not_be_sent_are_told(cast, browser, dana):
    for key, account in (("1", cast.shop), ("2", cast.studio), ("3", None)):
        Mail.objects.create(address="a@example.test", account=account, kind="k", key=key, subject="S", at=now(), not_before=now(), given_up_at=now())
    Mail.objects.create(address="a@example.test", kind="k", key="4", subject="S", at=now(), not_before=now(), given_up_at=now() - timedelta(days=20))
    assert sentence_with(browser, "3 e-mails could not be sent.")
    assert sentence_with(dana, "1 e-mail could not be sent.")


def test_invitations_that_ended_are_told_to_whoever_invited(cast, browser, dana):
    for who, days in ((cast.dana, 1), (cast.root, 1), (cast.root, -1), (cast.root, 40)):
        ended = now() - timedelta(days=days)
        Invitation.objects.create(email=f"{who.pk}.{days}@example.test", digest=f"{who.pk}{days}", by=who, at=now(), expires_at=ended)
    assert sentence_with(browser, "2 invitations ended")
    assert sentence_with(dana, "1 invitation ended")


def test_a_key_that_ends_soon_is_told_until_another_takes_its_place(cast, browser, dana):
    key = cast.assistant.keys.get()
    assert not sentence_with(browser, "“tests”")
    AgentKey.objects.filter(pk=key.pk).update(expires_at=now() + timedelta(days=3))
    assert lines(browser)[sentence_with(browser, "The key “tests” of Assistant ends on")][1] == page(cast.assistant, "change")
    assert sentence_with(dana, "“tests”")
    Agent.objects.update(owner=cast.root)
    assert not sentence_with(dana, "“tests”")
    newer, _text = AgentKey.issue(cast.assistant, name="newer", by=cast.root, at=now())
    AgentKey.objects.filter(pk=key.pk).update(replaced_by=newer)
    assert not sentence_with(browser, "“tests”")


# The first steps --------------------------------------------------------------------------------------------------------------
def steps(browser) -> list[tuple[bool, bool]]:
    return [(step.is_done, step.is_next) for step in browser.get(INDEX).context["steps"]]


def test_an_empty_installation_shows_the_way(db, sign_in):
    shown = sign_in(User.objects.create_superuser("first@example.test")).get(INDEX)
    assert [step.is_done for step in shown.context["steps"]] == [False] * 5
    assert [step.is_next for step in shown.context["steps"]] == [True, *[False] * 4]
    assert 'aria-current="step"' in shown.text
    assert [step.address for step in shown.context["steps"]][:2] == ["/admin/accounts/metaapp/add/", "/admin/connect/"]


def test_the_next_step_is_the_first_that_is_not_done(cast, browser):
    Account.objects.update(webhook_at=None)
    assert steps(browser) == [(True, False), (True, False), (False, True), (True, False), (True, False)]


def test_once_all_steps_are_taken_they_are_gone(cast, browser):
    assert steps(browser) == []


def test_who_let_a_month_pass_is_not_reminded(cast, browser):
    Account.objects.update(webhook_at=None)
    User.objects.update(date_joined=now() - timedelta(days=31))
    assert steps(browser) == []


def test_the_way_is_shown_to_superusers_alone(cast, dana):
    Account.objects.update(webhook_at=None)
    assert steps(dana) == []


# What it costs ------------------------------------------------------------------------------------------------------------------
def test_the_index_asks_as_much_for_many_accounts_as_for_few(cast, browser):
    browser.get(INDEX)
    few = _queries(browser)
    for number in range(6):
        account = Account.objects.create(network="messenger", meta_app=cast.shop.meta_app, name=f"Shop {number}", external_id=str(number), token="t")
        Account.objects.filter(pk=account.pk).update(held_at=now(), held_by=cast.dana, held_reason="x")
    assert _queries(browser) <= few <= 35


def _queries(browser) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(INDEX).status_code == 200
    return len(captured)
