"""One conversation: what was said, and the place to answer."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from inbox import presence
from inbox.models import Conversation, ReadMark
from inbox.noting import see_mentions
from inbox.views.access import Request, conversation_for, person
from inbox.views.composer import Composer
from inbox.views.conversations import Page
from inbox.views.standing import is_given_back
from inbox.views.thread import Thread


@require_safe
def conversation(request: Request, public_id: str) -> HttpResponse:
    """The page with the list beside it; as a fragment, the conversation alone."""
    opened = conversation_for(request, public_id)
    return conversation_page(request, opened, _composer(request, opened))


def _composer(request: Request, opened: Conversation) -> Composer:
    """The place to answer, with what was taken back and is to be written again."""
    composer, again = Composer.kept(opened, person(request)), request.GET.get("again")
    taken_back = opened.dispatches.filter(public_id=again).first() if again else None
    return composer.with_words_of(taken_back.message) if taken_back and is_given_back(taken_back) else composer


def conversation_page(request: Request, opened: Conversation, composer: Composer, status: int = 200, **more: Any) -> HttpResponse:
    """The page, or the conversation alone, with this composer."""
    thread = Thread(opened, at=request.GET.get("at", ""), is_opened=True)
    mark_seen(thread, by=person(request))
    others = presence.look(opened, by=person(request))
    context: dict[str, Any] = {"conversation": opened, "thread": thread, "composer": composer, "presence": others} | more
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "inbox/_conversation.html", context | {"counts": True}, status=status)
    return render(request, "inbox/conversation.html", context | {"page": Page.asked_by(request, open=opened.public_id)}, status=status)


def mark_seen(thread: Thread, *, by: User) -> None:
    """This person gets to see these lines. A mark is written only where one of them is new, so that looking is a read."""
    opened, shown = thread.conversation, [message.received_at for message in thread.messages if message.is_inbound]
    if getattr(opened, "mentions_me", False):
        see_mentions((note.number for note in thread.between.notes), by=by)
    if getattr(opened, "unread", 0) and shown:
        # What came in while the page was made is not on it.
        ReadMark.advance(opened, by=by, to=max(shown))
