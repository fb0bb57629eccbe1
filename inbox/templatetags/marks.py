"""What a page shows gets a mark, so that a refresh that would bring the same brings nothing."""

from hashlib import blake2b

from django import template
from django.template.base import NodeList, Parser, Token
from django.template.context import Context

register = template.Library()


class Marked(template.Node):
    """What stands here, and what a fragment brings for elsewhere on the page, which the whole page shows at its place.

    The mark is left with the request, and changes with any letter of either.
    """

    def __init__(self, here: NodeList, elsewhere: NodeList) -> None:
        self._here, self._elsewhere = here, elsewhere

    def render(self, context: Context) -> str:
        request, here, elsewhere = context["request"], self._here.render(context), self._elsewhere.render(context)
        request.list_mark = blake2b(f"{here}{elsewhere}".encode(), digest_size=9).hexdigest()
        return here + elsewhere if request.htmx else here


@register.tag
def marked(parser: Parser, token: Token) -> Marked:
    """`{% marked %}…{% elsewhere %}…{% endmarked %}`"""
    here = parser.parse(("elsewhere",))
    parser.delete_first_token()
    elsewhere = parser.parse(("endmarked",))
    parser.delete_first_token()
    return Marked(here, elsewhere)
