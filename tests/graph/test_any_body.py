"""No body breaks the parser, however it was mangled: it is refused as none of Meta's, or each of its entries becomes events that hold."""

import json
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, get_args, get_type_hints

from hypothesis import given

from graph.events import Event
from graph.readers import parse_json
from graph.webhooks import BadBody, parse
from tests.inbox.webhook_bodies import CANARY, KNOWN, bounded, mangled_bodies


def _check_fields(value: Any) -> None:
    """Every field is what its annotation says; ids are among those that say `str`."""
    hints = get_type_hints(type(value))
    for each in fields(value):
        _check(getattr(value, each.name), hints[each.name], each.name)


def _check(found: Any, hint: Any, name: str) -> None:
    if hint in (str, bool, int):
        assert type(found) is hint, name
    elif datetime in get_args(hint):
        assert found is None or found.tzinfo is not None, name
    elif str in get_args(hint) and type(None) in get_args(hint):
        assert found is None or (type(found) is str and found), name
    elif isinstance(found, tuple):
        for inner in found:
            _check(inner, get_args(hint)[0], name)
    elif is_dataclass(found):
        _check_fields(found)


def _entries(body: bytes) -> list[Any]:
    entries = parse_json(body).get("entry")
    return entries if isinstance(entries, list) else []


def _parsed(body: bytes) -> list[Event] | None:
    try:
        return parse(body)
    except BadBody:
        return None


@bounded(600)
@given(body=mangled_bodies())
def test_a_mangled_body_is_refused_or_becomes_events_whose_fields_hold(body: bytes) -> None:
    for event in _parsed(body) or []:
        _check_fields(event)


@bounded(300)
@given(body=mangled_bodies())
def test_nothing_in_a_body_vanishes(body: bytes) -> None:
    found = _parsed(body)
    if found is not None:
        assert len(found) >= len(_entries(body))


@bounded(300)
@given(body=mangled_bodies())
def test_what_nobody_reads_is_never_shown(body: bytes) -> None:
    found = _parsed(body)
    assert CANARY not in repr(found)
    assert found == _parsed(body)


def test_every_entry_of_a_batch_becomes_the_events_that_it_would_become_alone() -> None:
    for network in ("page", "instagram"):
        bodies = [body for body in KNOWN.values() if body.get("object") == network]
        together = [entry for body in bodies for entry in body["entry"]]
        alone = [event for body in bodies for event in parse(json.dumps(body).encode())]
        assert parse(json.dumps({"object": network, "entry": together}).encode()) == alone
