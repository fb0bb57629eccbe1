"""Why a verb refused, each in a sentence for people."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from inbox.models import Draft


class Refused(Exception):
    """A verb did nothing, and says why. `code` is for programs (agents, tests), `sentence` for people."""

    code = "refused"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotAllowed(Refused):
    """Whoever asked has no grant for it."""

    code = "not_allowed"

    def __init__(self, sentence: str = "") -> None:
        super().__init__(sentence or _("You may read this account but not write in it."))


class WindowIsClosed(Refused):
    """Meta's messaging window does not let this message out."""

    code = "window_closed"


class ContentRefused(Refused):
    """The content cannot be sent on this network as it stands."""

    code = "invalid"

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = list(sentences)
        super().__init__(" ".join(self.sentences))


class MomentRefused(Refused):
    """A message cannot wait for this moment."""

    code = "moment"


class AccountUnavailable(Refused):
    """The account is disconnected."""

    code = "account_unavailable"


class ContactUnavailable(Refused):
    """Meta does not hand on messages to the contact now."""

    code = "contact_unavailable"


class StillFindingOut(Refused):
    """Meta may still carry out the call that was lost, so the message must not leave once more yet."""

    code = "still_finding_out"

    def __init__(self, until: datetime) -> None:
        until_words = date_format(localtime(until), _("j M, H:i:s"))
        super().__init__(_("Countersign is still finding out whether it arrived. You can send it again from %s on.") % until_words)


class AlreadyMoved(Refused):
    """Somebody or something else was faster."""

    code = "conflict"


class WroteMeanwhile(AlreadyMoved):
    """The contact has said something that was not on the page from which their conversation was to be put away."""

    def __init__(self, who: object) -> None:
        super().__init__(_("%s has written meanwhile. Read it first.") % who)


class WrittenElsewhere(AlreadyMoved):
    """The same person has written something else in the same place, in another window or on another machine."""

    def __init__(self, draft: "Draft") -> None:
        self.draft = draft
        super().__init__(_("Written elsewhere meanwhile."))


class ProposalsWait(AlreadyMoved):
    """Proposals of agents wait where a person writes themselves, and the person has not said what becomes of them."""

    code = "proposals_wait"


class KeyIsSpent(AlreadyMoved):
    """What was written under this idempotency key is another message, or one that will not leave. A form needs a new key to send this."""
