"""One page that answers: who may do what on which account?"""

from typing import Any

from django.contrib.admin import AdminSite


class PeoplePages:
    """The addresses of the grid and of invitations."""

    def __init__(self, site: AdminSite) -> None:
        self._site = site

    @property
    def urls(self) -> list[Any]:
        return []
