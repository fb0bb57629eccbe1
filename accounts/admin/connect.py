"""The pages on which accounts are connected."""

from typing import Any

from django.contrib.admin import AdminSite


class ConnectPages:
    """The addresses of the pages."""

    def __init__(self, site: AdminSite) -> None:
        self._site = site

    @property
    def urls(self) -> list[Any]:
        return []
