"""Which app a message was written in that did not leave from here."""

from django import template

from graph.apps import app_name
from graph.readers import words
from inbox.models import Message

register = template.Library()


@register.filter
def app_of(message: Message) -> str:
    """What people call it; "" where nobody knows."""
    return app_name(words(message.about.get("app")))
