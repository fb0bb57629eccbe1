"""Texts to copy, each with a button."""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _


def copy_button(target: str, *, label: str = "") -> SafeString:
    """A button that copies the element with this id. It needs static/js/copy.js, and is not there without it."""
    words = _("Copy")
    return format_html(
        '<button type="button" class="copy-button" data-copy="#{}" data-copied="{}" aria-label="{}" hidden>{}</button>',
        target, _("Copied"), label or words, words,
    )  # fmt: skip


def to_copy(text: str, *, id: str, label: str = "") -> SafeString:
    """One line of text that a click selects, and its button."""
    return format_html('<span class="copying"><code class="copy" id="{}">{}</code> {}</span>', id, text, copy_button(id, label=label))
