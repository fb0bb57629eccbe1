"""A policy in words, as pages of the admin show it."""

from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from agents.policy import in_words

TONES = {"allow": "good", "require_approval": "care", "deny": "bad", "limit": "quiet"}


def shown_in_words(document: Any) -> SafeString:
    """Every rule with what it means; the document itself is a page further."""
    lines = [(line, TONES.get(line.kind, "quiet")) for line in in_words(document)]
    return render_to_string("admin/agents/_policy_words.html", {"lines": lines})
