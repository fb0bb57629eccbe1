"""One conversation: what was said, and the place to answer."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from inbox.models import Conversation
from inbox.views.access import Request, conversation_for, person
from inbox.views.composer import Composer
from inbox.views.conversations import Page
from inbox.views.thread import Thread


@require_safe
def conversation(request: Request, public_id: str) -> HttpResponse:
    """The page with the list beside it; as a fragment, the conversation alone."""
    opened = conversation_for(request, public_id)
    return conversation_page(request, opened, Composer(opened, person(request)))


def conversation_page(request: Request, opened: Conversation, composer: Composer, status: int = 200) -> HttpResponse:
    """The page, or the conversation alone, with this composer."""
    thread = Thread(opened)
    mark_seen(thread, by=person(request))
    context: dict[str, Any] = {"conversation": opened, "thread": thread, "composer": composer}
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "inbox/_conversation.html", context | {"counts": True}, status=status)
    return render(request, "inbox/conversation.html", context | {"page": Page.asked_by(request, open=opened.public_id)}, status=status)


def mark_seen(thread: Thread, *, by: User) -> None:
    """This person gets to see these lines. A mark is written only where one of them is new, so that looking is a read."""
    opened, shown = thread.conversation, [message.received_at for message in thread.messages if message.is_inbound]
    if not getattr(opened, "unread", 0) or not shown:
        return
    # What came in while the page was made is not on it.
    opened.mark_read(by=by, at=max(shown))
