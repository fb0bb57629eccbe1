"""What becomes of agents' proposals that wait where a person writes themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from inbox.errors import AlreadyMoved, ProposalsWait
from inbox.models import Conversation

CLOSE, KEEP = "close", "keep"


@dataclass(frozen=True)
class Beside:
    """What a person says of the proposals beside their own words.

    Args:
        choice: "close", "keep", or "" where they have not been asked.
        named: public ids of the proposals that they were asked about.
    """

    choice: str = ""
    named: Sequence[str] = ()

    def settle(self, conversation: Conversation, *, by: User, at: datetime) -> None:
        """Do as they said, in the conversation that the caller has locked.

        Raises:
            ProposalsWait: they have to be asked, or one came that they were not asked about.
            AlreadyMoved: a colleague has approved one of them, so that its message leaves as well.
        """
        waiting = waiting_in(conversation)
        if self.choice not in (CLOSE, KEEP):
            return _ask(waiting)
        if approved := conversation.proposals.approved().filter(public_id__in=self.named).first():
            words = _("%(who)s has approved the proposal of %(agent)s meanwhile, and its message leaves. Read it, then send yours if it is still needed.")
            raise AlreadyMoved(words % {"who": approved.decision.by if approved.decision else _("A colleague"), "agent": approved.agent})
        if self.choice == CLOSE:
            _ask([proposal for proposal in waiting if proposal.public_id not in self.named])
            conversation.proposals.awaiting_decision().supersede(by=by, at=at)


def waiting_in(conversation: Conversation) -> list[Any]:
    """The proposals that wait for a decision here, oldest first, with all that their cards show."""
    return conversation.proposals.awaiting_decision().order_by("created_at", "pk").at_once()


def _ask(waiting: Sequence[Any]) -> None:
    if waiting:
        raise ProposalsWait(_("A proposal waits here. Say what becomes of it, then your words go out."))
