"""Limits hold when calls come together: of many hands, exactly as many get through as the limit says."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from accounts.models import Account
from agents.models import AgentKey, Policy, Proposal, ToolCall
from agents.proposing import propose
from agents.refusals import Limited
from agents.server import reading
from core.clock import now
from inbox.content import Content

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
HANDS = 12


def at_once(jobs: list[Callable[[], object]]) -> list[str]:
    """Run the jobs together, each on its own connection: "through", or the code of the refusal."""
    barrier, results = threading.Barrier(len(jobs)), ["?"] * len(jobs)

    def run(index: int) -> None:
        try:
            barrier.wait(30)
            jobs[index]()
            results[index] = "through"
        except Limited as refusal:
            results[index] = refusal.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


@pytest.fixture
def key(cast) -> AgentKey:
    return AgentKey.objects.select_related("agent__user", "agent__policy").get()


def put_in_force(key: AgentKey, **parts) -> None:
    policy = Policy.objects.create(name="Tight")
    policy.publish({"version": "1", "default": "allow", **parts}, by=None, at=now())
    key.agent.policy = policy
    key.agent.save()


def proposals(cast, key: AgentKey) -> list[Callable[[], object]]:
    places = [cast.conversation(cast.amina), cast.conversation(cast.noor)]
    return [lambda n=n: propose(key, places[n % 2], Content(text=f"Message {n}")) for n in range(HANDS)]


@pytest.mark.parametrize(
    ("limit", "through"),
    [
        ({"counter": "calls", "window": "minute", "max": 5, "scope": "grant"}, 5),
        ({"counter": "calls", "window": "minute", "max": 5, "scope": "agent"}, 5),
        ({"counter": "calls", "window": "minute", "max": 2, "scope": "conversation"}, 4),
        ({"counter": "calls", "window": "minute", "max": 2, "scope": "account"}, 4),
        ({"counter": "open_proposals", "max": 1, "scope": "conversation"}, 2),
        ({"counter": "open_proposals", "max": 5, "scope": "agent"}, 5),
    ],
)
def test_exactly_as_many_proposals_get_through(cast, key, limit, through):
    put_in_force(key, all_tools={"limits": [limit]})
    results = at_once(proposals(cast, key))
    assert sorted(results) == ["limited"] * (HANDS - through) + ["through"] * through
    assert Proposal.objects.count() == through
    assert ToolCall.objects.count() == HANDS


@pytest.mark.parametrize(("scope", "through"), [("contact", 4), ("agent", 2)])
def test_exactly_as_many_messages_go_out_unanswered(cast, key, scope, through):
    put_in_force(key, all_tools={"limits": [{"counter": "unanswered_sends", "max": 2, "scope": scope}]})
    Account.objects.update(agents_may_send=True)
    assert at_once(proposals(cast, key)).count("through") == through


def test_exactly_as_many_reads_get_through(key):
    put_in_force(key, tools={"list_conversations": {"rate_limit": {"max": 5, "window": 60}}})
    results = at_once([lambda: reading.conversations(key.pk, account="", limit=5, cursor="")] * HANDS)
    assert results.count("through") == 5


def test_the_same_key_used_at_once_makes_one_proposal(cast, key):
    here = cast.conversation(cast.amina)
    results = at_once([lambda: propose(key, here, Content(text="Yes."), idempotency_key="k")] * HANDS)
    assert results == ["through"] * HANDS
    assert Proposal.objects.count() == 1
