"""People in the admin: added, granted, deactivated, never deleted; agents are not among them."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Account, Activity, Grant, Right, User
from tests.admin.pages import form_of, page
from tests.conftest import PASSWORD


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
    bob, alice = sign_in(cast.bob), sign_in(cast.alice)
    assert browser.post(page(cast.bob, "deactivate"), {"reason": ""}).status_code == 422
    assert browser.post(page(cast.bob, "deactivate"), {"reason": "He works elsewhere now."}).status_code == 302
    assert (bob.get("/conversations/").status_code, alice.get("/conversations/").status_code) == (302, 200)
    assert Activity.objects.filter(verb="user.deactivated", by=cast.root, details={"reason": "He works elsewhere now."}).exists()
    assert browser.get(page(cast.bob, "deactivate"), follow=True).redirect_chain


def test_somebody_let_in_again_signs_in_anew(cast, browser, sign_in, client):
    bob = sign_in(cast.bob)
    browser.post(page(cast.bob, "deactivate"), {"reason": "On leave"})
    assert not client.login(username="bob@example.test", password=PASSWORD)
    assert browser.post(page(cast.bob, "let_in")).status_code == 302
    assert bob.get("/conversations/").status_code == 302  # the old session does not come back to life
    assert client.login(username="bob@example.test", password=PASSWORD)
    assert cast.shop.allows(User.objects.get(pk=cast.bob.pk), Right.REPLY)


def test_a_lost_telephone_is_signed_out(cast, browser, sign_in):
    office, telephone, alice = sign_in(cast.bob), sign_in(cast.bob), sign_in(cast.alice)
    assert "2 sessions are ended." in browser.post(page(cast.bob, "sign_out"), follow=True).text
    assert [each.get("/conversations/").status_code for each in (office, telephone, alice)] == [302, 302, 200]
    chosen = {"action": "sign_out_selected", "_selected_action": [cast.alice.pk, cast.root.pk]}
    assert "1 session is ended." in browser.post(page(User), chosen, follow=True).text


def test_nobody_deactivates_themselves(cast, browser):
    assert browser.post(page(cast.root, "deactivate"), {"reason": "Enough"}).status_code == 422
    assert User.objects.get(pk=cast.root.pk).is_active


@pytest.mark.parametrize("deed", ["deactivate", "let_in", "sign_out"])
def test_a_manager_does_none_of_this(deed, cast, sign_in):
    dana = sign_in(cast.dana)
    assert dana.post(page(cast.bob, deed), {"reason": "Mine now"}).status_code == 403
    assert f"/{deed}/" not in dana.get(page(cast.bob, "change")).text
    assert dana.post(page(User), {"action": "sign_out_selected", "_selected_action": [cast.bob.pk]}, follow=True).status_code == 200
    assert User.objects.get(pk=cast.bob.pk).is_active and not Activity.objects.filter(verb="user.signed_out").exists()


def test_where_e_mails_leave_people_are_invited_and_not_added(cast, browser, settings):
    assert "Add with a first password" in browser.get(page(User)).text
    settings.MAILS_LEAVE = True
    shown = browser.get(page(User)).text
    assert "Add with a first password" not in shown and "/admin/people/invite/" in shown
    assert browser.get(page(User, "add")).status_code == 403


def test_the_list_says_who_may_do_what_where(cast, browser, sign_in):
    shown = browser.get(page(User)).text
    assert "Harbour Coffee: Operator, Harbour Studio: Operator" in shown and "Harbour Coffee: Approver" in shown
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    assert "Harbour Studio" not in sign_in(cast.dana).get(page(User)).text


def test_people_are_filtered_by_account_and_a_manager_learns_nothing_of_others(cast, browser, sign_in):
    Grant.objects.filter(user=cast.bob, account=cast.studio).delete()
    assert cast.bob not in browser.get(page(User), {"account": cast.studio.public_id}).context["cl"].result_list
    assert cast.bob in browser.get(page(User), {"account": cast.shop.public_id}).context["cl"].result_list
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    dana = sign_in(cast.dana)
    assert list(dana.get(page(User), {"account": cast.studio.public_id}).context["cl"].result_list) == []
    assert "result_list" not in (dana.get(page(User), {"grants__account__id__exact": cast.studio.pk}).context or {})


def test_a_manager_does_not_take_her_own_right_to_manage(cast, sign_in):
    dana = sign_in(cast.dana)
    grant = Grant.objects.get(user=cast.dana, account=cast.shop)
    own = page(cast.dana, "change")
    refused = dana.post(own, form_of(dana.get(own)) | {"grants-0-DELETE": "on"})
    assert refused.status_code == 200 and "You would shut yourself out of Harbour" in refused.text
    assert dana.post(page(grant, "delete"), {"post": "yes"}).status_code == 403
    dana.post(page(Grant), {"action": "delete_selected", "_selected_action": [grant.pk], "post": "yes"})
    assert Grant.objects.filter(pk=grant.pk).exists()


def test_a_superuser_cannot_lock_themselves_out(cast, browser):
    address = page(cast.root, "change")
    for name in ("is_staff", "is_superuser"):
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


def test_an_account_is_connected_and_never_typed_in(cast, browser):
    for answer in (browser.get(page(Account, "add")), browser.post(page(Account, "add"), {"name": "Second studio"})):
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/connect/")
    assert not Account.objects.filter(name="Second studio").exists()
