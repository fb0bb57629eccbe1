"""What happened to one outgoing message: under it in the conversation, and as a page of its own."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inbox.story import Story
from inbox.views.access import Request, conversation_for, dispatch_of_message
from inbox.views.conversations import Page


@require_safe
def story(request: Request, public_id: str) -> HttpResponse:
    dispatch = dispatch_of_message(request, public_id)
    told = Story.of(dispatch)
    if request.htmx:
        return render(request, "inbox/_story.html", {"story": told})
    opened = conversation_for(request, dispatch.conversation.public_id)
    return render(request, "inbox/story.html", {"story": told, "conversation": opened, "page": Page.asked_by(request, open=opened.public_id)})
