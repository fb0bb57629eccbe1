"""Agents in the admin: what is going on with each, keys in each other's place, and the lines for every client."""

import json
from datetime import timedelta

import pytest

from accounts.models import Activity, Grant, Right, Stop, User
from agents.admin.client import PLACEHOLDER, VARIABLE, client_lines
from agents.management.commands import agent_stdio
from agents.models import Agent, AgentKey, NotInUse, Policy
from agents.proposing import propose
from core.clock import now
from inbox.content import Content
from tests.admin.pages import form_of, page


def row(browser, **asked) -> str:
    return browser.get(page(Agent), asked).text.split('id="result_list"')[1].split("</table>")[0]


# The list ---------------------------------------------------------------------------------------------------------
def test_the_list_says_what_is_going_on_with_each_agent(cast, browser):
    propose(cast.assistant, cast.conversation(cast.amina), Content(text="Yes."))
    AgentKey.find(cast.key, at=now())
    shown = row(browser)
    for words in ("Assistant", "Dana", "Harbour Coffee, Harbour Studio", "Every message needs a person, version 1", ">active<"):
        assert words in shown, words
    assert f'agentkey/?agent__id__exact={cast.assistant.pk}&amp;state=in-use">1</a>' in shown
    assert f'proposal/?agent__id__exact={cast.assistant.pk}&amp;state__exact=pending">1</a>' in shown


def test_an_agent_with_nothing_is_marked(cast, browser):
    bare = Agent.create("Bare", owner=cast.charlie, at=now())
    Agent.objects.filter(pk=bare.pk).update(policy=None)
    User.objects.filter(pk=cast.charlie.pk).update(is_active=False)
    shown = row(browser, q="Bare")
    for words in ("nowhere", ">none<", "never", "not active any more", "none: everything is denied"):
        assert words in shown, words
    assert "Choose somebody else who answers" in browser.get(page(bare, "change")).text
    assert "not active any more" not in browser.get(page(cast.assistant, "change")).text


def test_an_agent_whose_owner_is_gone_can_still_be_saved(cast, browser):
    User.objects.filter(pk=cast.dana.pk).update(is_active=False)
    address = page(cast.assistant, "change")
    assert browser.post(address, form_of(browser.get(address)) | {"name": "Desk"}).status_code == 302
    assert Agent.objects.get(pk=cast.assistant.pk).owner == cast.dana


def test_a_stop_is_seen_in_the_list_and_on_the_page(cast, browser):
    stop = Stop.place(by=cast.root, agent=cast.assistant.user, reason="Wrong prices", at=now())
    assert ">stopped<" in row(browser)
    assert f"/admin/accounts/stop/{stop.pk}/change/" in browser.get(page(cast.assistant, "change")).text
    stop.lift(by=cast.root, reason="Right again", at=now())
    assert ">stopped<" not in row(browser)


def test_the_list_is_narrowed_by_account_and_by_what_is_needed(cast, browser):
    bare = Agent.create("Bare", owner=cast.root, at=now())
    listed = lambda **asked: {agent.pk for agent in browser.get(page(Agent), asked).context["cl"].result_list}  # noqa: E731
    assert listed(account=cast.shop.public_id) == {cast.assistant.pk}
    assert listed(needs="key") == {bare.pk}
    assert listed(needs="owner") == listed(needs="decisions") == set()


def test_a_manager_reads_no_name_of_an_account_that_is_not_hers(cast, sign_in):
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    shown = row(sign_in(cast.dana))
    assert "Harbour Coffee, 1 more" in shown and "Harbour Studio" not in shown


# The policy in words ----------------------------------------------------------------------------------------------
def test_the_page_of_an_agent_says_in_words_what_its_policy_lets_through(cast, browser):
    shown = browser.get(page(cast.assistant, "change")).text
    assert "Sending text" in shown and "a person decides" in shown
    assert "at most 3 messages without an answer, to each contact" in shown
    version = cast.assistant.policy.current
    for row_ in (version, cast.assistant.policy):
        assert "Whatever is not named here" in browser.get(page(row_, "change")).text


def test_old_versions_say_that_they_are_replaced(cast, browser):
    policy = Policy.shipped()
    old = policy.current
    policy.publish(old.document | {"default": "allow"}, by=cast.root, at=now())
    assert "replaced" in browser.get(page(old, "change")).text
    assert ">in force<" in browser.get(page(policy.current, "change")).text


# Keys -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("hours", "lasts"), [("0", 0), ("1", 1), ("24", 24), ("168", 168)])
def test_a_rotated_key_shows_the_new_one_once_and_goes_on_for_as_long_as_was_said(cast, browser, clock, hours, lasts):
    old = cast.assistant.keys.get()
    answer = browser.post(page(old, "rotate"), {"hours": hours})
    text = answer.context["text"]
    assert text in answer.text and "no-store" in answer.headers["Cache-Control"]
    new = AgentKey.find(text, at=now())
    old.refresh_from_db()
    assert (old.replaced_by, new.name, new.expires_at) == (new, old.name, None)
    assert (AgentKey.find(cast.key, at=now()) is None) == (lasts == 0)
    if lasts:
        clock.shift(timedelta(hours=lasts) - timedelta(minutes=1))
        assert AgentKey.find(cast.key, at=now()) == old
        clock.shift(timedelta(minutes=2))
        assert AgentKey.find(cast.key, at=now()) is None
    assert AgentKey.find(text, at=now()) == new
    said = Activity.objects.get(verb="key.rotated")
    assert said.by == cast.root and text not in str(said.details)
    pages = (page(new, "change"), page(old, "change"), page(AgentKey), page(cast.assistant, "change"), page(Activity))
    assert all(text not in browser.get(address).text for address in pages)


def test_the_new_key_lasts_as_long_as_the_old_one_was_made_for_and_the_old_one_no_longer_than_it_had(cast):
    at = now()
    old, _text = AgentKey.issue(cast.assistant, name="ci", by=cast.dana, at=at, expires_at=at + timedelta(days=30))
    later = at + timedelta(days=29)
    new, _text = old.rotate(by=cast.dana, at=later, overlap=timedelta(days=7))
    old.refresh_from_db()
    assert new.expires_at == later + timedelta(days=30)
    assert old.expires_at == at + timedelta(days=30)


def test_a_key_is_replaced_once(cast, browser):
    old = cast.assistant.keys.get()
    old.rotate(by=cast.dana, at=now(), overlap=timedelta(days=1))
    with pytest.raises(NotInUse):
        AgentKey.objects.get(pk=old.pk).rotate(by=cast.dana, at=now(), overlap=timedelta(days=1))
    assert cast.assistant.keys.count() == 2
    assert browser.post(page(old, "rotate"), {"hours": "1"}).status_code == 302
    assert "replaced, still works" in browser.get(page(old, "change")).text
    assert cast.assistant.keys.count() == 2


def test_a_key_that_was_revoked_is_not_rotated(cast, browser):
    old = cast.assistant.keys.get()
    old.revoke(by=cast.dana, at=now())
    with pytest.raises(NotInUse):
        old.rotate(by=cast.dana, at=now(), overlap=timedelta())
    assert "rotate" not in browser.get(page(old, "change")).text
    assert AgentKey.objects.count() == 1 and not Activity.objects.filter(verb="key.rotated").exists()


def test_what_wants_attention_about_keys_is_marked_and_found(cast, sign_in, clock):
    at = now()
    AgentKey.issue(cast.assistant, name="short", by=cast.dana, at=at, expires_at=at + timedelta(days=95))
    clock.shift(timedelta(days=91))
    browser = sign_in(cast.root)
    names = lambda state: {key.name for key in browser.get(page(AgentKey), {"state": state}).context["cl"].result_list}  # noqa: E731
    AgentKey.find(cast.key, at=now())
    assert names("ends") == {"short"} and names("idle") == {"short"} and names("in-use") == {"short", "tests"}
    shown = browser.get(page(AgentKey)).text
    assert "expires soon" in shown and "unused for 90 days" in shown
    clock.shift(timedelta(days=5))
    assert names("ended") == {"short"} and names("ends") == set() and names("in-use") == {"tests"}


def test_a_manager_rotates_keys_of_her_own_agents_only(cast, sign_in):
    other = Agent.create("Night shift", owner=cast.root, at=now())
    key, _text = AgentKey.issue(other, name="elsewhere", by=cast.root, at=now())
    dana = sign_in(cast.dana)
    assert dana.post(page(key, "rotate"), {"hours": "0"}).status_code == 404
    assert dana.post(page(cast.assistant.keys.get(), "rotate"), {"hours": "0"}).status_code == 200
    assert key.agent.keys.count() == 1


# Clients ----------------------------------------------------------------------------------------------------------
def test_every_client_gets_its_own_form(settings):
    settings.PUBLIC_URL = "https://inbox.example"
    lines = {each.name: each.text for each in client_lines("agt_abc")}
    assert lines["claude-code"] == "claude mcp add --transport http countersign https://inbox.example/mcp --header 'Authorization: Bearer agt_abc'"
    headers = {"Authorization": "Bearer agt_abc"}
    remote = {"type": "http", "url": "https://inbox.example/mcp", "headers": headers}
    assert json.loads(lines["mcp-json"]) == {"mcpServers": {"countersign": remote}}
    assert json.loads(lines["vscode"]) == {"servers": {"countersign": remote}}
    assert json.loads(lines["cursor"]) == {"mcpServers": {"countersign": {"url": remote["url"], "headers": headers}}}
    stdio = json.loads(lines["stdio"])["mcpServers"]["countersign"]
    assert stdio["args"][1:] == ["agent_stdio"] and stdio["env"][agent_stdio.VARIABLE] == "agt_abc"
    assert VARIABLE == agent_stdio.VARIABLE


def test_the_page_of_an_agent_has_the_lines_with_a_placeholder_and_buttons(cast, browser):
    shown = browser.get(page(cast.assistant, "change")).text
    assert PLACEHOLDER in shown and 'data-copy="#client-vscode"' in shown and "js/copy.js" in shown
    assert "agt_" not in shown.replace(cast.assistant.keys.get().hint, "")


def test_the_page_of_a_new_key_has_the_lines_with_the_key_in_them(cast, browser):
    issued = browser.post(page(cast.assistant, "issue"), {"name": "laptop", "expires_at": ""})
    assert issued.text.count(issued.context["text"]) == 1 + len(client_lines())
    assert PLACEHOLDER not in issued.text and 'data-copy="#key-text"' in issued.text


def test_the_right_to_propose_is_what_the_list_counts(cast, browser):
    Grant.objects.filter(user=cast.assistant.user).update(right=Right.READ)
    assert "nowhere" in row(browser)
