"""One page that answers: are all accounts well, and were they?"""

from typing import Any

from django.contrib.admin import AdminSite


class HealthPages:
    """The addresses of the page and its fresh part."""

    def __init__(self, site: AdminSite) -> None:
        self._site = site

    @property
    def urls(self) -> list[Any]:
        return []
