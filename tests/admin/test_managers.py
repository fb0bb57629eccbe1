"""Who may see what: grants decide, not Django's model permissions."""

import pytest
from django.contrib.contenttypes.models import ContentType

from accounts.models import Account, Activity, Grant, MetaApp, Right, Stop, User
from agents.models import Agent, AgentKey, Policy, PolicyVersion, Proposal, ToolCall
from core.clock import now
from inbox.models import Contact, Conversation, Dispatch, Message, RefusedDelivery, WebhookDelivery
from tests.admin.pages import OURS, form_of, page


@pytest.fixture
def dana_only_has_shop(cast):
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    Grant.objects.create(user=cast.charlie, account=cast.studio, right=Right.READ)


@pytest.fixture
def dana(cast, sign_in, dana_only_has_shop):
    return sign_in(cast.dana)


@pytest.mark.parametrize("name", ["bob", "charlie", "alice"])
def test_who_may_not_configure_gets_no_admin(name, cast, sign_in):
    browser = sign_in(getattr(cast, name))
    for address in ("/admin/", page(Account), page(cast.shop, "change"), page(cast.shop, "disconnect"), page(cast.assistant, "issue"), "/admin/jsi18n/"):
        assert browser.get(address).status_code == 403
        assert browser.post(address).status_code == 403


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(cast, client):
    answer = client.get("/admin/accounts/account/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/sign-in/?next=/admin/accounts/account/")
    assert answer.status_code == 200


def test_staff_without_a_grant_to_manage_see_an_empty_index(cast, sign_in):
    User.objects.filter(pk=cast.bob.pk).update(is_staff=True)
    browser = sign_in(cast.bob)
    index = browser.get("/admin/")
    assert index.status_code == 200
    assert index.context["app_list"] == []
    assert {browser.get(page(model)).status_code for model in OURS} == {403}


def test_a_manager_sees_only_her_accounts(cast, dana):
    def listed(model):
        return set(dana.get(page(model)).context["cl"].result_list)

    assert listed(Account) == {cast.shop}
    assert listed(Contact) == {cast.amina}
    assert {conversation.account for conversation in listed(Conversation)} == {cast.shop}
    assert {message.account for message in listed(Message)} == {cast.shop}
    assert {grant.account for grant in listed(Grant)} == {cast.shop}
    assert cast.charlie not in listed(User)
    assert {cast.alice, cast.bob, cast.dana} <= listed(User)


def test_no_page_of_a_manager_names_another_account(cast, history, dana):
    for model in OURS:
        answer = dana.get(page(model))
        assert answer.status_code in (200, 403)
        assert "Harbour Studio" not in answer.content.decode(), model
    for row in (cast.shop, cast.bob, cast.amina, cast.conversation(cast.amina), cast.assistant):
        assert "Harbour Studio" not in dana.get(page(row, "change")).content.decode(), row
    for model in (Grant, Stop, User, Agent):
        assert "Harbour Studio" not in dana.get(page(model, "add")).content.decode(), model


def test_a_manager_does_not_open_what_belongs_to_another_account(cast, dana):
    for row in (cast.studio, cast.noor, cast.conversation(cast.noor), cast.charlie):
        answer = dana.get(page(row, "change"))
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    assert dana.get(page(cast.studio, "disconnect")).status_code == 404
    assert dana.post(page(cast.studio, "mend")).status_code == 404


@pytest.mark.parametrize("model", [MetaApp, Policy, PolicyVersion, ToolCall, WebhookDelivery, RefusedDelivery])
def test_what_belongs_to_no_account_is_for_superusers(model, history, dana):
    assert dana.get(page(model)).status_code == 403
    assert dana.get(page(model.objects.first(), "change")).status_code == 403


def test_a_manager_configures_her_account_but_not_what_it_is(cast, dana):
    address = page(cast.shop, "change")
    data = form_of(dana.get(address)) | {"reply_hold": "9", "meta_app": "99", "external_id": "1", "token": "EAAnew"}
    assert dana.post(address, data).status_code == 302
    shop = Account.objects.get(pk=cast.shop.pk)
    assert (shop.reply_hold, shop.token.reveal()) == (9, "EAAshop")
    assert (shop.meta_app, shop.external_id) == (cast.shop.meta_app, cast.shop.external_id)


def test_a_manager_connects_no_new_account(cast, dana):
    assert dana.get(page(Account, "add")).status_code == 403


def test_a_manager_grants_on_her_account_by_email(cast, dana):
    given = {"user": "CHARLIE@example.test", "account": cast.shop.pk, "preset": "approver"}
    assert dana.post(page(Grant, "add"), given).status_code == 302
    assert cast.shop.allows(cast.charlie, Right.APPROVE)


def test_a_manager_grants_nothing_elsewhere(cast, dana):
    refused = dana.post(page(Grant, "add"), {"user": "bob@example.test", "account": cast.studio.pk, "preset": "manager"})
    assert refused.status_code == 200
    assert "account" in refused.context["adminform"].form.errors
    assert not cast.studio.allows(cast.bob, Right.MANAGE)


def test_a_manager_takes_a_grant_away_on_the_page_of_the_person(cast, dana):
    address = page(cast.bob, "change")
    data = form_of(dana.get(address)) | {"grants-0-DELETE": "on"}
    assert dana.post(address, data).status_code == 302
    assert not cast.shop.allows(cast.bob, Right.REPLY)
    assert cast.studio.allows(cast.bob, Right.REPLY)
    assert Activity.objects.get(verb="grant.taken").details == {"user": cast.bob.public_id, "right": Right.REPLY}


def test_a_manager_makes_nobody_a_superuser_and_takes_over_nobody(cast, dana):
    address = page(cast.bob, "change")
    stolen = {"email": "mine@example.test", "is_superuser": "on", "is_staff": "on", "is_active": ""}
    assert dana.post(address, form_of(dana.get(address)) | stolen).status_code == 302
    bob = User.objects.get(pk=cast.bob.pk)
    assert (bob.email, bob.is_superuser, bob.is_staff, bob.is_active) == ("bob@example.test", False, False, True)
    assert dana.post(f"/admin/accounts/user/{cast.bob.pk}/password/", {"password1": "taken-over-99", "password2": "taken-over-99"}).status_code == 403


def test_a_manager_adds_a_person_to_her_account(cast, dana):
    new = {"email": "erin@example.test", "name": "Erin", "password1": "tide-and-harbour", "password2": "tide-and-harbour", "preset": "operator"}
    assert dana.post(page(User, "add"), new).status_code == 200
    assert dana.post(page(User, "add"), new | {"account": cast.studio.pk}).status_code == 200
    assert dana.post(page(User, "add"), new | {"account": cast.shop.pk, "is_superuser": "on"}).status_code == 302
    erin = User.objects.get(email="erin@example.test")
    assert cast.shop.allows(erin, Right.REPLY)
    assert not erin.is_superuser


def test_a_manager_has_agents_of_her_own_and_none_of_others(cast, dana):
    other = Agent.create("Night shift", owner=cast.root, at=now())
    AgentKey.issue(other, name="elsewhere", by=cast.root, at=now())
    assert set(dana.get(page(Agent)).context["cl"].result_list) == {cast.assistant}
    assert {key.agent for key in dana.get(page(AgentKey)).context["cl"].result_list} == {cast.assistant}
    assert dana.get(page(other, "issue")).status_code == 404
    assert dana.post(page(other.keys.get(), "revoke")).status_code == 404


def test_a_manager_lets_her_agent_propose_only_where_she_manages(cast, dana):
    address = page(cast.assistant, "change")
    data = form_of(dana.get(address)) | {"accounts": [cast.studio.pk]}
    assert dana.post(address, data).status_code == 200
    assert dana.post(address, data | {"accounts": []}).status_code == 302
    assert not cast.shop.allows(cast.assistant.user, Right.PROPOSE)
    assert cast.studio.allows(cast.assistant.user, Right.PROPOSE)


def test_a_manager_stops_agents_on_her_account_only(cast, dana):
    assert dana.post(page(Stop, "add"), {"reason": "Everywhere", "account": ""}).status_code == 200
    assert dana.post(page(Stop, "add"), {"reason": "There", "account": cast.studio.pk}).status_code == 200
    assert dana.post(page(Stop, "add"), {"reason": "Here", "account": cast.shop.pk}).status_code == 302
    assert [(stop.account, stop.reason, stop.by) for stop in Stop.objects.all()] == [(cast.shop, "Here", cast.dana)]


def test_no_redirect_of_the_stock_admin_tells_where_something_is(cast, dana):
    elsewhere = cast.conversation(cast.noor)
    kind = ContentType.objects.get_for_model(Conversation)
    assert dana.get(f"/admin/r/{kind.pk}/{elsewhere.pk}/").status_code == 404


def test_history_of_other_accounts_stays_away_in_filters_too(cast, history, dana):
    for model in (Message, Dispatch, Proposal):
        shown = dana.get(page(model), {"account__id__exact": cast.studio.pk}) if model is not Proposal else dana.get(page(model))
        assert "Harbour Studio" not in shown.content.decode()
