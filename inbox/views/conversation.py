"""One conversation: what was said, and the place to answer."""

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from inbox.drafting import draft_of
from inbox.models import Conversation, ReadMark
from inbox.noting import see_mentions
from inbox.presence import company_in
from inbox.views.access import Request, conversation_for, person
from inbox.views.composer import Composer
from inbox.views.conversations import Page
from inbox.views.plain_forms import asked_for
from inbox.views.standing import is_given_back
from inbox.views.thread import Thread


@require_safe
def conversation(request: Request, public_id: str) -> HttpResponse:
    """The page with the list beside it; as a fragment, the conversation alone."""
    return conversation_page(request, conversation_for(request, public_id))


def conversation_page(request: Request, opened: Conversation, composer: Composer | None = None, status: int = 200, **more: Any) -> HttpResponse:
    """The page, or the conversation alone, with this composer; without one, with what this person left in it."""
    draft = draft_of(opened, person(request)) if composer is None else None
    thread = Thread(opened, at=request.GET.get("at", ""), is_opened=True, files=draft.files if draft else ())
    composer = composer or _composer(request, thread)
    mark_seen(thread, by=person(request))
    context: dict[str, Any] = {"conversation": opened, "thread": thread, "composer": composer, "presence": company_in(opened, to=person(request))} | more
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "inbox/_conversation.html", context | {"counts": True}, status=status)
    # It takes several questions more, and nobody waits for it who came for this conversation.
    request.list_comes_later = True
    return render(request, "inbox/conversation.html", context | {"page": Page.asked_by(request, open=opened.public_id)}, status=status)


def _composer(request: Request, thread: Thread) -> Composer:
    """The place to answer, with what was taken back and is to be written again."""
    opened, again = thread.conversation, request.GET.get("again")
    composer = asked_for(Composer.kept(opened, person(request), stock=thread.between.chosen), request.GET)
    taken_back = opened.dispatches.filter(public_id=again).first() if again else None
    return replace(composer, stock=None).with_words_of(taken_back.message) if taken_back and is_given_back(taken_back) else composer


def mark_seen(thread: Thread, *, by: User) -> None:
    """This person gets to see these lines. A mark is written only where one of them is new, so that looking is a read; and one at a time: the
    browser tells soon that they look, and then the notes are seen (`inbox.views.presence`). Who looks far back sees nothing that is new.
    """
    opened, news = thread.conversation, [message.received_at for message in thread.messages if message.is_inbound and not message.is_history]
    if getattr(opened, "unread", 0) and news and thread.is_newest:
        # What came in while the page was made is not on it.
        ReadMark.advance(opened, by=by, to=max(news))
    elif getattr(opened, "mentions_me", False):
        see_mentions(opened, by=by, since=thread.between.since, until=thread.notes_until)
