"""People in the admin: added, granted, deactivated, never deleted; agents are not among them."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Account, Activity, Grant, Right, User
from tests.admin.pages import form_of, page
from tests.conftest import PASSWORD


@pytest.fixture
def browser(cast, sign_in):
    return sign_in(cast.root)


def test_a_new_person_can_sign_in_and_work(cast, browser, client):
    new = {"email": "Erin@example.test", "name": "Erin", "password1": "tide-and-harbour", "password2": "tide-and-harbour"}
    assert browser.post(page(User, "add"), new | {"account": cast.shop.pk, "preset": "approver"}).status_code == 302
    assert client.login(username="erin@example.test", password="tide-and-harbour")
    assert cast.shop.allows(User.objects.get(name="Erin"), Right.APPROVE)


def test_nobody_gets_an_email_twice(cast, browser):
    new = {"email": "ALICE@example.test", "name": "Alice", "password1": "tide-and-harbour", "password2": "tide-and-harbour", "preset": "operator"}
    refused = browser.post(page(User, "add"), new)
    assert "Somebody already uses this e-mail." in refused.content.decode()


def test_the_manager_preset_opens_the_configuration(cast, browser):
    address = page(cast.charlie, "change")
    row = {"grants-TOTAL_FORMS": "1", "grants-0-account": cast.shop.pk, "grants-0-preset": "manager", "grants-0-user": cast.charlie.pk}
    assert browser.post(address, form_of(browser.get(address)) | row).status_code == 302
    assert set(Grant.objects.filter(user=cast.charlie).values_list("right", flat=True)) == {Right.APPROVE, Right.MANAGE}
    assert User.objects.get(pk=cast.charlie.pk).is_staff
    assert Activity.objects.filter(verb="grant.given", by=cast.root, account=cast.shop).count() == 2


def test_grants_on_the_page_of_an_account(cast, browser):
    address = page(cast.shop, "change")
    data = form_of(browser.get(address))
    number = int(data["grants-TOTAL_FORMS"])
    row = {"grants-TOTAL_FORMS": number + 1, f"grants-{number}-user": cast.charlie.pk, f"grants-{number}-preset": "operator"}
    assert browser.post(address, data | row).status_code == 302
    assert cast.shop.allows(cast.charlie, Right.REPLY)


def test_grants_are_taken_in_bulk_and_remembered(cast, browser):
    grants = Grant.objects.filter(user=cast.bob)
    bulk = {"action": "delete_selected", "_selected_action": list(grants.values_list("pk", flat=True)), "post": "yes"}
    assert browser.post(page(Grant), bulk).status_code == 302
    assert not grants.exists()
    assert Activity.objects.filter(verb="grant.taken", by=cast.root).count() == 2


def test_somebody_deactivated_is_signed_out(cast, browser, sign_in):
    bob = sign_in(cast.bob)
    address = page(cast.bob, "change")
    data = form_of(browser.get(address))
    del data["is_active"]
    assert browser.post(address, data).status_code == 302
    assert bob.get("/conversations/").status_code == 302
    assert Activity.objects.filter(verb="user.changed", by=cast.root, details={"fields": ["is_active"]}).exists()


def test_a_superuser_cannot_lock_themselves_out(cast, browser):
    address = page(cast.root, "change")
    for name in ("is_active", "is_staff", "is_superuser"):
        data = form_of(browser.get(address))
        del data[name]
        assert "Ask another superuser" in browser.post(address, data).content.decode()
    assert User.objects.filter(pk=cast.root.pk, is_active=True, is_staff=True, is_superuser=True).exists()


def test_agents_are_not_among_people(cast, browser):
    listed = set(browser.get(page(User)).context["cl"].result_list)
    assert listed == {cast.alice, cast.bob, cast.charlie, cast.dana, cast.root}
    leads_on = browser.get(page(cast.assistant.user, "change"))
    assert leads_on.headers["Location"] == page(cast.assistant, "change")
    assert browser.get(f"/admin/accounts/user/{cast.assistant.user.pk}/password/").status_code in (403, 404)


def test_an_agent_is_never_made_staff_and_never_signs_in(cast, browser, client):
    user = cast.assistant.user
    browser.post(page(user, "change"), {"email": user.email, "is_staff": "on", "is_superuser": "on", "is_active": "on"})
    assert not User.objects.filter(pk=user.pk, is_staff=True).exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_staff=True)
    user.set_password(PASSWORD)
    user.save()
    assert not client.login(username=user.email, password=PASSWORD)


def test_a_password_is_set_but_its_hash_is_not_shown(cast, browser, client):
    assert cast.bob.password not in browser.get(page(cast.bob, "change")).content.decode()
    new = {"password1": "harbour-and-tide", "password2": "harbour-and-tide", "usable_password": "true"}
    assert browser.post(f"/admin/accounts/user/{cast.bob.pk}/password/", new).status_code == 302
    assert client.login(username="bob@example.test", password="harbour-and-tide")


def test_whoever_connects_an_account_manages_it(cast, browser):
    new = {
        "network": "instagram", "login": "instagram", "meta_app": cast.shop.meta_app.pk, "name": "Second studio", "external_id": "178419999",
        "token": "IGAAsecond", "human_agent_text": "own", "reply_hold": "3", "approval_hold": "5",
    }  # fmt: skip
    assert browser.post(page(Account, "add"), new).status_code == 302
    account = Account.objects.get(name="Second studio")
    assert set(Grant.objects.filter(account=account, user=cast.root).values_list("right", flat=True)) == {Right.APPROVE, Right.MANAGE}
    assert account.is_sending
