"""What people do: begin to connect, come back from Meta, choose, look again, call it off. The calls to Meta are a worker's."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.connecting.addresses import return_address
from accounts.connecting.found import Found
from accounts.connecting.kept import Kept
from accounts.connecting.rules import check_may_connect, may_connect
from accounts.models import Account, Activity, ConnectionRequest, MetaApp, User
from core.wake import wake
from graph.logins import dialog_url
from graph.networks import Login
from graph.scopes import ASKED_SCOPES

Method, State = ConnectionRequest.Method, ConnectionRequest.State
# After that nobody comes back, and what is kept in secret goes.
PATIENCE = timedelta(hours=1)
LONGEST_HISTORY = 3650
_TOKEN = re.compile(r"[!-~]{8,2000}")
_APP_TOKEN = re.compile(r"[0-9]+\|.*")
_WORD = re.compile(r"[^A-Za-z0-9_]")


def begin_login(app: MetaApp, *, method: str, by: User, at: datetime, account: Account | None = None) -> ConnectionRequest:
    """Somebody is about to log in at Meta; `login_address` says where.

    Raises:
        PermissionDenied: they may not connect this.
        ValidationError: this app cannot be used for it.
    """
    check_may_connect(by, account)
    if account is None and app.kind != method:
        raise ValidationError(_("This login needs an app of the other kind."))
    if account is not None and (account.meta_app_id, account.login) != (app.pk, method):
        raise ValidationError(_("This account is connected through another app or another login."))
    if not app.app_id.isdecimal():
        raise ValidationError(_("The id of the app is no number. Correct it on the page of the app first."))
    return _begin(app, method, by=by, at=at, account=account, state=State.BEGUN)


def login_address(request: ConnectionRequest) -> str:
    """The dialog at Meta. Our `state` in it is the request's public id, by which we know the person again."""
    login, app = Login(request.method), request.meta_app
    return dialog_url(
        app.app_id,
        login=login,
        login_url=settings.META_LOGIN_URLS[login],
        redirect_uri=return_address(request.method),
        state=request.public_id,
        scopes=ASKED_SCOPES[login],
        config_id=app.config_id,
        version=settings.GRAPH_VERSION,
    )


def begin_token(token: str, *, app: MetaApp | None, by: User, at: datetime, account: Account | None = None) -> ConnectionRequest:
    """Somebody has pasted a token. Without an app the worker finds out which one made it.

    Raises:
        PermissionDenied: they may not connect this.
        ValidationError: this cannot be such a token, or there is no app.
    """
    check_may_connect(by, account)
    text = _checked_token(token)
    used = account.meta_app if account else app or MetaApp.objects.order_by("pk").first()
    if used is None:
        raise ValidationError(_("Add a Meta app first: a token belongs to the app that it was made for."))
    kept = Kept(token=text, app=app.public_id if app else "")
    return _begin(used, Method.TOKEN, by=by, at=at, account=account, state=State.LOOKING, secret=kept.written())


def return_from_login(request: ConnectionRequest, *, code: str, by: User, at: datetime) -> bool:
    """Meta has sent the person back. False where they came back before. Who may not connect this any more finds it ended."""
    if not may_connect(by, request.account):
        return _end(request, State.BEGUN, error="not_allowed", facts={}, by=by, at=at)
    with transaction.atomic():
        # Instagram ends what it sends back with "#_" (Instagram Platform, "Business Login").
        kept = Kept(code=code.removesuffix("#_"))
        moved = request.move(State.BEGUN, to=State.LOOKING, secret=kept.written(), lease_until=None)
        if moved:
            wake("connect")
    return moved


def refuse_from_login(request: ConnectionRequest, *, told: Mapping[str, str], by: User, at: datetime) -> bool:
    """Meta has sent the person back without a code: they cancelled, or Meta refused. False where they came back before."""
    cancelled = told.get("error") == "access_denied"
    why = {} if cancelled else {"meta": _WORD.sub("", told.get("error_code") or told.get("error_reason") or told.get("error", ""))[:40]}
    return _end(request, State.BEGUN, error="cancelled_at_meta" if cancelled else "login_refused", facts=why, by=by, at=at)


def choose(request: ConnectionRequest, ids: Iterable[str], *, history_days: int | None, by: User, at: datetime) -> bool:
    """These are to be connected, with so many days of history: 0 none, None everything. False where it is too late.

    Raises:
        PermissionDenied: they may not connect this any more.
        ValidationError: nothing is chosen, or something that cannot be.
    """
    check_may_connect(by, request.account)
    wanted = set(ids)
    chosen = [found for found in map(Found.read, request.found) if found.key in wanted]
    if not chosen or len(chosen) != len(wanted) or any(found.problems for found in chosen):
        raise ValidationError(_("Choose at least one account that can be connected."))
    if history_days is not None and not 0 <= history_days <= LONGEST_HISTORY:
        raise ValidationError(_("Choose how far back history is read."))
    with transaction.atomic():
        keys = [{"key": found.key} for found in chosen]
        moved = request.move(State.CHOOSING, to=State.SAVING, chosen=keys, history_days=history_days, lease_until=None)
        if moved:
            Activity.record("connection.chosen", request, by=by, at=at, account=request.account, number=len(keys))
            wake("connect")
    return moved


def look_again(request: ConnectionRequest, *, by: User, at: datetime) -> bool:
    """Something was put right at Meta meanwhile. False where it is too late."""
    check_may_connect(by, request.account)
    with transaction.atomic():
        moved = request.move(State.CHOOSING, to=State.LOOKING, lease_until=None)
        if moved:
            wake("connect")
    return moved


def cancel(request: ConnectionRequest, *, by: User, at: datetime) -> bool:
    """Call it off. What was saved already stays; False where it is over already, or being saved."""
    return _end(request, State.BEGUN, State.LOOKING, State.CHOOSING, error="cancelled", facts={}, by=by, at=at)


def end_forgotten(at: datetime) -> bool:
    """End a request that nobody finished in time, so that its secrets go. False where there is none.

    What is being saved is ended by the worker that takes it, which knows what was saved already.
    """
    over = ConnectionRequest.objects.filter(at__lt=at - PATIENCE).exclude(state__in=(State.SAVING, State.DONE, State.FAILED))
    for request in over.exclude(lease_until__gt=at).select_related("account", "by").order_by("pk")[:1]:
        return _end(request, request.state, error="forgotten", facts={}, by=None, at=at)
    return False


def _begin(app: MetaApp, method: str, *, by: User, at: datetime, account: Account | None, state: str, **more: object) -> ConnectionRequest:
    with transaction.atomic():
        request = ConnectionRequest.objects.create(by=by, method=method, meta_app=app, account=account, state=state, at=at, **more)
        Activity.record("connection.begun", request, by=by, at=at, account=account, method=method)
        if state == State.LOOKING:
            wake("connect")
    return request


def _end(request: ConnectionRequest, *states: str, error: str, facts: dict[str, str], by: User | None, at: datetime) -> bool:
    with transaction.atomic():
        moved = request.move(*states, to=State.FAILED, secret="", lease_until=None, finished_at=at, error=error, error_facts=facts)
        if moved:
            Activity.record("connection.failed", request, by=by, at=at, account=request.account, why=error)
    return moved


def _checked_token(token: str) -> str:
    """The token without the blanks that come along when one copies. The sentences never repeat it."""
    text = "".join(token.split())
    if _APP_TOKEN.fullmatch(text):
        sentence = _("This is the token of an app itself, which speaks for no account. Paste that of a person, a Page or an Instagram account.")
        raise ValidationError(sentence)
    if not _TOKEN.fullmatch(text):
        raise ValidationError(_("This cannot be an access token. Copy it once more, from its first letter to its last."))
    return text
