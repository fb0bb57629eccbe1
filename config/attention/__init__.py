"""What needs an admin's attention now, in sentences with a way to the rows. Everything is bounded: the page opens often."""

from typing import cast

from django.http import HttpRequest

from accounts.models import User
from config.attention.accounts import accounts
from config.attention.apps import apps
from config.attention.installation import installation
from config.attention.line import Line
from config.attention.people import people
from config.attention.waiting import waiting
from core.clock import now

__all__ = ["Line", "attention"]


def attention(request: HttpRequest) -> list[Line]:
    """The lines for this person: what is theirs to mend, worst first."""
    user, at = cast(User, request.user), now()
    lines = [*accounts(user, at), *waiting(user, at), *people(user, at)]
    if user.is_superuser:
        lines += [*apps(at), *installation(at)]
    return sorted(lines, key=lambda line: line.rank)
