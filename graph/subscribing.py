"""Which of an account's events Meta sends to our app."""

from collections.abc import Iterable, Mapping

from graph.caller import Caller
from graph.errors import Rejected
from graph.readers import flag, items, mapping, text_id, words

_EDGE = "subscribed_apps"


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

    def unsubscribe(self) -> None:
        """Meta sends nothing of this account any more."""
        succeeded(self._connection.call("DELETE", self.node, _EDGE).fields)


def field_name(field: object) -> str:
    """Meta writes a field as its name, or as an object with its version."""
    return words(field) or words(mapping(field).get("name"))


def succeeded(fields: Mapping[str, object]) -> None:
    """Raises Rejected where Meta says, without an error, that it did nothing."""
    if "success" in fields and not flag(fields["success"]):
        raise Rejected("Meta answered that it did not do this.")
