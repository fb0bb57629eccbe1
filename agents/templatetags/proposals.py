"""What agents propose in a conversation, for pages that know nothing of agents."""

from typing import Any

from django import template

from agents.views.card import Card
from inbox.beside import waiting_in
from inbox.models import Conversation

register = template.Library()


@register.inclusion_tag("agents/_pending.html", takes_context=True)
def pending_proposals(context: dict[str, Any], conversation: Conversation) -> dict[str, Any]:
    """The cards of everything that waits for a decision in this conversation."""
    waiting = context["composer"].proposals if "composer" in context else waiting_in(conversation)
    cards = [Card(proposal, conversation, context["user"], "conversation") for proposal in waiting]
    return {"cards": cards, "user": context["user"], "thread": context.get("thread"), "csrf_token": context.get("csrf_token")}
