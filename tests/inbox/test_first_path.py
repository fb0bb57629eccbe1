"""The path of one message through the inbox, in both directions, at the level of verbs and workers."""

from inbox.content import Content
from inbox.models import Dispatch


def test_what_a_contact_writes_becomes_a_message(cast):
    conversation = cast.conversation(cast.amina)
    assert [message.text for message in conversation.messages.all()] == ["Hi! Is the Yirgacheffe back in stock?"]
    assert conversation.window_cause == "message"


def test_a_reply_reaches_meta_once_and_its_echo_changes_nothing(cast):
    conversation = cast.conversation(cast.amina)
    message = conversation.reply(Content(text="Yes, a fresh batch."), by=cast.bob)
    cast.settle()
    assert [each["text"] for each in cast.received(cast.amina)] == ["Yes, a fresh batch."]
    message.refresh_from_db()
    assert message.dispatch.state == Dispatch.State.SENT
    assert message.mid
    assert conversation.messages.count() == 2


def test_an_instagram_reply_reaches_meta_once_and_its_echo_changes_nothing(cast):
    conversation = cast.conversation(cast.noor)
    message = conversation.reply(Content(text="Two seats are left."), by=cast.bob)
    cast.settle()
    assert [each["text"] for each in cast.received(cast.noor)] == ["Two seats are left."]
    message.refresh_from_db()
    assert message.dispatch.state == Dispatch.State.SENT
    assert conversation.messages.count() == 2
