"""What Meta posts about people rather than from them: somebody removed the app, or wants to be forgotten.

Source: Meta, App Development, "Deauthorize callback" and "Data deletion request callback".
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.connection import deauthorise
from accounts.models import MetaApp
from core.clock import now
from graph.signed_request import LONGEST, BadSignedRequest, SignedRequest, read_signed_request
from inbox.forgetting import ask
from inbox.webhooks.refusals import Reason, refusals

# What was signed longer ago is a repetition, whoever sends it.
FRESH_FOR = timedelta(hours=1)
LARGEST_FORM = 64 * 1024


class Refused(Exception):
    """Not Meta's word, or an old one."""


@csrf_exempt
@login_not_required
@require_POST
def deauthorisation(request: HttpRequest, public_id: str) -> HttpResponse:
    """Whoever connected an account has removed the app: its token is dead."""
    app = get_object_or_404(MetaApp, public_id=public_id)
    try:
        said = _fresh(_signed(request, app), now())
    except Refused as refusal:
        return _turned_away(refusal)
    deauthorise(app, said.user_id, at=now(), said_at=said.issued_at)
    return HttpResponse("Noted.", content_type="text/plain; charset=utf-8")


@csrf_exempt
@login_not_required
@require_POST
def deletions(request: HttpRequest, public_id: str) -> HttpResponse:
    """Somebody wants to be forgotten. The worker does it; where to look how far it is, is the answer.

    However old the request is: to forget somebody late is better than not at all.
    """
    app = get_object_or_404(MetaApp, public_id=public_id)
    try:
        said = _signed(request, app)
    except Refused as refusal:
        return _turned_away(refusal)
    asked = ask(app, said.user_id, at=now())
    return JsonResponse({"url": f"{settings.PUBLIC_URL.rstrip('/')}{asked.get_absolute_url()}", "confirmation_code": asked.public_id})


def _signed(request: HttpRequest, app: MetaApp) -> SignedRequest:
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_FORM:
        # Before anything of it is read: anybody can post here.
        refusals.note(Reason.CALLBACK, size=LARGEST_FORM + 1)
        raise Refused("It is larger than anything that Meta signs.")
    text = request.POST.get("signed_request", "")
    try:
        return read_signed_request(text, secret=app.secret.if_readable())
    except BadSignedRequest as error:
        refusals.note(Reason.CALLBACK, size=min(len(text), LONGEST + 1))
        raise Refused(str(error)) from None


def _fresh(said: SignedRequest, at: datetime) -> SignedRequest:
    """An old one may be a repetition that would break what was connected again since."""
    if said.issued_at and said.issued_at + FRESH_FOR < at:
        refusals.note(Reason.CALLBACK, size=0)
        raise Refused("It was signed more than an hour ago.")
    return said


def _turned_away(refusal: Refused) -> HttpResponse:
    return HttpResponse(str(refusal), status=401, content_type="text/plain; charset=utf-8")
