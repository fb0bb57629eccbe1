"""The person behind a contact, for the pages that show a conversation."""

from django import template

from inbox.models import Conversation
from inbox.views import linked
from inbox.views.linked import Linked

register = template.Library()


@register.simple_tag
def linked_of(conversation: Conversation) -> Linked:
    return linked.linked_of(conversation)
