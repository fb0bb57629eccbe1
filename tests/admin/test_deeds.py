"""What can be done to one row: mend, disconnect, stop, lift, replay, publish, make an agent."""

import json

import pytest

from accounts.models import Account, Activity, Grant, Right, Stop
from agents.models import Agent, Policy
from inbox.models import WebhookDelivery
from tests.admin.pages import form_of, page


def test_a_broken_account_is_mended(cast, browser):
    Account.objects.filter(pk=cast.shop.pk).update(state=Account.State.NEEDS_RECONNECT, state_reason="The token has expired.")
    assert "The token has expired." in browser.get(page(cast.shop, "change")).content.decode()
    assert "Harbour Coffee sends nothing" in browser.get("/admin/").content.decode()
    assert browser.post(page(cast.shop, "mend")).status_code == 302
    assert Account.objects.get(pk=cast.shop.pk).is_sending
    assert Activity.objects.filter(verb="account.mended", by=cast.root, account=cast.shop).exists()


def test_several_accounts_are_mended_from_the_list(cast, browser):
    Account.objects.update(state=Account.State.RESTRICTED)
    Account.objects.filter(pk=cast.studio.pk).update(token="")
    chosen = {"action": "mend_selected", "_selected_action": [cast.shop.pk, cast.studio.pk]}
    answer = browser.post(page(Account), chosen, follow=True)
    assert "1 account sends again." in answer.content.decode()
    assert "Harbour Studio: Store an access token first" in answer.content.decode()


def test_disconnecting_needs_a_reason_and_erases_the_token(cast, browser):
    assert browser.post(page(cast.shop, "disconnect"), {"reason": ""}).status_code == 422
    assert Account.objects.get(pk=cast.shop.pk).is_sending
    assert browser.post(page(cast.shop, "disconnect"), {"reason": "The Page was sold."}).status_code == 302
    shop = Account.objects.get(pk=cast.shop.pk)
    assert (shop.state, shop.state_reason, bool(shop.token)) == (Account.State.DISCONNECTED, "The Page was sold.", False)
    assert shop.conversations.exists()
    assert Activity.objects.filter(verb="account.disconnected", details={"reason": "The Page was sold."}).exists()
    assert browser.post(page(cast.shop, "mend")).status_code == 422


def test_a_stop_is_placed_and_lifted_with_reasons(cast, browser):
    assert browser.post(page(Stop, "add"), {"reason": "Wrong prices"}).status_code == 302
    stop = Stop.objects.get()
    assert (stop.by, stop.agent, stop.account) == (cast.root, None, None)
    assert "1 stop keeps agents from sending." in browser.get("/admin/").content.decode()
    assert browser.post(page(stop, "change"), {"reason": "Something else"}).status_code == 403
    assert browser.post(page(stop, "lift"), {"reason": "Prices are mended."}).status_code == 302
    stop.refresh_from_db()
    assert (stop.lifted_by, stop.lift_reason) == (cast.root, "Prices are mended.")
    assert browser.post(page(stop, "lift"), {"reason": "Again"}, follow=True).redirect_chain
    assert Activity.objects.filter(verb="stop.lifted").count() == 1


def test_a_stop_in_a_conversation_needs_one_of_the_account(cast, browser):
    conversation = cast.conversation(cast.amina).public_id
    refused = browser.post(page(Stop, "add"), {"reason": "Let me", "account": cast.studio.pk, "conversation": conversation})
    assert "This account has no such conversation." in refused.content.decode()
    assert browser.post(page(Stop, "add"), {"reason": "Let me", "account": cast.shop.pk, "conversation": conversation}).status_code == 302


def test_a_failed_delivery_is_applied_again(cast, browser):
    delivery = WebhookDelivery.objects.first()
    WebhookDelivery.objects.update(state=WebhookDelivery.State.FAILED, error="0: KeyError")
    assert "2 webhook deliveries could not be applied." in browser.get("/admin/").content.decode()
    assert browser.post(page(delivery, "replay")).status_code == 302
    assert WebhookDelivery.objects.get(pk=delivery.pk).state == WebhookDelivery.State.RECEIVED
    chosen = {"action": "replay_selected", "_selected_action": list(WebhookDelivery.objects.values_list("pk", flat=True))}
    question = browser.post(page(WebhookDelivery), chosen, follow=True)
    assert WebhookDelivery.objects.filter(state=WebhookDelivery.State.FAILED).count() == 1
    assert browser.post("/admin/ingestion/replay/", {"delivery": question.context["chosen"]}).status_code == 302
    assert not WebhookDelivery.objects.exclude(state=WebhookDelivery.State.RECEIVED).exists()


def test_a_new_agent_has_a_user_the_shipped_policy_and_its_accounts(cast, browser):
    assert browser.post(page(Agent, "add"), {"name": "Night shift", "owner": cast.dana.pk, "accounts": [cast.shop.pk]}).status_code == 302
    agent = Agent.objects.get(user__name="Night shift")
    assert (agent.owner, agent.policy, agent.user.is_agent) == (cast.dana, Policy.shipped(), True)
    assert list(Grant.objects.filter(user=agent.user).values_list("account", "right")) == [(cast.shop.pk, Right.PROPOSE)]


def test_an_agent_is_renamed_and_put_to_rest(cast, browser):
    address = page(cast.assistant, "change")
    data = form_of(browser.get(address)) | {"name": "Helper"}
    del data["active"]
    assert browser.post(address, data).status_code == 302
    cast.assistant.user.refresh_from_db()
    assert (cast.assistant.user.name, cast.assistant.user.is_active) == ("Helper", False)


def test_an_agent_is_stopped_from_its_page(cast, browser):
    assert browser.post(page(cast.assistant, "stop"), {"reason": "It repeats itself."}).status_code == 302
    assert Stop.objects.in_force().get().agent == cast.assistant.user


def test_a_changed_document_becomes_a_new_version(cast, browser):
    policy = cast.assistant.policy
    address = page(policy, "change")
    data = form_of(browser.get(address))
    assert browser.post(address, data).status_code == 302
    assert policy.versions.count() == 1
    stricter = json.dumps({"version": "1", "default": "deny"})
    assert browser.post(address, data | {"document": stricter, "note": "Nothing for now"}).status_code == 302
    assert (policy.current.number, policy.current.document, policy.current.by) == (2, json.loads(stricter), cast.root)


@pytest.mark.parametrize("document", ["not json", "[]", '{"version": "1", "default": "perhaps"}'])
def test_a_document_with_problems_is_not_published(document, cast, browser):
    policy = cast.assistant.policy
    address = page(policy, "change")
    refused = browser.post(address, form_of(browser.get(address)) | {"document": document})
    assert refused.context["adminform"].form.errors["document"]
    assert policy.versions.count() == 1
