"""Stopping agents from any page: who may stop where, who may lift, and what stands on every page meanwhile."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from accounts import stops
from accounts.models import Account, Activity, Grant, Right, Stop
from agents.proposing import propose
from agents.refusals import Stopped
from core.clock import now
from inbox.content import Content

HTMX = {"HX-Request": "true"}
WHY = "It says something wrong"


@pytest.fixture
def stopped(cast) -> Stop:
    """By dana, on the shop."""
    return Stop.place(by=cast.dana, reason=WHY, at=now(), account=cast.shop)


def place(browser, where="all", **typed):
    return browser.post(reverse("stops"), {"where": where, "reason": WHY} | typed)


def lift(browser, stop, reason="It is mended"):
    return browser.post(reverse("stop", args=[stop.public_id]), {"reason": reason})


def sheet(browser, **asked) -> str:
    return browser.get(reverse("stops"), asked, headers=HTMX).content.decode()


def anywhere(browser, address="/conversations/") -> str:
    return browser.get(address).content.decode()


# Stopping ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["alice", "dana"])
def test_who_approves_or_manages_stops_agents_on_their_accounts_in_one_step(cast, sign_in, name):
    assert place(sign_in(getattr(cast, name))).status_code == 302
    assert {(stop.account, stop.agent, stop.conversation, stop.reason) for stop in Stop.objects.in_force()} == {
        (cast.shop, None, "", WHY), (cast.studio, None, "", WHY),
    }  # fmt: skip
    for contact in (cast.amina, cast.noor):
        with pytest.raises(Stopped, match=WHY):
            propose(cast.assistant, cast.conversation(contact), Content(text="Yes."))
    assert Activity.objects.filter(verb="stop.placed").count() == 2


def test_a_superuser_stops_agents_everywhere(cast, sign_in):
    place(sign_in(cast.root))
    stop = Stop.objects.in_force().get()
    assert (stop.account, stop.agent, stop.conversation) == (None, None, "")


@pytest.mark.parametrize(("name", "status"), [("alice", 302), ("dana", 302), ("root", 302), ("bob", 403), ("charlie", 404)])
@pytest.mark.parametrize("kind", ["account", "conversation"])
def test_who_may_stop_agents_on_one_account_or_in_one_conversation(cast, sign_in, name, status, kind):
    public_id = cast.shop.public_id if kind == "account" else cast.conversation(cast.amina).public_id
    assert place(sign_in(getattr(cast, name)), f"{kind}:{public_id}").status_code == status
    assert Stop.objects.in_force().count() == (status == 302)
    if status == 302:
        assert (Stop.objects.get().account, Stop.objects.get().conversation) == (cast.shop, public_id if kind == "conversation" else "")


@pytest.mark.parametrize("name", ["bob", "charlie"])
def test_who_answers_for_no_agent_stops_none(cast, sign_in, name):
    assert place(sign_in(getattr(cast, name))).status_code == 403
    assert not Stop.objects.exists()


def test_one_agent_is_stopped_and_the_others_go_on(cast, sign_in):
    place(sign_in(cast.alice), f"account:{cast.shop.public_id}", agent=cast.assistant.user.public_id)
    assert Stop.objects.in_force().get().agent == cast.assistant.user
    assert place(sign_in(cast.alice), agent=cast.bob.public_id).status_code == 404


@pytest.mark.parametrize("where", ["account:no-such", "conversation:", "account", "nonsense"])
def test_what_is_not_there_is_not_stopped(cast, sign_in, where):
    assert place(sign_in(cast.root), where).status_code == 404


@pytest.mark.parametrize("typed", [{"reason": ""}, {"reason": "  "}, {"reason": "", "own": " "}])
def test_a_stop_needs_a_reason(cast, sign_in, typed):
    answer = place(sign_in(cast.alice), **typed)
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()
    assert not Stop.objects.exists()


def test_own_words_go_before_a_ready_reason(cast, sign_in):
    place(sign_in(cast.root), own=" It speaks of refunds ")
    assert Stop.objects.get().reason == "It speaks of refunds"


def test_the_way_back_is_one_of_our_own_pages(cast, sign_in):
    alice = sign_in(cast.alice)
    assert place(alice, next="/approvals/").url == "/approvals/"
    for elsewhere in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        assert place(alice, next=elsewhere).url == reverse("stops")


def test_an_agent_stops_nobody(cast):
    Grant.objects.create(user=cast.assistant.user, account=cast.shop, right=Right.MANAGE)
    with pytest.raises(stops.MayNotStop):
        stops.stop_agents(by=cast.assistant.user, reason=WHY, at=now(), accounts=[cast.shop])


# Lifting ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "status"), [("dana", 302), ("root", 302), ("alice", 403), ("bob", 403), ("charlie", 404)])
def test_who_may_lift_what_a_manager_placed(cast, sign_in, stopped, name, status):
    assert lift(sign_in(getattr(cast, name)), stopped).status_code == status
    assert Stop.objects.in_force().exists() is (status != 302)


def test_an_approver_lifts_what_they_placed(cast, sign_in):
    alice = sign_in(cast.alice)
    place(alice)
    stop = Stop.objects.first()
    assert lift(alice, stop).status_code == 302
    assert {(each.lifted_by, each.lift_reason) for each in Stop.objects.all()} == {(cast.alice, "It is mended")}
    propose(cast.assistant, cast.conversation(cast.amina), Content(text="Yes."))


def test_an_approver_who_became_an_operator_lifts_nothing(cast, sign_in):
    place(sign_in(cast.alice))
    Grant.objects.filter(user=cast.alice).update(right=Right.REPLY)
    assert lift(sign_in(cast.alice), Stop.objects.first()).status_code == 403


def test_of_one_act_everybody_lifts_their_own_part(cast, sign_in):
    place(sign_in(cast.alice))
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    lift(sign_in(cast.dana), Stop.objects.get(account=cast.shop))
    assert [stop.account for stop in Stop.objects.in_force()] == [cast.studio]


def test_what_holds_everywhere_is_lifted_by_superusers_only(cast, sign_in):
    place(sign_in(cast.root))
    stop = Stop.objects.get()
    assert lift(sign_in(cast.dana), stop).status_code == 403
    assert lift(sign_in(cast.root), stop).status_code == 302


def test_lifting_needs_a_reason(cast, sign_in, stopped):
    assert lift(sign_in(cast.dana), stopped, reason=" ").status_code == 422
    assert Stop.objects.in_force().exists()


def test_a_stop_is_lifted_once(cast, sign_in, stopped):
    lift(sign_in(cast.dana), stopped)
    answer = lift(sign_in(cast.root), stopped, reason="Again")
    assert answer.status_code == 409
    assert "Somebody lifted it before you." in answer.content.decode()
    assert Stop.objects.get().lift_reason == "It is mended"


# On every page ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("address", ["/conversations/", "/approvals/", "/preferences/", "/stops/"])
@pytest.mark.parametrize("name", ["alice", "bob", "dana", "root"])
def test_every_page_says_who_stopped_agents_where_and_why(cast, sign_in, stopped, name, address):
    shown = anywhere(sign_in(getattr(cast, name)), address)
    assert "Agents are stopped on Harbour Coffee" in shown
    assert f"“<bdi>{WHY}</bdi>”" in shown and "<bdi>Dana</bdi>" in shown


@pytest.mark.parametrize("name", ["dana", "root"])
def test_the_configuration_says_so_as_well(cast, sign_in, stopped, name):
    assert "Agents are stopped on Harbour Coffee" in anywhere(sign_in(getattr(cast, name)), "/admin/")


def test_who_may_not_read_the_account_is_not_told(cast, sign_in, stopped):
    assert "Agents are stopped" not in anywhere(sign_in(cast.charlie))
    Stop.place(by=cast.root, reason=WHY, at=now())
    assert "Agents are stopped" not in anywhere(sign_in(cast.charlie))
    assert "Agents are stopped everywhere" in anywhere(sign_in(cast.bob))


def test_a_stop_in_one_conversation_is_said_in_the_sheet_and_by_the_button(cast, sign_in):
    conversation = cast.conversation(cast.amina)
    Stop.place(by=cast.alice, reason=WHY, at=now(), account=cast.shop, conversation=conversation.public_id)
    alice = sign_in(cast.alice)
    shown = anywhere(alice)
    assert "data-in-force" in shown and "in one conversation of" not in shown
    assert "in one conversation of Harbour Coffee" in sheet(alice)


@pytest.mark.parametrize(("name", "may"), [("alice", True), ("dana", True), ("root", True), ("bob", False), ("charlie", False)])
def test_the_button_stands_where_somebody_may_stop(cast, sign_in, name, may):
    shown = anywhere(sign_in(getattr(cast, name)))
    assert ('data-key="S"' in shown) is may
    assert "data-in-force" not in shown


def test_nobody_signed_in_is_told_nothing(cast, client, stopped):
    assert "Agents are stopped" not in anywhere(client, "/sign-in/")


def test_the_strip_comes_anew_only_where_something_changed(cast, sign_in, stopped):
    bob = sign_in(cast.bob)
    mark = stops.standing(cast.bob).mark
    assert bob.get(reverse("stops"), {"shown": mark}, headers=HTMX).status_code == 204
    stopped.lift(by=cast.dana, reason="Done", at=now())
    answer = bob.get(reverse("stops"), {"shown": mark}, headers=HTMX)
    assert "Agents are stopped" not in answer.content.decode() and 'id="stop"' in answer.content.decode()


def test_what_was_done_comes_back_as_the_strip_and_a_sentence(cast, sign_in):
    answer = sign_in(cast.alice).post(reverse("stops"), {"where": "all", "reason": WHY}, headers=HTMX)
    assert 'id="stop"' in answer.content.decode() and 'id="stop-button"' in answer.content.decode()
    assert "Agents are stopped on Harbour Coffee, Harbour Studio" in answer.content.decode()
    assert "Agents are stopped." in answer["HX-Trigger"]


def test_the_sheet_offers_what_somebody_may_stop(cast, sign_in):
    conversation = cast.conversation(cast.amina).public_id
    alice, root = sheet(sign_in(cast.alice), conversation=conversation), sheet(sign_in(cast.root))
    assert "All my accounts (2)" in alice and "In this conversation" in alice and "Everywhere" not in alice
    assert "Everywhere" in root and "In this conversation" not in root
    assert "Stop now" not in sheet(sign_in(cast.bob), conversation=conversation)


def test_it_costs_one_query_where_nothing_is_stopped(cast, django_assert_num_queries):
    for user in (cast.bob, cast.alice, cast.root):
        with django_assert_num_queries(1):
            assert stops.standing(user).acts == []


def test_it_costs_little_where_something_is(cast, stopped, django_assert_max_num_queries):
    for number in range(5):
        account = Account.objects.create(network="messenger", login="facebook", name=f"Account {number}", external_id=f"9{number}", meta_app=cast.shop.meta_app)
        Stop.place(by=cast.root, reason=WHY, at=now(), account=account)
    with django_assert_max_num_queries(2):
        assert len(stops.standing(cast.dana).acts) == 1
    with django_assert_max_num_queries(2):
        assert len(stops.standing(cast.root).acts) == 6


def test_a_page_without_a_person_is_no_error():
    from django.test import RequestFactory

    from accounts.templatetags.stops import standing_stops

    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert standing_stops({"request": request}).acts == []
    assert standing_stops({}).may_stop is False
