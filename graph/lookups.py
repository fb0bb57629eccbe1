"""Who is who at Meta: the account of a token, a contact, the Pages of a person."""

from collections.abc import Mapping
from typing import Any

from graph.caller import Caller, required
from graph.errors import PermissionMissing
from graph.ids import checked_number
from graph.networks import Login, Network
from graph.paging import every_part
from graph.profiles import AccountProfile, ContactProfile, ManagedPage
from graph.readers import items, mapping

_CONTACT_FIELDS = {
    Network.MESSENGER: "first_name,last_name,name,profile_pic",
    Network.INSTAGRAM: "name,username,profile_pic",
}
_PAGE_FIELDS = "id,name"
_LINKED_FIELDS = "id,name,instagram_business_account{id,username,name}"
_INSTAGRAM_LOGIN_FIELDS = "user_id,username,name"
_MANAGED_FIELDS = "id,name,access_token,tasks,instagram_business_account{id,username}"


class Lookups(Caller):
    def account(self) -> AccountProfile:
        """Whose token this is. Raises PermissionMissing when the Page has no Instagram account linked to it."""
        answer = self._get("me", fields=self._account_fields)
        profile = self._own_profile(_first_of_list(answer.fields))
        required(profile.id, answer)
        return profile

    def contact(self, contact_id: str) -> ContactProfile:
        """What Meta shows of a contact: nothing for those it protects, and without the feature to see profiles.

        Source: Meta, User Profile API reference; Instagram Platform, "User profile".
        """
        return ContactProfile.read(self._get(checked_number(contact_id), fields=_CONTACT_FIELDS[self.network]).fields)

    def pages(self) -> list[ManagedPage]:
        """The Pages that a person looks after, each with a token of its own. The client must have the person's token.

        Source: Meta, Graph API reference, "User accounts".
        """
        parts = every_part(lambda after: self._get("me", "accounts", fields=_MANAGED_FIELDS, limit="100", after=after).fields)
        found = [ManagedPage.read(mapping(page)) for part in parts for page in items(part.get("data"))]
        return list({page.id: page for page in found if page.id}.values())

    @property
    def _account_fields(self) -> str:
        if self.login is Login.INSTAGRAM:
            return _INSTAGRAM_LOGIN_FIELDS
        return _LINKED_FIELDS if self._is_instagram_through_a_page else _PAGE_FIELDS

    def _own_profile(self, answer: Mapping[str, Any]) -> AccountProfile:
        if self.login is Login.INSTAGRAM:
            # `id` is another one there, scoped to the app; webhooks and sending know the account by `user_id`.
            return AccountProfile.read(answer, key="user_id")
        return AccountProfile.read(_linked(answer) if self._is_instagram_through_a_page else answer, key="id")


def _first_of_list(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Instagram Login's own page on `/me` shows the answer inside a list; both forms are read."""
    return next(map(mapping, items(body.get("data"))), body)


def _linked(page: Mapping[str, Any]) -> Mapping[str, Any]:
    linked = mapping(page.get("instagram_business_account"))
    if not linked:
        raise PermissionMissing("The Page has no Instagram account linked to it.", code=100, subcode=2534013)
    return linked
