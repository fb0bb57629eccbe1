"""Looks at pages as a browser does."""

from typing import Any

from django.test import Client

HTMX = {"HX-Request": "true"}


def page(client: Client, address: str, **how: Any) -> str:
    """The text of a page that must be there."""
    response = client.get(address, **how)
    assert response.status_code == 200, response.status_code
    return str(response.text)
