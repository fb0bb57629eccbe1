"""Invites people who have no login yet: somebody who manages an account says to what, and the link lets one person in, once."""

import enum
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.granting import give_preset
from accounts.mailing import one_line, withdraw, write_mail
from accounts.models import Account, Activity, Invitation, InvitedGrant, Mail, Right, User
from core.redaction import remember

VALID_FOR = timedelta(days=7)


class Closed(enum.StrEnum):
    """Why an invitation lets nobody in."""

    ACCEPTED = "accepted"
    REVOKED = "revoked"
    EXPIRED = "expired"
    # Whoever invited may not invite any more.
    VOID = "void"
    # The address has a login by now.
    HERE = "here"


class InvitationClosed(Exception):
    """The invitation lets nobody in (any more)."""

    def __init__(self, why: Closed) -> None:
        super().__init__(why)
        self.why = why


class AlreadyHere(ValidationError):
    """This address has a login; rights can be given to it at once."""

    def __init__(self, user: User) -> None:
        super().__init__(_("%(who)s has a login already.") % {"who": user})
        self.user = user


class AlreadyInvited(ValidationError):
    """Somebody who manages other accounts has invited this address, and that invitation is not `by`'s to end."""

    def __init__(self) -> None:
        super().__init__(_("Somebody else has invited this address, to other accounts. Give rights once they have accepted, or ask a superuser."))


def invite(email: str, *, name: str, grants: Mapping[Account, str], by: User, at: datetime) -> tuple[Invitation, str]:
    """Invite somebody, and write them an e-mail where e-mails leave. An open invitation to the same address ends, where `by` may end it.

    Args:
        grants: the preset ("operator", "approver", "manager") for each account.

    Returns:
        The invitation, and its link, which exists nowhere else and can be shown only now.

    Raises:
        ValidationError: it is no e-mail address.
        AlreadyHere: the address has a login.
        AlreadyInvited: an invitation is open that `by` may not end.
        PermissionDenied: `by` does not manage one of the accounts. Only a superuser invites to none.
    """
    validate_email(email)
    if not may_invite_to(grants, by=by):
        raise PermissionDenied
    with transaction.atomic():
        # A row that is always there, locked, so that of two invitations at once one is open afterwards.
        ContentType.objects.select_for_update().get(app_label="accounts", model="invitation")
        if user := User.objects.filter(email__iexact=email).first():
            raise AlreadyHere(user)
        for earlier in Invitation.objects.open(at).filter(email__iexact=email):
            if not may_revoke(earlier, by=by):
                raise AlreadyInvited
            _close(earlier, by=by, at=at)
        invitation, link = _make(email, one_line(name), by, at)
        InvitedGrant.objects.bulk_create(InvitedGrant(invitation=invitation, account=account, preset=preset) for account, preset in grants.items())
        _record("made", invitation, grants, by=by, at=at)
        _write_to(invitation, link, at)
    return invitation, link


def renew(invitation: Invitation, *, by: User, at: datetime) -> tuple[Invitation, str]:
    """Invite the same person to the same accounts with a new link; the old one ends.

    Raises:
        AlreadyHere, AlreadyInvited, PermissionDenied: as for a new one.
    """
    grants = {granted.account: granted.preset for granted in invitation.grants.select_related("account")}
    return invite(invitation.email, name=invitation.name, grants=grants, by=by, at=at)


def revoke(invitation: Invitation, *, by: User, at: datetime) -> bool:
    """End an invitation before somebody accepts it. False where it had ended.

    Raises:
        PermissionDenied: `by` neither wrote it nor manages an account that it leads to.
    """
    if not may_revoke(invitation, by=by):
        raise PermissionDenied
    with transaction.atomic():
        return _close(invitation, by=by, at=at)


def find(text: str) -> Invitation | None:
    """The invitation with this secret in its link, open or not."""
    found = Invitation.objects.select_related("by").filter(digest=_digest(text)).first()
    if found:
        remember(text)  # should this request break, no report of it repeats the address
    return found


def accept(invitation: Invitation, *, name: str, password: str, at: datetime) -> User:
    """Make the login and give it what the inviter may still give. Of two at once, one is let in.

    Raises:
        InvitationClosed: with the reason.
    """
    with transaction.atomic():
        invitation = Invitation.objects.select_for_update(of=("self",)).select_related("by").get(pk=invitation.pk)
        if why := why_closed(invitation, at):
            raise InvitationClosed(why)
        user = _new_user(invitation, one_line(name), password)
        Invitation.objects.filter(pk=invitation.pk).update(accepted_at=at, accepted_by=user)
        for granted in still_given(invitation):
            give_preset(user, granted.preset, account=granted.account, by=invitation.by, at=at)
        Activity.record("invitation.accepted", invitation, by=user, at=at)
        withdraw(mail_key(invitation), at=at)
    user.refresh_from_db()
    return user


def why_closed(invitation: Invitation, at: datetime) -> Closed | None:
    """Why it lets nobody in; None where it is open."""
    if invitation.accepted_at:
        return Closed.ACCEPTED
    if invitation.revoked_at:
        return Closed.REVOKED
    if invitation.expires_at <= at:
        return Closed.EXPIRED
    if User.objects.filter(email__iexact=invitation.email).exists():
        return Closed.HERE
    by = invitation.by
    return None if by.is_active and (by.is_superuser or still_given(invitation).exists()) else Closed.VOID


def still_given(invitation: Invitation) -> QuerySet[InvitedGrant]:
    """What the inviter may still give: they may have lost an account since."""
    managed = Account.objects.where(invitation.by, Right.MANAGE)
    return invitation.grants.filter(account__in=managed).select_related("account").order_by("account__name", "pk")


def may_invite_to(accounts: Iterable[Account], *, by: User) -> bool:
    wanted = {account.pk for account in accounts}
    return by.is_superuser or (bool(wanted) and Account.objects.where(by, Right.MANAGE).filter(pk__in=wanted).count() == len(wanted))


def may_revoke(invitation: Invitation, *, by: User) -> bool:
    return by.is_superuser or invitation.by_id == by.pk or invitation.grants.filter(account__in=Account.objects.where(by, Right.MANAGE)).exists()


def mail_key(invitation: Invitation) -> str:
    return f"invitation:{invitation.public_id}"


def mail_of(invitation: Invitation) -> Mail | None:
    """The e-mail with the link, without its words; None where none was written."""
    return Mail.objects.filter(key=mail_key(invitation)).defer("body").first()


def _make(email: str, name: str, by: User, at: datetime) -> tuple[Invitation, str]:
    text = secrets.token_urlsafe(32)
    remember(text)
    invitation = Invitation.objects.create(email=email, name=name, digest=_digest(text), by=by, at=at, expires_at=at + VALID_FOR)
    return invitation, settings.PUBLIC_URL + reverse("invitation-link", args=[text])


def _digest(text: str) -> str:
    """SHA-256 of what the link holds. It carries 256 random bits, so a plain digest cannot be guessed back."""
    return hashlib.sha256(text.encode()).hexdigest()


def _new_user(invitation: Invitation, name: str, password: str) -> User:
    try:
        with transaction.atomic():
            return User.objects.create_user(invitation.email, password, name=name)
    except IntegrityError as error:
        raise InvitationClosed(Closed.HERE) from error


def _close(invitation: Invitation, *, by: User, at: datetime) -> bool:
    moved = bool(Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None).update(revoked_at=at))
    if moved:
        _record("revoked", invitation, [granted.account for granted in invitation.grants.select_related("account")], by=by, at=at)
        withdraw(mail_key(invitation), at=at)
    return moved


def _record(did: str, invitation: Invitation, accounts: Iterable[Account], *, by: User, at: datetime) -> None:
    """One line. It belongs to the account where there is one only, so that who manages it can read it."""
    accounts = list(accounts)
    Activity.record(
        f"invitation.{did}", invitation, by=by, at=at, account=accounts[0] if len(accounts) == 1 else None, accounts=[each.public_id for each in accounts]
    )


def _write_to(invitation: Invitation, link: str, at: datetime) -> None:
    subject = _("%(who)s invites you to Countersign") % {"who": invitation.by}
    write_mail(to=invitation.email, kind="invitation", key=mail_key(invitation), subject=subject, body=_words(invitation, link), at=at)


def _words(invitation: Invitation, link: str) -> str:
    # Names are one line each: nobody writes paragraphs of their own above the link.
    grants = invitation.grants.select_related("account").order_by("account__name")
    lines = [one_line(f"· {granted.account}: {granted.get_preset_display()}") for granted in grants]
    return "\n\n".join(
        part
        for part in (
            _("Hello %(name)s,") % {"name": invitation.name} if invitation.name else _("Hello,"),
            _("%(who)s (%(email)s) invites you to Countersign, the shared inbox at %(address)s.")
            % {"who": one_line(str(invitation.by)), "email": invitation.by.email, "address": settings.PUBLIC_URL},
            "\n".join([_("You will work on:"), *lines]) if lines else "",
            _("Open this link to choose a password. It works once, within seven days; do not pass it on."),
            link,
            _("If you did not expect this, do nothing: without the link nobody gets in."),
        )
        if part
    )
