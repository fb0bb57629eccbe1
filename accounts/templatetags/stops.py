"""What every header has to know of stops."""

from typing import Any

from django import template
from django.http import HttpRequest

from accounts.models import User
from accounts.stops import Standing, standing

register = template.Library()
NONE = Standing(False, [])


@register.simple_tag(takes_context=True)
def standing_stops(context: dict[str, Any]) -> Standing:
    """How it stands for whoever is signed in; asked once a request, however many parts of the page say it."""
    request = context.get("request")
    user = getattr(request, "user", None)
    if not isinstance(request, HttpRequest) or not isinstance(user, User) or not user.is_authenticated:
        return NONE
    if not hasattr(request, "standing_stops"):
        header = context.get("header")
        request.standing_stops = standing(user, header.accounts if header else None)  # type: ignore[attr-defined]
    return request.standing_stops  # type: ignore[attr-defined,no-any-return]
