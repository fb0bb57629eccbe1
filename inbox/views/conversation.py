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
    mark_seen(opened, by=person(request))
    return conversation_page(request, opened, Composer(opened, person(request)))


def conversation_page(request: Request, opened: Conversation, composer: Composer, status: int = 200) -> HttpResponse:
    """The page, or the conversation alone, with this composer."""
    context: dict[str, Any] = {"conversation": opened, "thread": Thread(opened), "composer": composer}
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "inbox/_conversation.html", context | {"counts": True}, status=status)
    return render(request, "inbox/conversation.html", context | {"page": Page.asked_by(request, open=opened.public_id)}, status=status)


def mark_seen(opened: Conversation, *, by: User) -> None:
    """Write a mark only where something is new, so that looking is a read."""
    if getattr(opened, "unread", 0):
        opened.mark_read(by=by)
