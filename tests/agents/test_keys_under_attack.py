"""Keys and policies in hostile hands: two who rotate at once, keys of agents that are out, words that promise too much."""

from datetime import timedelta

import pytest

from accounts.leaving import deactivate
from accounts.models import Grant, Stop, User
from agents.models import Agent, AgentKey, NotInUse, Policy
from agents.policy import in_words
from agents.policy.evaluating import evaluate
from agents.policy.language import Call
from core.clock import now
from tests.admin.pages import page
from tests.admin.test_attention import lines
from tests.at_once import behind
from tests.conftest import make_cast

DAY = timedelta(days=1)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("other", ["rotate", "revoke"])
def test_of_two_at_once_the_second_meets_what_the_first_did(other, simulator):
    cast = make_cast(simulator)
    key = cast.assistant.keys.get()
    first = {
        "rotate": lambda: key.rotate(by=cast.dana, at=now(), overlap=timedelta()),
        "revoke": lambda: key.revoke(by=cast.dana, at=now()),
    }[other]
    again = behind(first, lambda: AgentKey.objects.get(pk=key.pk).rotate(by=cast.root, at=now(), overlap=7 * DAY))
    assert isinstance(again, NotInUse)
    assert AgentKey.objects.count() == (2 if other == "rotate" else 1)
    assert AgentKey.find(cast.key, at=now()) is None


def test_a_superuser_is_told_that_somebody_who_left_may_know_keys(cast, sign_in):
    root = sign_in(cast.root)
    assert not any("nobody who answers" in line for line in lines(root))
    deactivate(cast.dana, by=cast.root, at=now(), reason="Left")
    assert AgentKey.find(cast.key, at=now())
    assert any("1 agent has keys in use, and nobody who answers for it" in line for line in lines(root))
    cast.assistant.keys.get().revoke(by=cast.root, at=now())
    assert not any("nobody who answers" in line for line in lines(root))


def test_the_key_of_an_agent_that_is_out_is_not_offered_for_rotation(cast, sign_in):
    User.objects.filter(pk=cast.assistant.user.pk).update(is_active=False)
    root, key = sign_in(cast.root), cast.assistant.keys.get()
    assert "/rotate/" not in root.get(page(key, "change")).text
    assert root.post(page(key, "rotate"), {"hours": "24"}).status_code == 302
    assert AgentKey.objects.count() == 1
    assert "in use" not in root.get(page(key, "change")).text.split('id="content"')[1]


def test_no_key_is_issued_that_has_ended_already(cast, sign_in):
    root = sign_in(cast.root)
    yesterday = (now() - DAY).strftime("%Y-%m-%dT%H:%M")
    assert root.post(page(cast.assistant, "issue"), {"name": "late", "expires_at": yesterday}).status_code == 422
    assert AgentKey.objects.count() == 1


def test_a_manager_learns_of_no_stop_on_an_account_that_is_not_hers(cast, sign_in):
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    Stop.place(by=cast.root, account=cast.studio, reason="x", at=now())
    Stop.place(by=cast.root, agent=cast.assistant.user, account=cast.studio, reason="x", at=now())
    dana = sign_in(cast.dana)
    assert "Harbour Studio" not in dana.get(page(cast.assistant, "change")).text


def test_a_stop_that_does_not_touch_an_agent_is_not_told_as_its_own(cast, sign_in):
    Grant.objects.filter(user=cast.assistant.user, account=cast.studio).delete()
    stop = Stop.place(by=cast.root, account=cast.studio, reason="x", at=now())
    here = Stop.place(by=cast.root, account=cast.shop, reason="x", at=now())
    shown = sign_in(cast.root).get(page(cast.assistant, "change")).text
    assert f"/stop/{stop.pk}/" not in shown and f"/stop/{here.pk}/" in shown


def test_a_manager_reads_no_names_of_policies_that_are_not_of_her_agents(cast, sign_in):
    for name in ("Secret plan", "Another plan"):
        Policy.objects.create(name=name)
    assert "Secret plan" not in sign_in(cast.dana).get(page(Agent)).text


@pytest.mark.parametrize("tools", [{"*": {"action": "allow"}}, {"*": {"action": "require_approval"}, "send.text": {"action": "deny"}}])
def test_what_is_not_named_is_said_to_be_what_it_is(tools):
    document = {"version": "1", "default": "deny", "tools": tools}
    said = {line.about: line.kind for line in in_words(document)}
    rest = evaluate(document, Call(("something.else",)), {}).kind
    assert said.get("Whatever is not named here", said.get("Everything")) == rest
