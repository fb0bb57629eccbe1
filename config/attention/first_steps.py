"""The way from an empty installation to one that works, while it is new."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Account, Invitation, MetaApp, User
from agents.models import Agent

# Whoever has not taken a step by then does not want to be reminded of it.
NEW_FOR = timedelta(days=30)


@dataclass(frozen=True)
class Step:
    """One step.

    Args:
        is_next: whether it is the first that is not done.
    """

    name: str
    about: str
    address: str
    is_done: bool
    is_next: bool = False


def first_steps(user: User, at: datetime) -> list[Step]:
    """The steps, for whoever sets the installation up; none once all are taken, or once it is old."""
    if not user.is_superuser or not _is_new(at):
        return []
    steps = [Step(name, about, address, is_done) for name, about, address, is_done in _steps(user, at)]
    following = next((step for step in steps if not step.is_done), None)
    if following is None:
        return []
    return [Step(step.name, step.about, step.address, step.is_done, step is following) for step in steps]


def _is_new(at: datetime) -> bool:
    """By its first person; but as long as nothing is connected it stays new."""
    since = User.objects.filter(is_agent=False).order_by("date_joined").values_list("date_joined", flat=True).first()
    return since is None or since > at - NEW_FOR or not Account.objects.exists()


def _steps(user: User, at: datetime) -> list[tuple[str, str, str, bool]]:
    others = User.objects.filter(is_agent=False, is_active=True).exclude(pk=user.pk).exists() or Invitation.objects.open(at).exists()
    heard = Account.objects.filter(~Q(webhook_at=None) | ~Q(polled_at=None)).exists()
    return [
        (
            _("Store your first Meta app"), _("Its id and secret from Meta's dashboard; accounts are connected through it."),
            reverse("admin:accounts_metaapp_add"), MetaApp.objects.exists(),
        ),
        (
            _("Connect your first account"), _("A Facebook Page or an Instagram professional account, by a login at Meta or by a token."),
            reverse("admin:connect"), Account.objects.exists(),
        ),
        (
            _("Hear from Meta for the first time"), _("Write to the account from your own phone; its checklist says what is missing if nothing comes."),
            reverse("admin:accounts_account_changelist"), heard,
        ),
        (_("Let somebody in"), _("Invite a colleague, and say what they may do on which account."), reverse("admin:invite"), others),
        (
            _("Let an agent propose"), _("Software that writes drafts over MCP; nothing of it leaves without a person unless you say so."),
            reverse("admin:agents_agent_add"), Agent.objects.exists(),
        ),
    ]  # fmt: skip
