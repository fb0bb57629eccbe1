"""What the header shows on every page."""
from django.http import HttpRequest


def header(request: HttpRequest) -> dict[str, object]:
    return {}
