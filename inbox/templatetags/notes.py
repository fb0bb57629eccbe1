"""The words of notes, in which those whom they mention stand out."""

import re
from collections.abc import Sequence

from django import template
from django.utils.html import escape, urlize
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
TAG = re.compile(r"(<[^>]*>)")


@register.filter
def with_mentions(words: str, mentioned: Sequence[str]) -> SafeString:
    """With links, line ends, and the mentions marked: by the whole name or the first one."""
    shown = urlize(words, nofollow=True, autoescape=True).replace("\n", "<br>")
    names = sorted({escape(name) for whole in mentioned for name in (whole, whole.split(" ")[0])}, key=len, reverse=True)
    if names:
        # As `inbox.noting.mentioned_in` reads them; an @ inside an address is none.
        mention = re.compile(rf"(?<![\w/])@(?:{'|'.join(map(re.escape, names))})(?!\w)", re.IGNORECASE)
        shown = "".join(piece if TAG.fullmatch(piece) else mention.sub(r'<span class="mention">\g<0></span>', piece) for piece in TAG.split(shown))
    return mark_safe(shown)  # noqa: S308
