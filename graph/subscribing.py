"""Which of an account's events Meta sends to our app."""

import re
from collections.abc import Collection, Iterable, Mapping

from graph.caller import Caller
from graph.errors import NotFound, PermissionMissing, Rejected
from graph.readers import flag, items, mapping, text_id, words

_EDGE = "subscribed_apps"
_REFUSED = re.compile(r"subscribed_fields\[(\d+)\]")


class Subscribing(Caller):
    """An Instagram account that was connected through a Page is subscribed with its Page.

    Source: Meta, Graph API reference, "Page subscribed_apps"; Instagram Platform, "Webhooks".
    """

    def subscriptions(self, *, app_id: str = "") -> tuple[str, ...]:
        """The fields that are subscribed, by this app alone where its id is given; empty where nothing is."""
        answer = self._get(self.node, _EDGE)
        apps = [app for app in map(mapping, items(answer.fields.get("data"))) if not app_id or text_id(app.get("id")) == app_id]
        return tuple(dict.fromkeys(field_name(field) for app in apps for field in items(app.get("subscribed_fields"))))

    def subscribe(self, fields: Iterable[str]) -> None:
        """Takes the place of what was subscribed before. Raises Rejected for a field that this kind of account does not have."""
        succeeded(self._post(_EDGE, data={"subscribed_fields": ",".join(fields)}).fields)

    def subscribe_most(self, fields: Iterable[str], *, needed: Collection[str]) -> tuple[str, ...]:
        """As many of these as Meta gives: kinds of accounts, versions and permissions differ. Returns those that are subscribed now.

        A field that Meta names as unknown is left out; where it refuses without naming one, only what is needed is asked for.
        Raises what `subscribe` raises where it does not give that either.
        """
        wanted = list(dict.fromkeys(fields))
        while not set(wanted) <= set(needed):
            try:
                self.subscribe(wanted)
                return tuple(wanted)
            except NotFound:
                raise
            except (Rejected, PermissionMissing) as error:
                wanted = _without_refused(wanted, str(error), needed)
        self.subscribe(wanted)
        return tuple(wanted)

    def unsubscribe(self) -> None:
        """Meta sends nothing of this account any more."""
        succeeded(self._connection.call("DELETE", self.node, _EDGE).fields)


def _without_refused(wanted: list[str], sentence: str, needed: Collection[str]) -> list[str]:
    """Meta counts the fields from 0, in whatever language its sentence is."""
    found = _REFUSED.search(sentence)
    index = int(found[1]) if found else len(wanted)
    if index < len(wanted) and wanted[index] not in needed:
        return wanted[:index] + wanted[index + 1 :]
    return [field for field in wanted if field in needed]


def field_name(field: object) -> str:
    """Meta writes a field as its name, or as an object with its version."""
    return words(field) or words(mapping(field).get("name"))


def succeeded(fields: Mapping[str, object]) -> None:
    """Raises Rejected where Meta says, without an error, that it did nothing."""
    if "success" in fields and not flag(fields["success"]):
        raise Rejected("Meta answered that it did not do this.")
