"""What holds for every request: it can be stored, its answer stays private, and it speaks a signed-in person's language and time."""

import zoneinfo
from collections.abc import Callable, Iterator

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

Answer = Callable[[HttpRequest], HttpResponse]


def no_nul(get_response: Answer) -> Answer:
    """Refuse a NUL before anything asks the database: PostgreSQL takes none, and nobody types one. Files may hold what they like."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if any("\0" in text for text in _texts(request)):
            raise BadRequest("There is a NUL in this request.")
        return get_response(request)

    return middleware


def private_pages(get_response: Answer) -> Answer:
    """Leave nothing that a signed-in person saw in a cache, unless the view says otherwise."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.user.is_authenticated:
            response.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware


def personal_settings(get_response: Answer) -> Answer:
    """Put a signed-in person's own time zone and language in force for one request."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated and user.language:
            translation.activate(user.language)
            request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(_zone(getattr(user, "time_zone", ""))):
            return get_response(request)

    return middleware


def _texts(request: HttpRequest) -> Iterator[str]:
    """The path, every cookie, and every name and value of the query and the form."""
    yield request.path_info
    yield from request.COOKIES.values()
    for fields in (request.GET, request.POST):
        for name, values in fields.lists():
            yield name
            yield from map(str, values)


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    """The named zone, or the installation's own where the name is empty or unknown to this machine."""
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None
