"""Handing messages to Meta, and the small gestures beside them."""

from dataclasses import dataclass
from typing import Any

from graph.answers import Answer
from graph.caller import Caller
from graph.errors import OutcomeUnknown
from graph.ids import checked_number
from graph.networks import Network
from graph.payloads import Action, Album, Media, MediaKind, Outgoing, action_body, message_body
from graph.readers import text_id

# Instagram calls its reaction by name; Messenger wants the sign itself.
_SIGNS = {"love": "\u2764\ufe0f"}


@dataclass(frozen=True)
class Sent:
    """Meta accepted the message. It leaves `recipient_id` empty at times, and `attachment_id` mostly."""

    message_id: str
    recipient_id: str
    trace_id: str
    attachment_id: str = ""
    status: int = 200


class Sending(Caller):
    """Meta has no idempotency key, so nothing here is ever tried twice."""

    def send(self, outgoing: Outgoing, *, to: str, metadata: str | None = None, human_agent: bool = False, reply_to: str = "") -> Sent:
        """Hands one message to Meta, once. After OutcomeUnknown the message may be there.

        Source: Meta, Send API reference, "Request" and "Response".

        Raises:
            ValueError: an id that cannot be one, or content that has no form on this network.
            GraphError: Meta did not take it, or gave no answer that says so.
        """
        body = self.body(outgoing, to=to, metadata=metadata, human_agent=human_agent, reply_to=reply_to)
        patience = self._media_timeout if _is_fetched_slowly(outgoing) else None
        return _sent(self._post("messages", json=body, sending=True, read_timeout=patience))

    def body(self, outgoing: Outgoing, *, to: str, metadata: str | None = None, human_agent: bool = False, reply_to: str = "") -> dict[str, Any]:
        """The JSON that `send` hands over, without handing it over.

        Raises:
            ValueError: as for `send`.
        """
        return message_body(
            outgoing,
            to=checked_number(to),
            network=self.network,
            metadata=metadata,
            human_agent=human_agent,
            reply_to=reply_to,
            media_share=self._media_share,
        )

    def react(self, mid: str, *, to: str, reaction: str = "love") -> None:
        """Put a reaction on a message: `love` on Instagram, there and on Messenger a heart; Messenger takes any emoji.

        Source: Meta, Messenger Platform and Instagram Platform, "Reactions".
        """
        sign = _SIGNS.get(reaction, reaction) if self.network is Network.MESSENGER else reaction
        self._act("react", to=to, mid=_named(mid), reaction=sign)

    def unreact(self, mid: str, *, to: str) -> None:
        self._act("unreact", to=to, mid=_named(mid))

    def show_typing(self, *, to: str, on: bool = True) -> None:
        """Meta takes the sign away after twenty seconds, or with the message."""
        self._act("typing_on" if on else "typing_off", to=to)

    def mark_seen(self, *, to: str) -> None:
        """Shows the contact that all they wrote was seen."""
        self._act("mark_seen", to=to)

    def _act(self, action: Action, *, to: str, mid: str = "", reaction: str = "") -> None:
        """Doing it twice is as doing it once, so a lost answer is a passing trouble and no unknown outcome."""
        self._post("messages", json=action_body(action, to=checked_number(to), mid=mid, reaction=reaction))


def _named(mid: str) -> str:
    if not mid:
        raise ValueError("A reaction needs the id of a message.")
    return mid


def _is_fetched_slowly(outgoing: Outgoing) -> bool:
    """Meta fetches films for up to 75 seconds and pictures for ten, of which an album has up to ten.

    Source: Meta, Send API reference, "Attachments".
    """
    match outgoing:
        case Media(kind=MediaKind.VIDEO):
            return not outgoing.attachment_id
        case Album():
            return not all(image.attachment_id for image in outgoing.images)
        case _:
            return False


def _sent(answer: Answer) -> Sent:
    """A 200 that names no message leaves open whether there is one."""
    message_id = text_id(answer.fields.get("message_id"))
    if not message_id:
        raise OutcomeUnknown("Meta's answer names no message.", status=answer.status, trace_id=answer.trace_id)
    return Sent(
        message_id=message_id,
        recipient_id=text_id(answer.fields.get("recipient_id")),
        trace_id=answer.trace_id,
        attachment_id=text_id(answer.fields.get("attachment_id")),
        status=answer.status,
    )
