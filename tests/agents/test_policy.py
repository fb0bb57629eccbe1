"""What a policy says: tables for the language, properties for what must hold of every document."""

import copy
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from hypothesis import given
from hypothesis import strategies as st

from agents.models import Agent, Policy
from agents.models.policy import SHIPPED_NAME
from agents.policy import SHIPPED, Call, Count, Kind, check, evaluate, hides, limits_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEXT = Call(("propose_message", "send.text"))
READ = Call(("get_conversation", "read.conversation"))


def document(**parts):
    return {"version": "1", "default": "deny"} | parts


def judge(policy, call, number=0, frees_at=None):
    return evaluate(policy, call, {limit: Count(number, frees_at) for limit in limits_of(policy, call)})


# What a document says ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("policy", "call", "kind", "rule"),
    [
        (None, TEXT, "deny", ""),
        ("not an object", TEXT, "deny", ""),
        (document(surprise=1), TEXT, "deny", ""),
        (document(), TEXT, "deny", "/default"),
        (document(default="allow"), TEXT, "allow", "/default"),
        (document(tools={"propose_message": {}}), TEXT, "allow", "/tools/propose_message"),
        (document(tools={"send.text": {}}), TEXT, "allow", "/tools/send.text"),
        (document(tools={"send.image": {}}), TEXT, "deny", "/default"),
        (document(tools={"send.text": {"action": "deny"}}, default="allow"), TEXT, "deny", "/tools/send.text/action"),
        (document(tools={"propose_message": {}, "send.text": {"action": "require_approval"}}), TEXT, "require_approval", "/tools/send.text/action"),
        (document(tools={"propose_message": {"action": "deny"}, "send.text": {}}), TEXT, "deny", "/tools/propose_message/action"),
        (document(tools={"*": {"action": "allow"}}), TEXT, "allow", "/tools/*/action"),
        (document(tools={"*": {"action": "require_approval"}, "send.text": {}}), TEXT, "require_approval", "/tools/*/action"),
        (document(tools={"*": {}}), TEXT, "deny", "/default"),
        (document(tools={"propose_message": {}}, hide=["propose_message"]), TEXT, "deny", "/hide"),
        (document(tools={"propose_message": {}}, hide=["*"]), TEXT, "deny", "/hide"),
        (document(tools={"propose_message": {}}, hide=["get_conversation"]), TEXT, "allow", "/tools/propose_message"),
        (SHIPPED, READ, "allow", "/tools/read.conversation/action"),
        (SHIPPED, TEXT, "require_approval", "/tools/send.text/action"),
        (SHIPPED, Call(("propose_message", "send.image")), "require_approval", "/tools/send.image/action"),
        (SHIPPED, Call(("propose_message", "send.link")), "require_approval", "/tools/send.link/action"),
        (SHIPPED, Call(("react",)), "deny", "/default"),
    ],
)
def test_the_strictest_matching_rule_decides(policy, call, kind, rule):
    verdict = judge(policy, call)
    assert (verdict.kind, verdict.rule) == (kind, rule)
    assert verdict.reason


def test_a_rules_own_reason_reaches_the_agent():
    verdict = judge(document(tools={"send.text": {"action": "deny", "reason": "Only pictures here."}}), TEXT)
    assert verdict.reason == "Only pictures here."


def test_a_name_with_a_slash_is_escaped_in_the_rule():
    verdict = judge(document(tools={"a/b~c": {"action": "deny"}}), Call(("a/b~c",)))
    assert verdict.rule == "/tools/a~1b~0c/action"


# Limits -----------------------------------------------------------------------------------------------------------
THIRTY = {"counter": "calls", "window": "minute", "max": 30, "scope": "grant"}


@pytest.mark.parametrize(("number", "kind"), [(29, "allow"), (30, "limit"), (31, "limit")])
def test_thirty_a_minute_lets_thirty_through(number, kind):
    assert judge(document(tools={"propose_message": {"limits": [THIRTY]}}), TEXT, number).kind == kind


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        (document(default="allow", all_tools={"limits": [THIRTY]}), "/all_tools/limits/calls-per-minute"),
        (document(default="allow", tools={"*": {"limits": [THIRTY]}}), "/tools/*/limits/calls-per-minute"),
        (document(tools={"send.text": {"limits": [THIRTY | {"scope": "agent"}]}}), "/tools/send.text/limits/calls-per-minute-and-agent"),
        (document(tools={"send.text": {"rate_limit": {"max": 10, "window": 60}}}), "/tools/send.text/rate_limit"),
        (
            document(default="allow", all_tools={"limits": [{"counter": "unanswered_sends", "max": 3, "scope": "contact"}]}),
            "/all_tools/limits/unanswered_sends-per-contact",
        ),
        (
            document(default="allow", all_tools={"limits": [{"counter": "open_proposals", "max": 1, "scope": "conversation"}]}),
            "/all_tools/limits/open_proposals-per-conversation",
        ),
    ],
)
def test_a_full_limit_names_its_rule_and_when_it_frees(policy, rule):
    frees_at = NOW + timedelta(seconds=20)
    verdict = judge(policy, TEXT, 50, frees_at)
    assert (verdict.kind, verdict.rule, verdict.retry_at) == (Kind.LIMIT, rule, frees_at)


def test_counters_of_messages_do_not_hold_back_reading():
    policy = document(default="allow", all_tools={"limits": [{"counter": "open_proposals", "max": 0, "scope": "agent"}]})
    assert judge(policy, READ, 99).kind == Kind.ALLOW
    assert judge(policy, TEXT, 99).kind == Kind.LIMIT


def test_deny_is_stricter_than_a_full_limit_and_a_limit_than_a_person():
    rules = {"limits": [THIRTY]}
    assert judge(document(tools={"send.text": rules | {"action": "deny"}}), TEXT, 30).kind == Kind.DENY
    assert judge(document(tools={"send.text": rules | {"action": "require_approval"}}), TEXT, 30).kind == Kind.LIMIT


def test_of_two_full_limits_the_one_that_frees_last_is_named():
    policy = document(tools={"send.text": {"limits": [THIRTY, THIRTY | {"window": "hour"}]}})
    frees = {60: NOW + timedelta(seconds=30), 3600: NOW + timedelta(minutes=30)}
    verdict = evaluate(policy, TEXT, {limit: Count(30, frees[limit.seconds]) for limit in limits_of(policy, TEXT)})
    assert verdict.retry_at == frees[3600]


def test_a_limit_counts_what_its_entry_names():
    policy = document(tools={"send.text": {"limits": [THIRTY]}, "*": {"limits": [THIRTY]}}, all_tools={"limits": [THIRTY]})
    assert [limit.name for limit in limits_of(policy, TEXT)] == ["send.text", "", ""]


# Hiding -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("policy", "hidden"),
    [(SHIPPED, False), (document(hide=["propose_message"]), True), (document(hide=["*"]), True), (document(hide=["other"]), False), (None, True), ({}, True)],
)
def test_hiding(policy, hidden):
    assert hides(policy, "propose_message") is hidden


# Checking ---------------------------------------------------------------------------------------------------------
def test_the_shipped_document_is_sound():
    assert check(SHIPPED) == []


def test_the_shipped_document_is_in_force_for_new_agents(db):
    version = Policy.shipped().current
    assert (version.number, version.document, version.by) == (1, SHIPPED, None)


def test_shipping_the_policy_can_be_undone_until_somebody_uses_it(cast):
    shipping = import_module("agents.migrations.0002_shipped_policy")
    shipping.withdraw(apps, None)
    assert Policy.shipped().current
    Agent.objects.update(policy=None)
    shipping.withdraw(apps, None)
    assert not Policy.objects.filter(name=SHIPPED_NAME).exists()
    shipping.ship(apps, None)
    shipping.ship(apps, None)
    assert Policy.shipped().current.document == SHIPPED


@pytest.mark.parametrize(
    ("policy", "path", "hint"),
    [
        ([], "", '{"version"'),
        ({}, "", "nothing is assumed"),
        (document(version="2"), "/version", "1"),
        (document(default="maybe"), "/default", "deny, allow"),
        (document(tool={}), "/tool", "Did you mean “tools”?"),
        (document(hide="x"), "/hide", "brackets"),
        (document(tools=[]), "/tools", "tool names"),
        (document(tools={"a": []}), "/tools/a", "{}"),
        (document(tools={"a": {"actoin": "deny"}}), "/tools/a/actoin", "Did you mean “action”?"),
        (document(tools={"a": {"action": "ask"}}), "/tools/a/action", "require_approval"),
        (document(tools={"a": {"reason": 5}}), "/tools/a/reason", "sentence"),
        (document(tools={"a": {"require": []}}), "/tools/a/require", "Known here"),
        (document(tools={"a": {"limits": {}}}), "/tools/a/limits", "counter"),
        (document(tools={"a": {"limits": [7]}}), "/tools/a/limits/0", "counter"),
        (document(tools={"a": {"limits": [THIRTY | {"counter": "likes"}]}}), "/tools/a/limits/0/counter", "calls"),
        (document(tools={"a": {"limits": [THIRTY | {"window": "week"}]}}), "/tools/a/limits/0/window", "minute"),
        (document(tools={"a": {"limits": [THIRTY | {"max": "30"}]}}), "/tools/a/limits/0/max", "without quotes"),
        (document(tools={"a": {"limits": [THIRTY | {"max": True}]}}), "/tools/a/limits/0/max", "without quotes"),
        (document(tools={"a": {"limits": [THIRTY | {"max": -1}]}}), "/tools/a/limits/0/max", "without quotes"),
        (document(tools={"a": {"limits": [THIRTY | {"scope": "planet"}]}}), "/tools/a/limits/0/scope", "grant"),
        (document(tools={"a": {"limits": [{"counter": "open_proposals", "max": 1, "scope": "grant"}]}}), "/tools/a/limits/0/scope", "agent"),
        (document(tools={"a": {"limits": [{"counter": "open_proposals", "max": 1, "scope": "agent", "window": "day"}]}}), "/tools/a/limits/0/window", "Known"),
        (document(tools={"a": {"rate_limit": 5}}), "/tools/a/rate_limit", "seconds"),
        (document(tools={"a": {"rate_limit": {"max": 1, "window": 0}}}), "/tools/a/rate_limit/window", "quotes"),
        (document(all_tools=[]), "/all_tools", "limits"),
        (document(all_tools={"action": "deny"}), "/all_tools/action", "limits"),
    ],
)
def test_what_is_wrong_is_named_with_a_hint(policy, path, hint):
    found = [problem for problem in check(policy) if problem.path == path]
    assert found, check(policy)
    assert any(hint in problem.hint for problem in found), found
    assert judge(policy, TEXT).kind == Kind.DENY


# What holds of every document -------------------------------------------------------------------------------------
NAMES = st.sampled_from(["propose_message", "send.text", "get_conversation", "*"])
MAXIMA = st.integers(0, 5)
CALL_LIMITS = {"counter": st.just("calls"), "window": st.sampled_from(["minute", "hour", "day"]), "max": MAXIMA, "scope": st.sampled_from(["grant", "agent"])}
STATE_LIMITS = {"counter": st.sampled_from(["unanswered_sends", "open_proposals"]), "max": MAXIMA, "scope": st.sampled_from(["agent", "contact"])}
LIMITS = st.one_of(st.fixed_dictionaries(CALL_LIMITS), st.fixed_dictionaries(STATE_LIMITS))
RULES = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(["allow", "deny", "require_approval"]),
        "limits": st.lists(LIMITS, max_size=3),
        "rate_limit": st.fixed_dictionaries({"max": st.integers(0, 5), "window": st.integers(1, 600)}),
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {"version": st.just("1"), "default": st.sampled_from(["deny", "allow"])},
    optional={
        "hide": st.lists(st.sampled_from(["get_conversation", "other", "propose_message"]), max_size=2),
        "tools": st.dictionaries(NAMES, RULES, max_size=4),
        "all_tools": st.fixed_dictionaries({"limits": st.lists(LIMITS, max_size=3)}),
    },
)
CALLS = st.sampled_from([TEXT, READ])
STRICTNESS = [Kind.ALLOW, Kind.REQUIRE_APPROVAL, Kind.LIMIT, Kind.DENY]


def shuffled(value, random):
    """The same document with every object and list in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(part, random)) for key, part in value.items()]
        random.shuffle(items)
        return dict(items)
    if isinstance(value, list):
        items = [shuffled(part, random) for part in value]
        random.shuffle(items)
        return items
    return value


@given(DOCUMENTS, CALLS, st.integers(0, 6), st.randoms(use_true_random=False))
def test_order_never_changes_a_verdict(policy, call, number, random):
    assert check(policy) == []
    assert judge(policy, call, number) == judge(shuffled(policy, random), call, number)


@given(DOCUMENTS, CALLS, st.integers(0, 6), NAMES, st.sampled_from(["deny", "require_approval"]), LIMITS)
def test_a_stricter_rule_never_allows_more(policy, call, number, name, action, limit):
    before = judge(policy, call, number)
    listed = any(key in policy.get("tools", {}) for key in call.names)
    stricter = copy.deepcopy(policy)
    rules = stricter.setdefault("tools", {}).setdefault(name, {})
    if listed or policy["default"] == "allow":
        rules["action"] = max(rules.get("action", action), action, key=["allow", "require_approval", "deny"].index)
        assert STRICTNESS.index(judge(stricter, call, number).kind) >= STRICTNESS.index(before.kind)
    limited = copy.deepcopy(policy)
    limited.setdefault("all_tools", {}).setdefault("limits", []).append(limit)
    assert STRICTNESS.index(judge(limited, call, number).kind) >= STRICTNESS.index(before.kind)


@given(DOCUMENTS, CALLS, st.integers(0, 6))
def test_more_of_anything_never_allows_more(policy, call, number):
    assert STRICTNESS.index(judge(policy, call, number + 1).kind) >= STRICTNESS.index(judge(policy, call, number).kind)


@given(DOCUMENTS, st.text(min_size=1).filter(lambda key: key not in {"version", "default", "hide", "tools", "all_tools"}))
def test_an_unknown_key_is_refused(policy, key):
    assert any(problem.path.startswith("/") for problem in check(policy | {key: 1}))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12))
def test_any_json_is_judged_without_an_exception(policy):
    assert judge(policy, TEXT).kind in Kind
    assert judge(document(tools=policy), TEXT).kind in Kind
