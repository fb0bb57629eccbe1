"""Why an agent's call did nothing: a code for the program, a sentence for the model, and what helps it to go on."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from inbox.errors import Refused


class CallRefused(Refused):
    """An agent's call did nothing. `details` is JSON and goes to the agent beside the sentence."""

    def __init__(self, sentence: str, **details: Any) -> None:
        super().__init__(sentence)
        self.details = {name: value for name, value in details.items() if value is not None}


class KeyInvalid(CallRefused):
    """The key was revoked or has expired, or its agent is no longer active."""

    code = "key_invalid"

    def __init__(self) -> None:
        super().__init__(_("This key is not valid any more. Ask the owner of the agent for a new one."))


class NotFound(CallRefused):
    """There is no such thing, or none that this agent may know of: it hears the same of both."""

    code = "not_found"


class Denied(CallRefused):
    """A rule, or the lack of a grant, says no."""

    code = "denied"


class Limited(CallRefused):
    """A limit is reached. `retry_at` says when trying again can help, where the clock decides that."""

    code = "limited"

    def __init__(self, sentence: str, *, rule: str, retry_at: datetime | None) -> None:
        super().__init__(sentence, rule=rule, retry_at=retry_at.isoformat(timespec="seconds") if retry_at else None)


class Stopped(CallRefused):
    """A person has stopped agents here. Above every rule."""

    code = "stopped"


class Stale(CallRefused):
    """The contact has written since the message that the agent answers."""

    code = "stale"


class KeyReused(CallRefused):
    """The idempotency key was used before, for something else."""

    code = "conflict"


def agents_off_sentence() -> str:
    """What an agent is told, wherever it asks, of a conversation from which people keep agents out."""
    return _("A person switched agents off in this conversation.")
