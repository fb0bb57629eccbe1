"""What stands between people, agents and their work: e-mails that did not leave, invitations that ended, keys that end."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.admin.permissions import managed_accounts
from accounts.mailing import WITHDRAWN
from accounts.models import Invitation, Mail, User
from agents.models import Agent, AgentKey
from config.attention.line import Line

COUNTED = 500
TOLD = 5
SOON = timedelta(days=7)
# What happened longer ago is not news.
RECENT = timedelta(days=14)


def people(user: User, at: datetime) -> Iterator[Line]:
    yield from _mails(user, at)
    yield from _invitations(user, at)
    yield from _keys(user, at)
    if user.is_superuser:
        yield from _left_alone(at)


def _mails(user: User, at: datetime) -> Iterator[Line]:
    failed = Mail.objects.filter(given_up_at__gte=at - RECENT, sent_at=None).exclude(trouble=WITHDRAWN)
    number = (failed if user.is_superuser else failed.filter(account__in=managed_accounts(user))).order_by()[:COUNTED].count()
    if number:
        sentence = ngettext("%d e-mail could not be sent.", "%d e-mails could not be sent.", number) % number
        yield Line(sentence, reverse("admin:accounts_mail_changelist") + "?state=given-up")


def _invitations(user: User, at: datetime) -> Iterator[Line]:
    """Nobody followed them while they could: whoever invited may want to do so again."""
    newer = Invitation.objects.filter(email__iexact=OuterRef("email"), pk__gt=OuterRef("pk"))
    here = User.objects.filter(email__iexact=OuterRef("email"))
    ended = Invitation.objects.filter(~Exists(newer), ~Exists(here), accepted_at=None, revoked_at=None, expires_at__lte=at, expires_at__gt=at - RECENT)
    number = (ended if user.is_superuser else ended.filter(by=user)).order_by()[:COUNTED].count()
    if number:
        sentence = ngettext("%d invitation ended before anybody accepted it.", "%d invitations ended before anybody accepted them.", number) % number
        yield Line(sentence, reverse("admin:accounts_invitation_changelist") + "?state=expired")


def _keys(user: User, at: datetime) -> Iterator[Line]:
    """Those that end soon and whose place no other key has taken."""
    ending = AgentKey.objects.valid(at).filter(expires_at__lte=at + SOON, replaced_by=None)
    owned = ending if user.is_superuser else ending.filter(agent__owner=user)
    for key in owned.select_related("agent__user").order_by("expires_at")[:TOLD]:
        when = date_format(localtime(key.expires_at), _("j F, H:i"))
        sentence = _("The key “%(key)s” of %(agent)s ends on %(when)s.") % {"key": key.name, "agent": key.agent, "when": when}
        yield Line(sentence, reverse("admin:agents_agent_change", args=[key.agent_id]))


def _left_alone(at: datetime) -> Iterator[Line]:
    """Agents whose owner is gone and may know a key that still lets in."""
    known = AgentKey.objects.valid(at).filter(agent=OuterRef("pk"))
    number = Agent.objects.filter(Exists(known), owner__is_active=False).order_by()[:COUNTED].count()
    if number:
        sentence = ngettext(
            "%d agent has keys in use, and nobody who answers for it: its owner is not active any more.",
            "%d agents have keys in use, and nobody who answers for them: their owners are not active any more.",
            number,
        )
        yield Line(sentence % number, reverse("admin:agents_agent_changelist") + "?needs=owner")
