"""Where somebody who asked to be forgotten can see how far it is. Public, and without a word about who it is."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox.models import DeletionRequest

# By what they are counted as in a request.
KINDS: tuple[tuple[str, str | Promise], ...] = (
    ("contacts", _("Your name, as Meta told it")),
    ("messages", _("The words of messages, in both directions")),
    ("files", _("Pictures, voice messages and files, with our copies")),
    ("reactions", _("Reactions")),
    ("notes", _("Notes of our colleagues about you")),
    ("drafts", _("Answers to you that were not sent")),
    ("occurrences", _("By which links and advertisements you came")),
    ("events", _("Comments and other events")),
    ("deliveries", _("What Meta had sent us about you, as it came")),
    ("accounts", _("The access to Pages and Instagram accounts that you had connected")),
)


@login_not_required
@never_cache
@require_safe
def deletion(request: HttpRequest, public_id: str) -> HttpResponse:
    """How far one request is. A code that nobody has gets a page that says what to do."""
    asked = DeletionRequest.objects.filter(public_id=public_id).only("public_id", "received_at", "finished_at", "erased").first()
    kinds = [words for name, words in KINDS if asked and asked.erased.get(name)]
    response = render(request, "deletion.html", {"asked": asked, "kinds": kinds}, status=200 if asked else 404)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
