"""A worker that has said that it calls Meta, and has not called yet."""

from accounts.graph import client_for
from inbox import sending
from inbox.content import Content
from inbox.models import Attempt, Dispatch


def hand_over(claimed: Dispatch) -> Attempt | None:
    """The step just before the call, for a message without files."""
    content = Content.of(claimed.message)
    letter = sending.Letter(client_for(claimed.account), content.outgoing(), claimed, content.reply_to_mid)
    return sending._hand_over(claimed, letter)
