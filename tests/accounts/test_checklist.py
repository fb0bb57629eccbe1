"""The checklist: from stored facts to a state, a sentence and a remedy, line by line."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.checklist import NAMES, checklist, expiry_words, verdict
from accounts.models import Account, MetaApp
from accounts.reasons import TOKEN_REASONS, reason_sentence, token_reason
from graph.networks import Login, Network
from graph.scopes import NEEDED_SCOPES
from graph.subscription_fields import SUBSCRIBED_FIELDS, fields_for

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HERE = "https://inbox.shop.example/webhooks/meta/"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def public(settings):
    settings.PUBLIC_URL, settings.DEMO = "https://inbox.shop.example", False


def an_app(**more):
    subscriptions = [{"object": name, "callback_url": HERE, "fields": list(fields), "is_active": True} for name, fields in SUBSCRIBED_FIELDS.items()]
    facts = {
        "pk": 1, "kind": "facebook", "app_id": "12", "door": "open", "door_at": AT, "handshake_at": AT - DAY, "access_level": "advanced", "checked_at": AT,
        "permissions": {}, "subscriptions": subscriptions,
    }  # fmt: skip
    return MetaApp(**facts | more)


def an_account(network="messenger", login="facebook", app=None, **more):
    """One that is well in everything."""
    facts = {
        "pk": 7, "network": network, "login": login, "external_id": "104", "name": "Harbour Coffee", "token": "EAAsecret", "created_at": AT - 90 * DAY,
        "scopes": list(NEEDED_SCOPES[login, network]), "subscribed_fields": list(fields_for(Login(login), Network(network))), "checked_at": AT - DAY / 24,
        "token_expires_at": AT + 40 * DAY if login == "instagram" else None, "messages_access": "allowed" if network == "instagram" else "",
        "webhook_at": AT - DAY / 24, "sent_at": AT - DAY / 24,
    }  # fmt: skip
    return Account(meta_app=app or an_app(), **facts | more)


def line(name, account):
    return next(each for each in checklist(account, at=AT) if each.name == name)


def test_every_account_has_the_same_lines_in_the_same_order():
    lines = checklist(an_account(), at=AT)
    assert tuple(each.name for each in lines) == NAMES
    assert NAMES[:4] == ("https", "handshake", "callback", "subscription") and NAMES[-1] == "test_send"


@pytest.mark.parametrize(("network", "login"), [("messenger", "facebook"), ("instagram", "facebook"), ("instagram", "instagram")])
def test_an_account_in_which_all_is_known_to_be_right_is_well(network, login):
    lines = checklist(an_account(network, login), at=AT)
    assert {each.state for each in lines} <= {"done", "unneeded"}
    assert verdict(lines) == "well"
    assert all(each.says and each.says[-1] in ".!" for each in lines)
    assert not any(each.remedy for each in lines if each.state == "done")


def test_an_account_that_nobody_looked_at_is_not_shown_as_well():
    fresh = an_account(
        app=MetaApp(pk=1, kind="facebook", app_id="12"), scopes=[], subscribed_fields=None, checked_at=None, webhook_at=None, sent_at=None
    )
    lines = checklist(fresh, at=AT)
    assert not {"done", "bad"} & {each.state for each in lines}
    assert verdict(lines) == "unknown"


BAD = [
    ("https", {"door": "certificate", "door_at": AT + 2 * DAY}, {}, "bad", "certificate"),
    ("https", {"door": "silent", "door_at": AT + 2 * DAY}, {}, "bad", "does not answer"),
    ("https", {"door": "silent"}, {"webhook_at": AT}, "care", "come in all the same"),
    ("https", {"door": "something_else", "door_at": AT + 2 * DAY}, {}, "bad", "Something else"),
    ("https", {"door": "not_public"}, {}, "care", "no public HTTPS address"),
    ("https", {"door": ""}, {}, "unknown", "Not tried yet"),
    ("handshake", {"handshake_at": None}, {"webhook_at": None}, "care", "has not asked"),
    ("handshake", {"handshake_at": None}, {}, "done", "its webhooks come"),
    ("callback", {"subscriptions": []}, {}, "bad", "sends no webhooks"),
    ("callback", {"subscriptions": [], "door": "not_public"}, {}, "care", "sends no webhooks"),
    ("callback", {"trouble": "callback_refused"}, {}, "bad", "did not get the answer"),
    ("callback", {"subscriptions": None}, {"webhook_at": None}, "unknown", "Not looked at"),
    ("callback", {"subscriptions": None, "trouble": "untold"}, {"webhook_at": None}, "unknown", "does not tell"),
    ("callback", {"subscriptions": None}, {}, "done", "Webhooks come in"),
    ("callback", {"trouble": "not_reached"}, {}, "unknown", "Not known since"),
    ("subscription", {}, {"subscribed_fields": []}, "bad", "sends nothing"),
    ("subscription", {}, {"subscribed_fields": ["feed"]}, "bad", "messages"),
    ("subscription", {}, {"subscribed_fields": None}, "unknown", "Not looked at"),
    ("subscription", {}, {"troubles": {"subscription": {"code": "unavailable", "since": AT.isoformat()}}}, "unknown", "Not known since"),
    ("subscription", {}, {"troubles": {"subscribe": {"code": "permission_missing", "since": ""}}}, "bad", "permission"),
    ("token", {}, {"token": ""}, "bad", "No token"),
    ("token", {}, {"state": "needs_reconnect", "state_reason": "password_changed"}, "bad", "password"),
    ("token", {}, {"token_expires_at": AT - DAY}, "bad", "expired on 20 November 2026"),
    ("token", {}, {"token_expires_at": AT + 3 * DAY}, "care", "ends on 24 November 2026"),
    ("token", {}, {"troubles": {"token": {"code": "not_reached", "since": AT.isoformat()}}}, "unknown", "could not be reached"),
    ("scopes", {}, {"scopes": ["pages_messaging"]}, "bad", "pages_manage_metadata"),
    ("scopes", {}, {"scopes": []}, "unknown", "Not looked at"),
    ("scopes", {}, {"state": "needs_reconnect"}, "unknown", "does not work"),
    ("data_access", {}, {"data_access_until": AT + 10 * DAY}, "care", "1 December 2026"),
    ("data_access", {}, {"data_access_until": AT + 20 * DAY}, "done", "11 December 2026"),
    ("data_access", {}, {"data_access_until": AT - DAY}, "care", "90 days"),
    ("access_level", {"access_level": "standard"}, {}, "care", "role on the app"),
    ("access_level", {"access_level": ""}, {}, "unknown", "No call"),
    ("access_level", {"permissions": {"pages_messaging": "unapproved"}}, {}, "care", "pages_messaging"),
    ("human_agent", {}, {"human_agent_feature": True}, "unknown", "does not tell"),
    ("human_agent", {"permissions": {"human_agent": "live"}}, {"human_agent_feature": True}, "done", "approved"),
    ("human_agent", {"permissions": {"human_agent": "unapproved"}}, {"human_agent_feature": True}, "care", "refused"),
    ("webhook", {}, {"webhook_at": None}, "unknown", "None has come"),
    ("webhook", {}, {"webhook_at": AT - 8 * DAY}, "care", "13 Nov"),
    ("webhook", {}, {"poll_due_at": AT, "polled_at": AT - DAY}, "care", "read from time to time"),
    ("test_send", {}, {"sent_at": None}, "unknown", "not accepted"),
    ("test_send", {}, {"state": "restricted", "state_reason": "restricted"}, "bad", "does not let"),
    ("test_send", {}, {"held_at": AT, "held_reason": "Stocktaking"}, "care", "Stocktaking"),
]


@pytest.mark.parametrize(("name", "app", "account", "state", "says"), BAD)
def test_each_line_says_what_is_so_and_what_to_do(name, app, account, state, says):
    found = line(name, an_account(app=an_app(**app), **account))
    assert (found.state, says in found.says) == (state, True), found
    assert found.remedy or state in ("done", "unknown")


def test_webhooks_that_go_elsewhere_are_told_without_what_follows_the_question_mark():
    elsewhere = [{"object": "page", "callback_url": "https://old.example/hook?key=hidden", "fields": ["messages"], "is_active": True}]
    found = line("callback", an_account(app=an_app(subscriptions=elsewhere), webhook_at=None))
    assert (found.state, "https://old.example/hook" in found.says, "hidden" in found.says) == ("bad", True, False)
    assert found.for_superusers and found.address


def test_webhooks_that_an_address_elsewhere_passes_on_need_care_only():
    elsewhere = [{"object": "page", "callback_url": "https://relay.example/hook", "fields": ["messages"], "is_active": True}]
    assert line("callback", an_account(app=an_app(subscriptions=elsewhere), webhook_at=AT)).state == "care"


@pytest.mark.parametrize(
    ("account", "state"), [({}, "done"), ({"messages_access": ""}, "unknown"), ({"messages_access": "refused"}, "bad")]
)
def test_only_instagram_has_a_switch_for_messages(account, state):
    assert line("messages_access", an_account("instagram", "instagram", **account)).state == state
    assert line("messages_access", an_account()).state == "unneeded"


def test_an_instagram_account_behind_a_page_is_heard_whatever_the_page_is_subscribed_to():
    assert line("subscription", an_account("instagram", "facebook", subscribed_fields=["feed"])).state == "done"


def test_a_lapsed_access_to_data_is_bad_for_instagram_unless_reading_still_works():
    lapsed = {"data_access_until": AT - DAY}
    assert line("data_access", an_account("instagram", "facebook", **lapsed)).state == "care"
    assert line("data_access", an_account("instagram", "facebook", messages_access="", **lapsed)).state == "bad"


def test_an_instagram_token_is_nobodys_business_until_refreshing_fails():
    soon = {"token_expires_at": AT + 3 * DAY}
    assert line("token", an_account("instagram", "instagram", **soon)).state == "done"
    failing = an_account("instagram", "instagram", troubles={"refresh": {"code": "refused", "since": ""}}, **soon)
    assert (line("token", failing).state, line("token", failing).action) == ("care", "refresh")
    unknown_end = an_account("instagram", "instagram", token_expires_at=None)
    assert line("token", unknown_end).state == "care"


def test_a_disconnected_account_is_neither_well_nor_broken():
    lines = checklist(an_account(state="disconnected", token=""), at=AT)
    assert {each.state for each in lines} == {"unneeded"}
    assert verdict(lines) == "unknown"


def test_the_worst_line_decides_and_what_is_essential_has_to_be_known():
    assert verdict(checklist(an_account(webhook_at=AT - 8 * DAY), at=AT)) == "care"
    unknown = an_account(troubles={"token": {"code": "not_reached", "since": AT.isoformat()}}, webhook_at=AT - 8 * DAY)
    assert verdict(checklist(unknown, at=AT)) == "unknown"
    assert verdict(checklist(an_account(subscribed_fields=[]), at=AT)) == "bad"
    assert verdict(checklist(an_account(sent_at=None), at=AT)) == "well"


def test_the_try_out_needs_no_public_address(settings):
    settings.DEMO = True
    local = [{"object": "page", "callback_url": "http://127.0.0.1:8000/webhooks/meta/", "fields": list(SUBSCRIBED_FIELDS["page"]), "is_active": True}]
    account = an_account(app=an_app(door="not_public", subscriptions=local))
    assert (line("https", account).state, line("callback", account).state) == ("unneeded", "done")


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ({}, ("never", "good")),
        ({"checked_at": None}, ("not told", "quiet")),
        ({"token_expires_at": AT + 30 * DAY}, ("in 30 days", "good")),
        ({"token_expires_at": AT + 3 * DAY}, ("in 3 days", "care")),
        ({"token_expires_at": AT + DAY / 2}, ("in 1 day", "care")),
        ({"token_expires_at": AT}, ("expired", "bad")),
        ({"token": ""}, ("no token", "bad")),
        ({"state": "needs_reconnect"}, ("not valid", "bad")),
        ({"state": "disconnected", "token": ""}, ("disconnected", "quiet")),
    ],
)
def test_lists_say_in_two_words_when_a_token_ends(account, words):
    assert expiry_words(an_account(**account), AT) == words


def test_every_reason_of_a_dead_token_has_a_sentence_of_its_own():
    reasons = {token_reason(subcode) for subcode in (458, 459, 460, 463, 464, 467, 492, None, 1)}
    assert reasons <= TOKEN_REASONS
    sentences = {reason_sentence(reason) for reason in reasons}
    assert len(sentences) == len(reasons) == 8
    assert not any("_" in sentence or any(letter.isdigit() for letter in sentence) for sentence in sentences)


def test_what_a_person_wrote_as_a_reason_stays_as_it_is():
    assert reason_sentence("The Page was sold.") == "The Page was sold."
