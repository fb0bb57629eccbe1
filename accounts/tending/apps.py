"""Looks after an app at Meta: our public address, what Meta lets the app do, and where it sends webhooks."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.connecting.setup import OBJECTS
from accounts.lines.door import callback_url
from accounts.models import Activity, MetaApp
from accounts.tending.door import is_public, look_at_door
from accounts.tending.looking import app_client
from accounts.tending.troubles import PASSING, trouble_code
from core.clock import now
from graph.app_client import AppClient, AppSubscription
from graph.errors import AppRefused, GraphError, PermissionMissing, Rejected, TokenInvalid
from graph.networks import Login
from graph.subscription_fields import SUBSCRIBED_FIELDS


def look_after(app: MetaApp) -> bool:
    """Do what was asked for, then look. False where Meta could not tell everything just now."""
    MetaApp.objects.filter(pk=app.pk).update(door=look_at_door(), door_at=now())
    trouble = _subscribe(app) if "subscribe" in app.wants else ""
    told, unknown = _told(app)
    values = told | {"trouble": trouble or unknown} | ({} if unknown else {"checked_at": now()})
    MetaApp.objects.filter(pk=app.pk).update(**values)
    return not {trouble, unknown} & PASSING


def _told(app: MetaApp) -> tuple[dict[str, Any], str]:
    """What Meta tells of the app, and why it does not tell more."""
    try:
        with app_client(app) as client:
            return {"permissions": dict(client.permissions()), "subscriptions": [_written(each) for each in client.subscriptions()]}, ""
    except (GraphError, ValueError) as error:
        return {}, _code(app, error)


def _written(subscription: AppSubscription) -> dict[str, Any]:
    return {
        "object": subscription.object, "callback_url": subscription.callback_url, "fields": list(subscription.fields), "is_active": subscription.is_active,
    }  # fmt: skip


def _code(app: MetaApp, error: GraphError | ValueError) -> str:
    """None of Meta's pages says that an Instagram app can be asked, so that it refuses tells nothing about the secret."""
    if app.kind == Login.INSTAGRAM and isinstance(error, (AppRefused, TokenInvalid, Rejected, PermissionMissing)):
        return "untold"
    return "app_secret" if isinstance(error, (TokenInvalid, ValueError)) else trouble_code(error)


def _subscribe(app: MetaApp) -> str:
    """Have Meta send the app's webhooks here. Returns "" or the code of what went wrong; what passes is tried again."""
    try:
        with app_client(app) as client:
            _order(client, app)
    except (GraphError, ValueError) as error:
        code = _refusal(app, error)
        if code not in PASSING:
            _end_want(app)
        return code
    _end_want(app, done_at=now())
    return ""


def _order(client: AppClient, app: MetaApp) -> None:
    """An app without Instagram refuses that object; the first one it has to take."""
    first, *others = OBJECTS[MetaApp.Kind(app.kind)]
    _order_object(client, app, first)
    for each in others:
        try:
            _order_object(client, app, each)
        except (Rejected, PermissionMissing):
            continue


def _order_object(client: AppClient, app: MetaApp, about: str) -> None:
    client.subscribe(about, callback_url=callback_url(), verify_token=app.verify_token.if_readable(), fields=SUBSCRIBED_FIELDS[about])


def _refusal(app: MetaApp, error: GraphError | ValueError) -> str:
    """Meta calls the address before it answers, and refuses where it does not hear its own word."""
    code = _code(app, error)
    if code == "refused":
        return "callback_refused" if is_public(callback_url()) else "not_public"
    return code


def _end_want(app: MetaApp, *, done_at: datetime | None = None) -> None:
    with transaction.atomic():
        row = MetaApp.objects.select_for_update().get(pk=app.pk)
        MetaApp.objects.filter(pk=row.pk).update(wants=[want for want in row.wants if want != "subscribe"])
        if done_at:
            Activity.record("app.subscribed", row, by=None, at=done_at)
