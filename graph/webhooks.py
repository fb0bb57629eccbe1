"""From the bytes of one webhook to events in our words. Only a body that is not Meta's at all is an error."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graph.changes import change_event
from graph.conversation_events import conversation_event
from graph.events import Event, NotUnderstood, TestReceived
from graph.networks import Network
from graph.origin import Origin
from graph.readers import items, mapping, moment, parse_json, text_id, words

_NETWORKS = {"page": Network.MESSENGER, "instagram": Network.INSTAGRAM}
_LISTS = ("messaging", "standby", "changes")
_TEST_ACCOUNT = "0"


class BadBody(ValueError):
    """The body is not JSON, not an object, or not about a Page or an Instagram account."""


def parse(body: bytes) -> list[Event]:
    """The events in the order in which Meta wrote them. Raises BadBody; any other surprise becomes NotUnderstood.

    Source: Meta, Messenger Platform webhooks, "Event format"; Instagram Platform, "Webhooks", "Examples".
    """
    envelope = _envelope(body)
    if _is_bare_test(envelope):
        return [_test(Origin(Network.INSTAGRAM, "", envelope), mapping(envelope.get("value")))]
    network = _NETWORKS.get(words(envelope.get("object")))
    if network is None:
        raise BadBody("The body is not about a Page or an Instagram account.")
    return list(_envelope_events(network, envelope))


def _envelope(body: bytes) -> Mapping[str, Any]:
    try:
        envelope = parse_json(body)
    except ValueError:
        raise BadBody("The body is not JSON.") from None
    if not isinstance(envelope, Mapping):
        raise BadBody("The body is not a JSON object.")
    return envelope


def _is_bare_test(envelope: Mapping[str, Any]) -> bool:
    """One of the dashboard's buttons posts the change alone, which does not even tell the network."""
    return "object" not in envelope and isinstance(envelope.get("field"), str) and "value" in envelope


def _envelope_events(network: Network, envelope: Mapping[str, Any]) -> Iterator[Event]:
    entries = envelope.get("entry")
    if not isinstance(entries, list):
        yield Origin(network, "", envelope).not_understood("envelope", "It has no list of entries.")
    for entry in items(entries):
        yield from _entry_events(network, entry)


def _entry_events(network: Network, entry: object) -> Iterator[Event]:
    fields = mapping(entry)
    origin = Origin(network, text_id(fields.get("id")), fields, at=moment(fields.get("time")))
    yield from map(_one, _parts(origin, fields))
    yield from _misshapen(origin, fields)


def _misshapen(origin: Origin, fields: Mapping[str, Any]) -> Iterator[NotUnderstood]:
    wrong = [name for name in _LISTS if name in fields and not isinstance(fields[name], list)]
    for name in wrong:
        yield origin.not_understood(name, "It is not a list.")
    if not wrong and "field" not in fields and not any(fields.get(name) for name in _LISTS):
        yield origin.not_understood("entry", "It has no events in any of the known lists.")


@dataclass(frozen=True)
class _Part:
    """One thing inside an entry: an event of a thread, or a change with the field that it is about."""

    origin: Origin
    value: Mapping[str, Any]
    field: str = ""


def _parts(origin: Origin, fields: Mapping[str, Any]) -> Iterator[_Part]:
    """One entry can hold several of the lists. The last form puts a single change into the entry itself."""
    for event in items(fields.get("messaging")):
        yield _Part(origin.of(event), mapping(event))
    for event in items(fields.get("standby")):
        yield _Part(replace(origin.of(event), standby=True), mapping(event))
    for change in items(fields.get("changes")):
        yield _change(origin.of(change), mapping(change))
    if "field" in fields:
        yield _change(origin, fields)


def _change(origin: Origin, change: Mapping[str, Any]) -> _Part:
    field, value = words(change.get("field")) or "change", mapping(change.get("value"))
    if field.startswith("messag") and "recipient" in value:
        return _Part(origin.of(value), value)
    return _Part(origin, value, field)


def _one(part: _Part) -> Event:
    if part.origin.account_id == _TEST_ACCOUNT:
        return _test(part.origin, part.value)
    return change_event(part.origin, part.field, part.value) if part.field else conversation_event(part.origin, part.value)


def _test(origin: Origin, value: Mapping[str, Any]) -> TestReceived:
    at = moment(value.get("timestamp")) or origin.at
    text = words(mapping(value.get("message")).get("text"))
    return TestReceived(
        network=origin.network, account_id=origin.account_id, contact_id=None, at=at, raw=origin.raw, text=text
    )
