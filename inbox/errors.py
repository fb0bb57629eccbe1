"""Why a verb refused, each in a sentence for people."""

from collections.abc import Iterable

from django.utils.translation import gettext as _


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


class AccountUnavailable(Refused):
    """The account is disconnected."""

    code = "account_unavailable"


class AlreadyMoved(Refused):
    """Somebody or something else was faster."""

    code = "conflict"
