"""People, rights, invitations and e-mails in hostile hands: what somebody could take, keep, or be told wrongly."""

import io
import logging
import re
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.core.exceptions import PermissionDenied
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client

from accounts.admin import people_grid, user
from accounts.admin.mail import remedy
from accounts.admin.people_grid import cell_name
from accounts.granting import Changed, set_preset
from accounts.inviting import Closed, InvitationClosed, accept, invite, renew, revoke, why_closed
from accounts.leaving import deactivate, let_in_again, sign_out
from accounts.mailing import MOST_IN_DOUBT, WITHDRAWN, mail_next, write_mail
from accounts.models import Activity, Grant, Mail, Right, User
from accounts.views import password, preferences
from config import settings as product
from core import redaction
from core.clock import now
from inbox.models import Conversation, Dispatch, Message
from tests.admin.pages import form_of, page
from tests.admin.test_attention import lines
from tests.admin.test_people_grid import PEOPLE, rights, shown
from tests.at_once import behind
from tests.conftest import PASSWORD, make_cast

DAY = timedelta(days=1)


@pytest.fixture
def log():
    """What the product would write to stderr."""
    stream, told = io.StringIO(), product.LOGGING["formatters"]["line"]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(told["format"], style="{"))
    handler.addFilter(redaction.Concealing())
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def invited(cast, *, email="erin@example.test", by=None, name="Erin"):
    invitation, link = invite(email, name=name, grants={cast.shop: "operator"}, by=by or cast.dana, at=now())
    return invitation, link.rstrip("/").rpartition("/")[2]


def fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


def another_root() -> User:
    return User.objects.create_superuser("second@example.test", PASSWORD, name="Second")


# The secret of a link -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["sent as a form", "put", "wrong host", "with a full stop", "without its end"])
def test_no_refused_request_writes_the_secret_of_a_link(way, cast, log, settings, monkeypatch):
    _invitation, text = invited(cast)
    # As in a process that did not make the link.
    monkeypatch.setattr(redaction, "_known", type(redaction._known)())
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    answer = {
        "sent as a form": lambda: browser.post(f"/invitation/{text}/"),
        "put": lambda: Client().put(f"/invitation/{text}/"),
        "wrong host": lambda: browser.get(f"/invitation/{text}/", headers={"host": "evil.example"}),
        "with a full stop": lambda: browser.get(f"/invitation/{text}./"),
        "without its end": lambda: browser.get(f"/invitation/{text}/more/"),
    }[way]()
    assert answer.status_code >= 400 and log.getvalue()
    assert text not in log.getvalue()


def test_a_page_of_a_stranger_locks_nobody_out(cast):
    office = Client(REMOTE_ADDR="198.51.100.7")
    for number in range(30):
        office.get(f"/invitation/picture-{number}/")
    assert office.post("/sign-in/", {"username": "bob@example.test", "password": PASSWORD}).status_code == 302


# Superusers ---------------------------------------------------------------------------------------------------------------


def test_two_superusers_do_not_shut_each_other_out(cast):
    second = another_root()
    assert deactivate(second, by=cast.root, at=now(), reason="Left")
    # The second's request began before.
    with pytest.raises(PermissionDenied):
        deactivate(cast.root, by=second, at=now(), reason="No, you")
    assert fresh(cast.root).is_active


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_superusers_who_deactivate_each_other_at_once_one_remains(simulator):
    cast, second = make_cast(simulator), another_root()
    late = behind(
        lambda: deactivate(second, by=cast.root, at=now(), reason="Left"), lambda: deactivate(cast.root, by=second, at=now(), reason="No, you")
    )  # fmt: skip
    assert isinstance(late, PermissionDenied)
    assert (fresh(cast.root).is_active, fresh(second).is_active) == (True, False)


@pytest.mark.parametrize("deed", [let_in_again, sign_out])
def test_who_is_no_superuser_any_more_does_none_of_it(deed, cast):
    second = another_root()
    User.objects.filter(pk=second.pk).update(is_superuser=False)
    User.objects.filter(pk=cast.bob.pk).update(is_active=deed is not let_in_again)
    with pytest.raises(PermissionDenied):
        deed(cast.bob, by=second, at=now())


@pytest.mark.parametrize("taken", ["is_superuser", "is_staff"])
def test_two_superusers_do_not_make_each_other_nobody(taken, cast, sign_in, monkeypatch):
    second = another_root()
    address = page(cast.root, "change")
    browser = sign_in(second)
    data = form_of(browser.get(address))
    data.pop(taken)
    # Between the moment in which this request learns who asks and the moment in which it saves, the first is faster.
    from accounts.admin.user import PersonForm

    whole = PersonForm.full_clean

    def late(form):
        User.objects.filter(pk=second.pk).update(**{taken: False})
        whole(form)

    monkeypatch.setattr(PersonForm, "full_clean", late)
    answer = browser.post(address, data)
    assert answer.status_code in (200, 403)
    assert getattr(fresh(cast.root), taken)


def test_no_superuser_takes_away_the_own_password(cast, sign_in):
    root = sign_in(cast.root)
    root.post(f"/admin/accounts/user/{cast.root.pk}/password/", {"usable_password": "false", "unset-password": "1"})
    assert fresh(cast.root).has_usable_password()


def test_a_password_that_somebody_else_sets_is_remembered(cast, sign_in):
    bob, root = sign_in(cast.bob), sign_in(cast.root)
    new = {"usable_password": "true", "password1": "tide-and-harbour", "password2": "tide-and-harbour", "set-password": "1"}
    assert root.post(f"/admin/accounts/user/{cast.bob.pk}/password/", new).status_code == 302
    assert Client().login(username="bob@example.test", password="tide-and-harbour")
    assert bob.get("/conversations/").status_code == 302
    said = Activity.objects.get(verb__startswith="user.password")
    assert (said.by, said.target_id) == (cast.root, cast.bob.public_id) and "tide" not in str(said.details)


@pytest.mark.parametrize("odd", ["²", "99999999999999999999999", "x", "-1"])
def test_an_odd_address_of_a_person_is_no_error(odd, cast, sign_in):
    assert sign_in(cast.root).get(f"/admin/accounts/user/{odd}/change/").status_code == 302


@pytest.mark.parametrize("way", ["preferences", "password", "by a superuser"])
def test_who_is_deactivated_while_they_save_something_stays_out(way, cast, sign_in, monkeypatch):
    form = {"preferences": preferences.PreferencesForm, "password": password.OwnPasswordForm, "by a superuser": user.PasswordForm}[way]
    browser = sign_in(cast.root if way == "by a superuser" else cast.bob)
    whole = form.full_clean

    def late(self):
        whole(self)
        User.objects.filter(pk=cast.bob.pk).update(is_active=False)

    monkeypatch.setattr(form, "full_clean", late)
    new = {"old_password": PASSWORD, "new_password1": "tide-and-harbour", "new_password2": "tide-and-harbour"}
    new |= {"password1": "tide-and-harbour", "password2": "tide-and-harbour", "name": "Robert", "language": "", "time_zone": ""}
    address = {"preferences": "/preferences/", "password": "/preferences/password/", "by a superuser": f"/admin/accounts/user/{cast.bob.pk}/password/"}[way]
    assert browser.post(address, new).status_code == 302
    bob = fresh(cast.bob)
    assert not bob.is_active
    assert bob.name == "Robert" if way == "preferences" else bob.check_password("tide-and-harbour")


@pytest.mark.parametrize("way", ["change", "password"])
def test_a_manager_changes_nothing_of_anybody(way, cast, sign_in):
    Grant.objects.create(user=cast.root, account=cast.shop, right=Right.REPLY)
    dana, before = sign_in(cast.dana), list(User.objects.order_by("pk").values_list())
    for victim in (cast.root, cast.bob, cast.dana):
        if way == "password":
            new = {"usable_password": "true", "password1": "tide-and-harbour", "password2": "tide-and-harbour"}
            assert dana.post(f"/admin/accounts/user/{victim.pk}/password/", new).status_code == 403
        else:
            address = page(victim, "change")
            data = form_of(dana.get(address)) | {"email": "dana+all@example.test", "name": "X", "is_staff": "on", "is_superuser": "on"}
            dana.post(address, data)
    assert list(User.objects.order_by("pk").values_list()) == before


# Whom rights are given to ---------------------------------------------------------------------------------------------------


def test_who_was_deactivated_while_being_invited_is_given_nothing(cast, sign_in, monkeypatch):
    from accounts.admin.invite import InviteForm

    whole = InviteForm.clean

    def late(form):
        cleaned = whole(form)
        User.objects.filter(pk=cast.charlie.pk).update(is_active=False)
        return cleaned

    monkeypatch.setattr(InviteForm, "clean", late)
    dana = sign_in(cast.dana)
    answer = dana.post("/admin/people/invite/", {"email": "charlie@example.test", f"as-{cast.shop.public_id}": "manager"}, follow=True)
    assert "the rights are given at once" not in answer.text and not cast.charlie.grants.exists()


def test_an_agent_is_not_invited_by_its_address(cast, sign_in):
    answer = sign_in(cast.dana).post("/admin/people/invite/", {"email": cast.assistant.user.email.upper(), f"as-{cast.shop.public_id}": "manager"})
    assert answer.status_code == 422 and rights(cast.assistant.user, cast.shop) == {Right.PROPOSE}


# The grid -------------------------------------------------------------------------------------------------------------------


def chosen(user, account, preset: str, was: str) -> dict[str, str]:
    return {f"was-{user.public_id}": f"{account.public_id}:{was}", cell_name(user, account): preset}


def test_a_change_of_somebody_who_is_gone_from_the_grid_is_not_lost_in_silence(cast, sign_in):
    dana = sign_in(cast.dana)
    form = shown(dana) | {cell_name(cast.bob, cast.shop): "approver"}
    for account in (cast.shop, cast.studio):
        set_preset(cast.bob, "", account=account, by=cast.root, at=now())
    answer = dana.post(PEOPLE, form, follow=True)
    assert rights(cast.bob, cast.shop) == set()
    assert "Nothing was changed" not in answer.text and "1 change could not be saved" in answer.text


def test_a_change_on_an_account_that_one_lost_is_not_lost_in_silence(cast, sign_in):
    dana = sign_in(cast.dana)
    form = shown(dana) | {cell_name(cast.bob, cast.studio): "approver", cell_name(cast.bob, cast.shop): "approver"}
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    answer = dana.post(PEOPLE, form, follow=True)
    assert (rights(cast.bob, cast.shop), rights(cast.bob, cast.studio)) == ({Right.APPROVE}, {Right.REPLY})
    assert "1 change is saved." in answer.text and "1 change could not be saved" in answer.text
    assert "Harbour Studio" not in answer.text


def test_what_became_of_a_change_is_said_where_its_cell_is_not_shown(cast, sign_in):
    root = sign_in(cast.root)
    form = shown(root) | {cell_name(cast.bob, cast.shop): ""}
    User.objects.filter(pk=cast.bob.pk).update(is_superuser=True)
    answer = root.post(PEOPLE, form)
    assert answer.status_code == 422 and "Bob" in answer.text and "You may not change this." in answer.text


def test_what_became_of_a_change_is_said_on_whatever_page_one_lands(cast, sign_in, monkeypatch):
    monkeypatch.setattr(people_grid, "PEOPLE", 2)
    root = sign_in(cast.root)
    form = shown(root) | {cell_name(cast.alice, cast.shop): ""}
    set_preset(cast.alice, "operator", account=cast.shop, by=cast.dana, at=now())
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)  # now on the last page
    answer = root.post(PEOPLE, form)
    assert answer.status_code == 409 and "Dana changed this after you had opened the page" in answer.text


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_managers_at_one_cell_the_second_is_told(simulator):
    cast = make_cast(simulator)
    give = lambda preset, by: set_preset(cast.bob, preset, account=cast.shop, by=by, at=now(), expects={Right.REPLY})  # noqa: E731
    late = behind(lambda: give("approver", cast.dana), lambda: give("", cast.root))
    assert isinstance(late, Changed) and rights(cast.bob, cast.shop) == {Right.APPROVE}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_invitation_that_is_revoked_while_it_is_accepted_lets_nobody_in(simulator):
    cast = make_cast(simulator)
    invitation, _text = invited(cast)
    late = behind(
        lambda: revoke(invitation, by=cast.dana, at=now()), lambda: accept(invitation, name="Erin", password="tide-and-harbour", at=now())
    )  # fmt: skip
    assert isinstance(late, InvitationClosed) and not User.objects.filter(email="erin@example.test").exists()


def test_a_lie_about_what_was_shown_gives_nothing(cast, sign_in):
    dana = sign_in(cast.dana)
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    for victim in (cast.charlie, cast.root, cast.assistant.user, cast.alice):
        for was in ("", "manage", "propose", "approve+manage+propose"):
            dana.post(PEOPLE, chosen(victim, cast.studio, "manager", was))
    assert not Grant.objects.filter(account=cast.studio, right=Right.MANAGE).exists()


# Invitations ------------------------------------------------------------------------------------------------------------------


def test_nobody_writes_lines_of_their_own_into_an_e_mail(cast, mails_leave):
    User.objects.filter(pk=cast.dana.pk).update(name="Dana\r\n\r\nhttps://elsewhere.example\r\n")
    type(cast.shop).objects.filter(pk=cast.shop.pk).update(name="Harbour\nhttps://elsewhere.example")
    cast.dana.refresh_from_db()
    cast.shop.refresh_from_db()
    invited(cast)
    assert mail_next()
    assert not re.search(r"^https://elsewhere", outbox.outbox[-1].body, re.MULTILINE)


def test_a_host_of_ones_own_does_not_get_into_a_link(cast, sign_in, settings):
    settings.ALLOWED_HOSTS = ["*"]
    root = sign_in(cast.root)
    shown_ = root.post("/admin/people/invite/", {"email": "erin@example.test"}, headers={"host": "evil.example", "x-forwarded-host": "evil.example"})
    assert "evil.example" not in shown_.text and f"{settings.PUBLIC_URL}/invitation/" in shown_.text


def test_an_accepted_invitation_gives_a_browser_no_second_login(cast):
    _invitation, text = invited(cast)
    first, second = Client(), Client()
    for browser in (first, second):
        browser.get(f"/invitation/{text}/")
    form = {"name": "Erin", "password1": "tide-and-harbour", "password2": "tide-and-harbour"}
    assert first.post("/invitation/", form).status_code == 302
    assert second.post("/invitation/", form | {"password1": "mine-not-hers", "password2": "mine-not-hers"}).status_code == 410
    assert not Client().login(username="erin@example.test", password="mine-not-hers")


def test_nobody_ends_an_invitation_to_accounts_of_others_by_inviting_to_their_own(cast, sign_in):
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    first, _link = invite("erin@example.test", name="", grants={cast.studio: "manager"}, by=cast.root, at=now())
    answer = sign_in(cast.dana).post("/admin/people/invite/", {"email": "ERIN@example.test", f"as-{cast.shop.public_id}": "operator"})
    assert answer.status_code == 422 and "Somebody else has invited this address" in answer.text and "Harbour Studio" not in answer.text
    assert why_closed(first, now()) is None
    assert invited(cast, by=cast.root)  # a superuser may
    first.refresh_from_db()
    assert why_closed(first, now()) is Closed.REVOKED


# E-mails ----------------------------------------------------------------------------------------------------------------------


def test_who_left_gets_no_e_mail_that_waited(cast, mails_leave):
    write_mail(to=cast.dana, kind="account-broken", key="k", subject="Broken", body="Look at it", account=cast.shop, at=now())
    deactivate(cast.dana, by=cast.root, at=now(), reason="Left")
    while mail_next():
        pass
    assert outbox.outbox == [] and Mail.objects.get().trouble == WITHDRAWN


class Killed(EmailBackend):
    """Takes every e-mail, and then the process dies."""

    def send_messages(self, messages):
        super().send_messages(messages)
        raise KeyboardInterrupt


def test_an_e_mail_whose_worker_dies_each_time_is_not_sent_for_ever(cast, mails_leave, settings, clock):
    write_mail(to=cast.dana, kind="k", key="k", subject="S", body="B", at=now())
    settings.EMAIL_BACKEND = f"{__name__}.Killed"
    for _ in range(MOST_IN_DOUBT + 3):
        with suppress(KeyboardInterrupt):
            mail_next()
        clock.shift(timedelta(minutes=6))
    mail = Mail.objects.get()
    assert len(outbox.outbox) == MOST_IN_DOUBT and mail.given_up_at and "may have left" in remedy(mail)


def test_an_e_mail_that_was_withdrawn_is_no_failure(cast, sign_in, mails_leave):
    invitation, _text = invited(cast)
    accept(invitation, name="Erin", password="tide-and-harbour", at=now())
    assert Mail.objects.get().given_up_at
    assert not any("could not be sent" in line for line in lines(sign_in(cast.root)))


def test_an_e_mail_that_left_while_it_was_withdrawn_is_no_failure(cast, sign_in, mails_leave):
    write_mail(to=cast.dana, kind="k", key="k", subject="S", body="B", at=now())
    Mail.objects.update(given_up_at=now(), trouble="", sent_at=now())
    assert not any("could not be sent" in line for line in lines(sign_in(cast.root)))
    given_up = sign_in(cast.root).get("/admin/accounts/mail/", {"state": "given-up"}).context["cl"].result_list
    assert list(given_up) == []


def test_an_invitation_that_was_followed_by_another_is_no_news(cast, sign_in, clock):
    first, _text = invited(cast, by=cast.root)
    clock.shift(8 * DAY)
    root = sign_in(cast.root)
    assert any("invitation ended" in line for line in lines(root))
    second, _link = renew(first, by=cast.root, at=now())
    assert not any("invitation ended" in line for line in lines(root))
    accept(second, name="Erin", password="tide-and-harbour", at=now())
    assert not any("invitation ended" in line for line in lines(root))


# A test message -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def writing(cast, sign_in):
    """Where root writes a test message to amina."""
    return sign_in(cast.root), f"/admin/accounts/account/{cast.shop.pk}/test/?conversation={cast.conversation(cast.amina).public_id}"


@pytest.mark.parametrize("hours", [25, 24 * 8])
def test_a_test_message_leaves_only_inside_the_24_hours(hours, cast, writing):
    browser, address = writing
    type(cast.shop).objects.filter(pk=cast.shop.pk).update(human_agent_feature=True)
    key = browser.get(address).context["form"]["key"].value()
    wrote = now() - timedelta(hours=hours)
    Conversation.objects.update(window_opened_at=wrote, window_closes_at=wrote + DAY, human_until=wrote + 7 * DAY)
    answer = browser.post(address, {"text": "A test", "key": key})
    assert answer.status_code == 422 and not Dispatch.objects.exists()


def test_a_test_message_to_somebody_of_whose_window_nobody_knows_does_not_leave(cast, writing):
    browser, address = writing
    Conversation.objects.update(window_closes_at=None)
    assert browser.post(address, {"text": "A test", "key": "k"}).status_code == 422 and not Dispatch.objects.exists()


def test_a_test_message_goes_to_no_conversation_of_another_account(cast, sign_in):
    noor = cast.conversation(cast.noor).public_id
    answer = sign_in(cast.root).post(f"/admin/accounts/account/{cast.shop.pk}/test/?conversation={noor}", {"text": "A test", "key": "k"})
    assert answer.status_code == 404 and not Message.objects.filter(direction="out").exists()


def test_a_test_message_pressed_twice_is_sent_once(cast, writing):
    browser, address = writing
    first, second = (browser.post(address, {"text": "A test", "key": "k"}) for _ in range(2))
    assert first.url == second.url and Dispatch.objects.count() == 1
