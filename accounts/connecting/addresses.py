"""Our own addresses that Meta has to know."""

from django.conf import settings
from django.urls import reverse


def absolute(path: str) -> str:
    """The address as it is called from outside."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}"


def return_address(method: str) -> str:
    """Where Meta sends a person back after the login; Meta takes only one that was written down in the app's settings, letter by letter."""
    return absolute(reverse("connected", args=[method]))
