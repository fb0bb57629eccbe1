"""Invitations: a link lets one person in, once, to what the inviter may still give, and is kept nowhere."""

import re
import threading
from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client

from accounts.inviting import AlreadyHere, Closed, InvitationClosed, accept, find, invite, renew, revoke, why_closed
from accounts.leaving import deactivate
from accounts.mailing import mail_next
from accounts.models import Activity, Grant, Invitation, Mail, Right, User
from core.clock import now
from tests.conftest import make_cast

ERIN = {"name": "Erin Walsh", "password1": "tide-and-harbour", "password2": "tide-and-harbour"}
DAY = timedelta(days=1)


def invited(cast, *, email="erin@example.test", by=None, name="Erin", **presets):
    grants = {getattr(cast, account): preset for account, preset in (presets or {"shop": "approver"}).items()}
    return invite(email, name=name, grants=grants, by=by or cast.dana, at=now())


def text_of(link: str) -> str:
    return link.rstrip("/").rpartition("/")[2]


def follow(link: str) -> Client:
    """A browser that nobody uses yet, on the page to which the link leads."""
    browser = Client()
    assert browser.get(f"/invitation/{text_of(link)}/").url == "/invitation/"
    return browser


def rights(user, account) -> set[str]:
    return set(Grant.objects.filter(user=user, account=account).values_list("right", flat=True))


# Inviting -----------------------------------------------------------------------------------------------------------------


def test_somebody_invited_gets_a_login_and_what_was_promised(cast):
    invitation, link = invited(cast, shop="manager", studio="operator")
    assert find(text_of(link)) == invitation
    erin = accept(invitation, name="Erin Walsh", password="tide-and-harbour", at=now())
    assert (erin.name, erin.email, erin.is_staff, erin.is_superuser) == ("Erin Walsh", "erin@example.test", True, False)
    assert (rights(erin, cast.shop), rights(erin, cast.studio)) == ({Right.APPROVE, Right.MANAGE}, {Right.REPLY})
    assert Activity.objects.filter(verb="invitation.accepted", by=erin).exists()
    assert Activity.objects.filter(verb="grant.given", by=cast.dana).count() == 3


def test_the_link_is_kept_nowhere(cast):
    invitation, link = invited(cast)
    assert link.startswith("http") and len(text_of(link)) >= 43
    stored = [str(list(model.objects.values_list())) for model in (Invitation, Activity, Mail)]
    assert not any(text_of(link) in rows for rows in stored)
    assert text_of(link) not in f"{invitation!r} {vars(invitation)}"
    assert find("x" * 43) is None


@pytest.mark.parametrize(("who", "account"), [("alice", "shop"), ("bob", "shop"), ("charlie", "shop")])
def test_only_who_manages_an_account_invites_to_it(who, account, cast):
    with pytest.raises(PermissionDenied):
        invited(cast, by=getattr(cast, who), **{account: "operator"})
    assert not Invitation.objects.exists()


def test_a_manager_of_one_account_invites_to_no_other(cast):
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    with pytest.raises(PermissionDenied):
        invited(cast, shop="operator", studio="operator")
    assert invited(cast, shop="operator")


def test_only_a_superuser_invites_to_nothing(cast):
    with pytest.raises(PermissionDenied):
        invite("erin@example.test", name="", grants={}, by=cast.dana, at=now())
    invitation, _link = invite("erin@example.test", name="", grants={}, by=cast.root, at=now())
    assert accept(invitation, name="Erin", password="tide-and-harbour", at=now()).grants.count() == 0


@pytest.mark.parametrize("email", ["", "erin", "erin@example.test\nBcc: all@example.test", "a@example.test,b@example.test"])
def test_what_is_no_address_is_not_invited(email, cast):
    with pytest.raises(ValidationError):
        invited(cast, email=email)


def test_who_has_a_login_is_not_invited(cast):
    with pytest.raises(AlreadyHere) as refusal:
        invited(cast, email="BOB@example.test")
    assert refusal.value.user == cast.bob and not Invitation.objects.exists()


def test_a_second_invitation_ends_the_first(cast):
    first, _link = invited(cast)
    second, _link = invited(cast, email="ERIN@example.test", shop="operator")
    first.refresh_from_db()
    assert why_closed(first, now()) is Closed.REVOKED and why_closed(second, now()) is None


def test_an_invitation_ends_after_seven_days(cast, clock):
    invitation, _link = invited(cast)
    clock.shift(7 * DAY - timedelta(minutes=1))
    assert why_closed(invitation, now()) is None
    clock.shift(timedelta(minutes=2))
    assert why_closed(invitation, now()) is Closed.EXPIRED
    with pytest.raises(InvitationClosed):
        accept(invitation, name="Erin", password="tide-and-harbour", at=now())
    assert not User.objects.filter(email="erin@example.test").exists()


def test_an_expired_one_is_renewed_with_another_link(cast, clock):
    invitation, link = invited(cast, shop="operator", studio="approver")
    clock.shift(8 * DAY)
    fresh, other = renew(invitation, by=cast.root, at=now())
    assert other != link and fresh.by == cast.root
    assert {granted.preset for granted in fresh.grants.all()} == {"operator", "approver"}


def test_a_manager_renews_only_what_they_could_write(cast):
    invitation, _link = invited(cast, by=cast.root, shop="operator", studio="operator")
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    with pytest.raises(PermissionDenied):
        renew(invitation, by=cast.dana, at=now())
    assert why_closed(invitation, now()) is None


def test_an_invitation_is_revoked_by_who_manages_the_account_and_nobody_else(cast):
    invitation, _link = invited(cast, by=cast.root)
    with pytest.raises(PermissionDenied):
        revoke(invitation, by=cast.bob, at=now())
    assert revoke(invitation, by=cast.dana, at=now())
    assert not revoke(invitation, by=cast.dana, at=now())
    assert Activity.objects.filter(verb="invitation.revoked", by=cast.dana, account=cast.shop).count() == 1


# Accepting ----------------------------------------------------------------------------------------------------------------


def test_it_is_accepted_once(cast):
    invitation, _link = invited(cast)
    accept(invitation, name="Erin", password="tide-and-harbour", at=now())
    with pytest.raises(InvitationClosed) as closed:
        accept(invitation, name="Mallory", password="tide-and-harbour", at=now())
    assert closed.value.why is Closed.ACCEPTED
    assert User.objects.filter(email="erin@example.test").count() == 1


def test_what_the_inviter_lost_is_not_given(cast):
    invitation, _link = invited(cast, shop="operator", studio="manager")
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    erin = accept(invitation, name="Erin", password="tide-and-harbour", at=now())
    assert (rights(erin, cast.shop), rights(erin, cast.studio), erin.is_staff) == ({Right.REPLY}, set(), False)


@pytest.mark.parametrize("lost", ["grants", "login"])
def test_an_inviter_who_may_not_invite_any_more_lets_nobody_in(lost, cast):
    invitation, _link = invited(cast)
    if lost == "grants":
        Grant.objects.filter(user=cast.dana).delete()
    else:
        deactivate(cast.dana, by=cast.root, at=now(), reason="Left")
    with pytest.raises(InvitationClosed) as closed:
        accept(invitation, name="Erin", password="tide-and-harbour", at=now())
    assert closed.value.why is Closed.VOID


def test_an_address_that_got_a_login_meanwhile_is_not_let_in_twice(cast):
    invitation, _link = invited(cast)
    User.objects.create_user("ERIN@example.test", "another-password")
    with pytest.raises(InvitationClosed) as closed:
        accept(invitation, name="Erin", password="tide-and-harbour", at=now())
    assert closed.value.why is Closed.HERE


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_clicks_at_once_one_makes_the_login(simulator):
    invitation, _link = invited(make_cast(simulator))
    barrier, results = threading.Barrier(2), []

    def click(name: str) -> None:
        barrier.wait(timeout=30)
        try:
            results.append(accept(invitation, name=name, password="tide-and-harbour", at=now()))
        except InvitationClosed as closed:
            results.append(closed.why)
        finally:
            connection.close()

    threads = [threading.Thread(target=click, args=(name,)) for name in ("Erin", "Erin again")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(map(type, results), key=str) == sorted([User, Closed], key=str)
    assert Closed.ACCEPTED in results and User.objects.filter(email="erin@example.test").count() == 1


# The e-mail -----------------------------------------------------------------------------------------------------------------


def test_the_e_mail_brings_the_link(cast, mails_leave):
    _invitation, link = invited(cast, shop="approver", studio="operator")
    assert mail_next()
    letter = outbox.outbox[-1]
    assert letter.to == ["erin@example.test"] and letter.subject == "Dana invites you to Countersign"
    assert link in letter.body.splitlines()
    assert "Harbour Coffee: Approver" in letter.body and "Harbour Studio: Operator" in letter.body
    assert text_of(link) not in str(Mail.objects.values_list())


def test_no_name_writes_a_header_or_a_line(cast, mails_leave):
    User.objects.filter(pk=cast.dana.pk).update(name="Dana\r\nBcc: all@example.test")
    cast.dana.refresh_from_db()
    invited(cast, name="Erin\r\n\r\nhttps://elsewhere.example")
    assert mail_next()
    assert outbox.outbox[-1].message()["Bcc"] is None
    assert "\nhttps://elsewhere" not in outbox.outbox[-1].body


@pytest.mark.parametrize("end", ["revoked", "replaced", "accepted"])
def test_an_e_mail_with_a_dead_link_does_not_leave(end, cast, mails_leave):
    invitation, _link = invited(cast)
    if end == "revoked":
        revoke(invitation, by=cast.dana, at=now())
    elif end == "replaced":
        invited(cast)
    else:
        accept(invitation, name="Erin", password="tide-and-harbour", at=now())
    first = Mail.objects.get(key=f"invitation:{invitation.public_id}")
    assert first.given_up_at and not first.body


# The pages ------------------------------------------------------------------------------------------------------------------


def test_who_follows_the_link_chooses_a_password_and_is_in_the_inbox(cast):
    _invitation, link = invited(cast)
    browser = follow(link)
    shown = browser.get("/invitation/")
    assert "Dana" in shown.text and "Harbour Coffee" in shown.text and "Approver" in shown.text and text_of(link) not in shown.text
    answer = browser.post("/invitation/", ERIN)
    assert (answer.status_code, answer.url) == (302, "/conversations/")
    assert cast.conversation(cast.amina).public_id in browser.get("/conversations/").text
    assert cast.shop.allows(User.objects.get(email="erin@example.test"), Right.APPROVE)
    assert Client().login(username="erin@example.test", password="tide-and-harbour")


def test_the_secret_of_the_link_goes_no_further(cast):
    _invitation, link = invited(cast)
    browser = Client()
    answer = browser.get(f"/invitation/{text_of(link)}/")
    assert answer.headers["Referrer-Policy"] == "no-referrer" and "no-store" in answer.headers["Cache-Control"]
    assert text_of(link) not in str(dict(browser.session))
    assert "no-store" in browser.get("/invitation/").headers["Cache-Control"]


@pytest.mark.parametrize("password", ["short", "password123", "erin@example.test", "1234567890"])
def test_a_weak_password_is_refused(password, cast):
    _invitation, link = invited(cast)
    shown = follow(link).post("/invitation/", ERIN | {"password1": password, "password2": password})
    assert shown.status_code == 200 and "field-error" in shown.text
    assert not User.objects.filter(email="erin@example.test").exists()


def test_a_closed_invitation_says_why_and_what_to_do(cast, clock):
    invitation, link = invited(cast)
    browser = follow(link)
    revoke(invitation, by=cast.dana, at=now())
    for said in (browser.get("/invitation/"), browser.post("/invitation/", ERIN)):
        assert said.status_code == 410 and "withdrawn" in said.text and "Dana" in said.text
    second, link = invited(cast)
    accept(second, name="Erin", password="tide-and-harbour", at=now())
    used = follow(link).get("/invitation/")
    assert used.status_code == 410 and "used already" in used.text and 'href="/sign-in/"' in used.text
    _third, link = invited(cast, email="frank@example.test")
    clock.shift(8 * DAY)
    assert "has expired" in follow(link).get("/invitation/").text


def test_without_a_link_there_is_nothing_to_accept(cast, client):
    assert client.get("/invitation/").status_code == 404
    assert client.post("/invitation/", ERIN).status_code == 404
    assert client.get("/invitation/no-such-invitation/").status_code == 404


def test_who_guesses_links_has_to_wait_and_who_has_one_does_not(cast):
    guessing = Client(REMOTE_ADDR="198.51.100.7")
    for number in range(10):
        assert guessing.get(f"/invitation/guess-{number}/").status_code == 404
    refused = guessing.get("/invitation/guess-again/")
    assert refused.status_code == 429 and "Too many tries" in refused.text and int(refused.headers["Retry-After"]) > 0
    assert guessing.post("/sign-in/", {"username": "bob@example.test", "password": "x"}).status_code == 200
    _invitation, link = invited(cast)
    assert guessing.get(f"/invitation/{text_of(link)}/").status_code == 302


def test_a_link_that_was_opened_often_is_no_guess(cast):
    _invitation, link = invited(cast)
    assert {Client().get(f"/invitation/{text_of(link)}/").status_code for _ in range(12)} == {302}


def test_somebody_who_is_signed_in_is_not_signed_out_in_silence(cast, sign_in):
    _invitation, link = invited(cast)
    dana = sign_in(cast.dana)
    dana.get(f"/invitation/{text_of(link)}/")
    assert "Somebody is signed in here" in dana.get("/invitation/").text
    assert "Somebody is signed in here" in dana.post("/invitation/", ERIN).text
    assert not User.objects.filter(email="erin@example.test").exists()


# In the configuration -------------------------------------------------------------------------------------------------------


def as_sent(cast, **presets) -> dict[str, str]:
    return {f"as-{getattr(cast, account).public_id}": preset for account, preset in presets.items()}


def test_without_e_mail_the_link_is_shown_once(cast, sign_in):
    dana = sign_in(cast.dana)
    shown = dana.post("/admin/people/invite/", {"email": "erin@example.test", "name": "Erin"} | as_sent(cast, shop="operator"))
    assert shown.status_code == 200 and "give them this link" in shown.text and "no-store" in shown.headers["Cache-Control"]
    link = re.search(r"http\S+/invitation/([\w-]+)/", shown.text)
    assert find(link[1]) == Invitation.objects.get()
    page = dana.get(f"/admin/accounts/invitation/{Invitation.objects.get().pk}/change/").text
    assert "erin@example.test" in page and link[1] not in page


@pytest.mark.parametrize(("who", "sees"), [("dana", False), ("root", True)])
def test_with_e_mail_only_its_reader_and_a_superuser_get_the_link(who, sees, cast, sign_in, mails_leave):
    browser = sign_in(getattr(cast, who))
    shown = browser.post("/admin/people/invite/", {"email": "erin@example.test", "name": "Erin"} | as_sent(cast, shop="operator"))
    assert "is on its way to erin@example.test" in shown.text
    assert bool(re.search(r"/invitation/[\w-]{40,}/", shown.text)) is sees
    assert "waits" in browser.get(f"/admin/accounts/invitation/{Invitation.objects.get().pk}/change/").text


def test_who_has_a_login_gets_the_rights_at_once(cast, sign_in):
    dana = sign_in(cast.dana)
    answer = dana.post("/admin/people/invite/", {"email": "Charlie@example.test"} | as_sent(cast, shop="operator"), follow=True)
    assert "Charlie has a login already" in answer.text and "the rights are given at once" in answer.text
    assert rights(cast.charlie, cast.shop) == {Right.REPLY} and not Invitation.objects.exists()


def test_who_was_deactivated_is_not_let_in_by_an_invitation(cast, sign_in):
    deactivate(cast.charlie, by=cast.root, at=now(), reason="Left")
    answer = sign_in(cast.dana).post("/admin/people/invite/", {"email": "charlie@example.test"} | as_sent(cast, shop="operator"))
    assert answer.status_code == 422 and "A superuser can let them in again" in answer.text
    assert not cast.charlie.grants.exists()


def test_a_manager_is_offered_only_her_accounts(cast, sign_in):
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    dana = sign_in(cast.dana)
    assert "Harbour Studio" not in dana.get("/admin/people/invite/").text
    refused = dana.post("/admin/people/invite/", {"email": "erin@example.test"} | as_sent(cast, studio="operator"))
    assert refused.status_code == 422 and "Choose at least one account" in refused.text and not Invitation.objects.exists()


def test_a_manager_sees_of_an_invitation_what_leads_to_her_accounts(cast, sign_in):
    invitation, _link = invited(cast, by=cast.root, shop="operator", studio="operator")
    elsewhere, _link = invited(cast, by=cast.root, email="frank@example.test", studio="operator")
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    dana = sign_in(cast.dana)
    listed = dana.get("/admin/accounts/invitation/").text
    page = dana.get(f"/admin/accounts/invitation/{invitation.pk}/change/").text
    assert "erin@example.test" in listed and "frank@example.test" not in listed
    assert "Harbour Coffee" in page and "Harbour Studio" not in listed + page
    assert dana.get(f"/admin/accounts/invitation/{elsewhere.pk}/change/").status_code == 302
    assert dana.post(f"/admin/accounts/invitation/{invitation.pk}/renew/").status_code == 422
    assert dana.post(f"/admin/accounts/invitation/{invitation.pk}/revoke/").status_code == 302
    assert why_closed(Invitation.objects.get(pk=invitation.pk), now()) is Closed.REVOKED


def test_a_new_link_is_shown_once_and_the_old_one_ends(cast, sign_in):
    invitation, link = invited(cast)
    dana = sign_in(cast.dana)
    shown = dana.post(f"/admin/accounts/invitation/{invitation.pk}/renew/").text
    assert find(re.search(r"/invitation/([\w-]{40,})/", shown)[1]).pk != invitation.pk
    assert why_closed(find(text_of(link)), now()) is Closed.REVOKED


def test_invitations_are_revoked_in_bulk(cast, sign_in):
    invited(cast)
    invited(cast, email="frank@example.test")
    chosen = {"action": "revoke_selected", "_selected_action": list(Invitation.objects.values_list("pk", flat=True))}
    assert "2 invitations are revoked." in sign_in(cast.dana).post("/admin/accounts/invitation/", chosen, follow=True).text
    assert not Invitation.objects.open(now()).exists()


@pytest.mark.parametrize("state", ["open", "accepted", "revoked", "expired"])
def test_the_list_is_filtered_by_state(state, cast, sign_in):
    for name in ("open", "accepted", "revoked", "expired"):
        made, _link = invited(cast, email=f"{name}@example.test")
        if name == "accepted":
            accept(made, name="Erin", password="tide-and-harbour", at=now())
        elif name == "revoked":
            revoke(made, by=cast.dana, at=now())
        elif name == "expired":
            Invitation.objects.filter(pk=made.pk).update(expires_at=now() - DAY)
    listed = sign_in(cast.root).get("/admin/accounts/invitation/", {"state": state}).context["cl"].result_list
    assert [row.email for row in listed] == [f"{state}@example.test"]


def test_an_e_mail_that_was_given_up_is_tried_again_from_the_list(cast, sign_in, mails_leave):
    invited(cast)
    Mail.objects.update(given_up_at=now(), trouble="SMTPRecipientsRefused 550")
    root = sign_in(cast.root)
    page = root.get(f"/admin/accounts/mail/{Mail.objects.get().pk}/change/").text
    assert "does not take this address" in page and "Open this link" not in page
    chosen = {"action": "try_again_selected", "_selected_action": [Mail.objects.get().pk]}
    assert "1 e-mail is tried again." in root.post("/admin/accounts/mail/", chosen, follow=True).text
    assert mail_next() and Mail.objects.get().sent_at


def test_a_manager_reads_no_e_mail_of_other_accounts(cast, sign_in, mails_leave):
    invited(cast)
    assert "erin@example.test" not in sign_in(cast.dana).get("/admin/accounts/mail/").text
