"""Webhook bodies that nobody has sent yet: known ones mangled, and stories of contacts packed into deliveries in every way.

The examples are always the same, so that a red run stays red. `PROPERTY_SEARCH=50 pytest …` looks for new ones, fifty times as many.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from django.conf import settings as django
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

GRAPH = Path(__file__).parent.parent / "graph"
KNOWN: dict[str, Any] = json.loads((GRAPH / "webhook_examples.json").read_text()) | {
    path.stem: json.loads(path.read_text()) for path in sorted((GRAPH / "captured").glob("*.json"))
}
CANARY = "canary-8d1f"


def bounded(examples: int) -> settings:
    """As many examples as the suite can afford, without a limit by the clock: a part of them shows that PostgreSQL agrees with SQLite."""
    search = int(os.environ.get("PROPERTY_SEARCH", "0"))
    return settings(
        max_examples=examples * max(search, 1) // (4 if django.POSTGRES else 1),
        deadline=None, database=None, derandomize=not search, phases=set(Phase) - {Phase.explain},
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip


# Mangled bodies ---------------------------------------------------------------------------------------------------
# What json.dumps would not write, or not so.
LITERALS = {
    "long_float": "17841400000000042.0", "exponent": "1e5", "infinite": "1e999", "tiny": "1e-999", "nan": "NaN", "minus_infinity": "-Infinity",
    "minus_zero": "-0", "sixty_digits": "1" * 60, "five_thousand_digits": "1" * 5000, "half_a_pair": '"\\ud83d"', "nothing": '"a\\u0000b"',
    "whole_pair": '"\\ud83d\\ude00"', "deep_list": "[" * 40 + "]" * 40, "deeper_list": "[" * 300 + "]" * 300, "deepest_list": "[" * 5000 + "]" * 5000,
    "deep_object": '{"message":' * 60 + "1" + "}" * 60, "deeper_object": '{"a":' * 450 + "1" + "}" * 450, "broken": "tru", "empty": "",
}  # fmt: skip
_TOKEN = re.compile(r'"@literal (\w+)@"')
TIMES = [0, -1, 1, 1_794_700_001, 1_794_700_001_000, 1_794_700_001_000_000, 10**11, 10**18, "1794700001", "1794700001000", " 1794700001 ",
         "2026-11-14T23:46:41+0000", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-14:00", "2026-11-14T23:46:41", "yesterday", 253402300799000]  # fmt: skip
IDS = [0, -7, 17841400000000042, "17841400000000042", " 17841400000000042 ", "", " ", "é", "m_\u0130", "x" * 300, "0", 12334, True, None, {}, []]
KEYS = [
    "messaging", "standby", "changes", "field", "value", "message", "mid", "text", "sender", "recipient", "id", "timestamp", "is_echo", "is_deleted",
    "attachments", "payload", "postback", "referral", "reaction", "read", "delivery", "watermark", "mids", "message_edit", "num_edit", "optin", "reply_to",
    "story", "brand_new",
]  # fmt: skip
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.sampled_from(TIMES) | st.sampled_from(IDS)
_NESTED = st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3), max_leaves=6)
GARBAGE = _NESTED | st.sampled_from([f"@literal {name}@" for name in LITERALS])


class _Doubled(dict[str, Any]):
    """An object whose first key is written twice; JSON allows it, and readers take the last."""

    def items(self) -> Any:
        return [*super().items(), *list(super().items())[:1]]


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from _places(each, (*path, key))


def _changed(value: Any, path: tuple[Any, ...], change: Any) -> Any:
    """A copy with the value at this place changed; `change` gets the container and the key."""
    copy = value.copy()
    if len(path) == 1:
        return change(copy, path[0])
    copy[path[0]] = _changed(value[path[0]], path[1:], change)
    return copy


@st.composite
def _mangled(draw: st.DrawFn) -> Any:
    body = KNOWN[draw(st.sampled_from(sorted(KNOWN)))]
    for _ in range(draw(st.integers(1, 4))):
        # Without the word that names the network all the rest is refused unread.
        places = [path for path in _places(body) if path not in ((), ("object",))]
        if not places:
            break
        how, path = draw(st.sampled_from(["replace", "drop", "rename", "double"])), draw(st.sampled_from(places))
        by, name = (draw(GARBAGE) if how == "replace" else None), draw(st.sampled_from(KEYS))

        def change(inside: Any, key: Any, how: str = how, by: Any = by, name: str = name) -> Any:
            if how == "replace":
                inside[key] = by
            elif how == "drop":
                del inside[key]
            elif isinstance(inside, list):
                inside.append(inside[key])
            elif how == "rename":
                inside[name] = inside.pop(key)
            else:
                return _Doubled(inside)
            return inside

        body = _changed(body, path, change)
    return body


def _with_canaries(value: Any) -> Any:
    """A word that no reader knows, in the entries and in their events: it may be kept, and must not be shown."""
    if isinstance(value, list):
        return [_with_canaries(each) for each in value]
    if not isinstance(value, dict):
        return value
    inner = {key: _with_canaries(each) if key in ("entry", "messaging", "standby", "changes") else each for key, each in value.items()}
    return type(value)(inner | {"nobody_knows": CANARY})


def wire(value: Any) -> bytes:
    """The body as Meta writes it: compact, ASCII, with its slashes escaped."""
    text = json.dumps(value, separators=(",", ":")).replace("/", "\\/")
    return _TOKEN.sub(lambda found: LITERALS[found[1]], text).encode()


@st.composite
def mangled_bodies(draw: st.DrawFn) -> bytes:
    """A known body with keys dropped, renamed and doubled, values of other types, and at times its bytes damaged."""
    body = wire(_with_canaries(draw(_mangled())))
    match draw(st.sampled_from([*["whole"] * 9, "truncated", "damaged", "utf-16"])):
        case "truncated":
            return body[: draw(st.integers(0, len(body)))]
        case "damaged" if body:
            place = draw(st.integers(0, len(body) - 1))
            return body[:place] + draw(st.binary(min_size=1, max_size=4)) + body[place + 1 :]
        case "utf-16":
            return body.decode().encode("utf-16")
    return body


# Stories ----------------------------------------------------------------------------------------------------------
# Accounts of their own: the mangled bodies are about others, and may come in between.
ACCOUNTS = {"page": "204857600000002", "instagram": "27841400000000043"}
CONTACTS = ("7300000000000021", "7300000000000022")
OUR_APP, OTHER_APPS = "1200000000000001", ("263902037430900", "555000555", "")
BEGINNING = 1_750_000_000_000
PAUSES = (0, 0, 0, 1, 1, 500, 60_000, 3_600_000, 90_000_000)
EMOJI = ({"reaction": "love", "emoji": "\u2764\ufe0f"}, {"reaction": "other", "emoji": "\U0001f44d"}, {"reaction": "wow"}, {})


@dataclass(frozen=True)
class Fact:
    """One event as Meta tells it, and the list of its entry that it stands in.

    Args:
        says: the message whose words it brings.
    """

    event: dict[str, Any] = field(repr=False)
    place: str = "messaging"
    says: str = ""

    def __repr__(self) -> str:
        return f"{self.place}: {json.dumps(self.event)}"


@dataclass(frozen=True)
class Story:
    """What two contacts and a business did, in the order in which they did it."""

    network: str
    facts: tuple[Fact, ...]
    words: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    unsent: frozenset[str] = frozenset()

    @cached_property
    def account(self) -> str:
        return ACCOUNTS[self.network]


@st.composite
def stories(draw: st.DrawFn, network: str | None = None, most: int = 14, without: tuple[str, ...] = ()) -> Story:
    network = network or draw(st.sampled_from(sorted(ACCOUNTS)))
    teller = _Teller(draw, network)
    # A few kinds of acts to a story, so that they meet: what goes wrong takes two or three of them, on one message.
    kinds = draw(st.lists(st.sampled_from([act for act in _ACTS if act.__name__.strip("_") not in without]), min_size=2, max_size=4, unique=True))
    for act in draw(st.lists(st.sampled_from(kinds), min_size=2, max_size=most)):
        teller.clock += draw(st.sampled_from(PAUSES))
        act(teller)
    if not teller.facts:
        _writes(teller)
    return Story(network, tuple(teller.facts), {mid: tuple(words) for mid, words in teller.words.items()}, frozenset(teller.unsent))


class _Teller:
    """Writes a story down: who is there, what was said, and what can therefore happen next."""

    def __init__(self, draw: st.DrawFn, network: str) -> None:
        self.draw, self.network, self.account = draw, network, ACCOUNTS[network]
        self.clock, self.numbers = BEGINNING, count(1)
        self.facts: list[Fact] = []
        self.words: dict[str, list[str]] = {}
        self.said: list[tuple[str, str, bool]] = []  # mid, contact, by us
        # One contact or two: with one more of what happens is about the same conversation.
        self.contacts = draw(st.sampled_from([CONTACTS[:1], CONTACTS]))
        self.edits: dict[str, int] = {}
        self.unsent: set[str] = set()

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def maybe(self) -> bool:
        return bool(self.draw(st.booleans()))

    def mid(self) -> str:
        """Big and small letters: which of two comes first must not depend on the collation of a database."""
        return f"m_{self.pick('a', 'B', 'c', 'Z', '_', '9')}{next(self.numbers)}"

    def new_words(self, mid: str) -> str:
        words = f"words-{next(self.numbers)}-end"
        self.words.setdefault(mid, []).append(words)
        return words

    def tell(self, content: dict[str, Any], *, contact: str, ours: bool = False, place: str = "messaging", says: str = "") -> None:
        people = ({"id": self.account}, {"id": contact}) if ours else ({"id": contact}, {"id": self.account})
        self.facts.append(Fact({"sender": people[0], "recipient": people[1], "timestamp": self.clock} | content, place, says))

    def change(self, name: str, value: dict[str, Any]) -> None:
        self.facts.append(Fact({"field": name, "value": value}, "changes"))

    def one_said(self) -> tuple[str, str, bool]:
        """A message to do something about. Where nothing was said yet, somebody says it."""
        if not self.said:
            self.pick(_writes, _writes_elsewhere)(self)
        return self.pick(*self.said)


def _writes(teller: _Teller) -> None:
    contact, mid = teller.pick(*teller.contacts), teller.mid()
    words = teller.new_words(mid)
    message: dict[str, Any] = {"mid": mid} | teller.pick(*_says(words))
    if teller.maybe():
        message |= teller.pick(*_beside(words, teller))
    teller.said.append((mid, contact, False))
    teller.tell({"message": message}, contact=contact, place=teller.pick("messaging", "messaging", "standby"), says=mid)


def _says(words: str) -> list[dict[str, Any]]:
    url = f"https://cdn.example.test/{words}"
    return [
        {"text": words},
        {"text": words},
        {"attachments": [{"type": "image", "payload": {"url": f"{url}.jpg"}}, {"type": "image", "payload": {"url": f"{url}-2.jpg"}}]},
        {"attachments": [{"type": kind, "payload": {"url": url, "title": words, "ig_post_media_id": "17890000000000020"}} for kind in ("share", "ig_post")]},
        {"text": words, "attachments": [{"type": "file", "payload": {"url": f"{url}.pdf"}}]},
        {"attachments": [{"type": "fallback", "title": words, "url": url, "payload": None}]},
        {"text": words, "is_unsupported": True},
    ]


def _beside(words: str, teller: _Teller) -> list[dict[str, Any]]:
    known = [mid for mid, *_ in teller.said] or ["m_never"]
    return [
        {"reply_to": {"mid": teller.pick("m_never", *known)}},
        {"reply_to": {"story": {"url": f"https://lookaside.example.test/{words}", "id": "180"}}},
        {"quick_reply": {"payload": words}},
        {"is_self": True},
        {"referral": {"source": "ADS", "type": "OPEN_THREAD", "ad_id": "1202500", "ref": words, "ads_context_data": {"ad_title": words}}},
        {"referral": {"source": "SHORTLINK", "ref": words}},
    ]


def _writes_elsewhere(teller: _Teller) -> None:
    contact, mid = teller.pick(*teller.contacts), teller.mid()
    message = {"mid": mid, "is_echo": True} | teller.pick(*_says(teller.new_words(mid))[:5])
    if teller.network == "page":
        message |= {"app_id": int(app)} if (app := teller.pick(*OTHER_APPS)) else {}
        message |= {"metadata": "somebody's own"} if teller.maybe() else {}
    teller.said.append((mid, contact, True))
    teller.tell({"message": message}, contact=contact, ours=True, place=teller.pick("messaging", "standby"), says=mid)


def _edits(teller: _Teller) -> None:
    mid, contact, ours = teller.one_said()
    if mid not in teller.unsent and teller.edits.get(mid, 0) < 5:
        teller.edits[mid] = number = teller.edits.get(mid, 0) + 1
        edit = {"mid": mid, "text": teller.new_words(mid), "num_edit": teller.pick(number, str(number))}
        teller.tell({"message_edit": edit}, contact=contact, ours=ours, says=mid)


def _unsends(teller: _Teller) -> None:
    mid, contact, ours = teller.one_said()
    if mid not in teller.unsent:
        teller.unsent.add(mid)
        teller.tell({"message": {"mid": mid, "is_deleted": True} | ({"is_echo": True} if ours else {})}, contact=contact, ours=ours)


def _reacts(teller: _Teller) -> None:
    """At times to a message from before we listened."""
    mid, contact = teller.one_said()[:2] if teller.maybe() else (teller.pick("m_before_1", "m_before_2"), teller.contacts[-1])
    action = teller.pick("react", "react", "unreact")
    teller.tell({"reaction": {"mid": mid, "action": action} | (teller.pick(*EMOJI) if action == "react" else {})}, contact=contact)


def _taps(teller: _Teller) -> None:
    contact, mid = teller.pick(*teller.contacts), teller.mid()
    # Without an id it cannot be unsent, and only its own moment tells it from another tap.
    has_mid, teller.clock = teller.maybe(), teller.clock + 1
    words = teller.new_words(mid if has_mid else f"tap at {teller.clock}")
    postback = {"title": words, "payload": "MENU"} | ({"mid": mid} if has_mid else {})
    if teller.maybe():
        postback["referral"] = teller.pick({"source": "ADS", "ad_id": "77"}, {"source": "SHORTLINK", "ref": "qr-7"})
    if has_mid:
        teller.said.append((mid, contact, False))
    teller.tell({"postback": postback}, contact=contact, says=mid if has_mid else "")


def _follows_a_link(teller: _Teller) -> None:
    referral = teller.pick({"source": "SHORTLINK", "ref": "promo"}, {"source": "SHORTLINKS", "ref": "other"}, {"source": "ADS", "ad_id": "99", "ref": "x"})
    teller.tell({"referral": referral | {"type": "OPEN_THREAD"}}, contact=teller.pick(*teller.contacts))


def _reads(teller: _Teller) -> None:
    mid, contact, ours = teller.one_said()
    watermark, by_message = teller.clock - teller.pick(0, 1, 1000), [{"read": {"mid": mid}}, {"delivery": {"mids": [mid]}}] if ours else []
    teller.tell(teller.pick({"read": {"watermark": watermark}}, {"delivery": {"mids": [], "watermark": str(watermark)}}, *by_message), contact=contact)


def _control(teller: _Teller) -> None:
    owner = teller.pick(OUR_APP, OTHER_APPS[0], int(OUR_APP), None)
    names = {"pass_thread_control": "new_owner_app_id", "take_thread_control": "new_owner_app_id", "request_thread_control": "requested_owner_app_id"}
    key = teller.pick(*names)
    teller.tell({key: {names[key]: owner, "previous_owner_app_id": OTHER_APPS[0], "metadata": "note"}}, contact=teller.pick(*teller.contacts))


def _policy(teller: _Teller) -> None:
    teller.clock += 1
    event = {"recipient": {"id": teller.account}, "timestamp": teller.clock}
    key = teller.pick("policy_enforcement", "policy-enforcement")
    teller.facts.append(Fact(event | {key: {"action": teller.pick("warning", "block", "unblock"), "reason": "spam"}}))


def _comments(teller: _Teller) -> None:
    number = teller.pick(1, 2)
    people = {"id": teller.pick(*teller.contacts), "name": "Ann", "username": "ann"}
    if teller.network == "page":
        comment = {"comment_id": f"55_{number}", "post_id": "55", "from": people, "created_time": teller.clock // 1000}
        teller.change("feed", {"item": "comment", "verb": teller.pick("add", "edited", "remove")} | comment)
    else:
        media = teller.pick({"id": "179"}, {"id": "178", "ad_id": "12", "original_media_id": "179"})
        teller.change(teller.pick("comments", "live_comments"), {"id": f"1801{number}", "from": people, "text": "price?", "media": media})


def _does_something_new(teller: _Teller) -> None:
    contact = teller.pick(*teller.contacts)
    optin, odd_edit = {"type": "notification_messages", "title": "News"}, {"mid": "m_odd", "num_edit": 0}
    content = teller.pick({"brand_new": {"a": 1}}, {"optin": optin}, {"message_edit": odd_edit})
    teller.tell(content, contact=contact, place=teller.pick("messaging", "standby"))


_ACTS = (_writes, _writes_elsewhere, _edits, _unsends, _reacts, _taps, _follows_a_link, _reads, _control, _policy, _comments, _does_something_new)


# Deliveries -------------------------------------------------------------------------------------------------------
def one_by_one(story: Story) -> list[bytes]:
    """Each event in a body of its own, in the order in which it happened."""
    return [_body(story, [[fact]], number) for number, fact in enumerate(story.facts)]


@st.composite
def disorders(draw: st.DrawFn, story: Story) -> list[bytes]:
    """The same events shuffled, several to an entry and several entries to a body, some of them told again in other company."""
    facts = draw(st.permutations(story.facts))
    again = draw(st.lists(st.sampled_from(story.facts), max_size=len(story.facts)))
    numbers = count(1_000)
    bodies = [_body(story, batch, next(numbers)) for told in (facts, again) for batch in _batches(draw, told)]
    return draw(st.permutations(bodies)) if draw(st.booleans()) else bodies


def _batches(draw: st.DrawFn, facts: Iterable[Fact]) -> list[list[list[Fact]]]:
    """Bodies of entries of events. Each event begins a body, begins an entry, or joins the one before it."""
    bodies: list[list[list[Fact]]] = []
    for fact in facts:
        how = draw(st.sampled_from(["body", "entry", "join"])) if bodies else "body"
        if how == "body":
            bodies.append([])
        if how in ("body", "entry"):
            bodies[-1].append([])
        bodies[-1][-1].append(fact)
    return bodies


def _body(story: Story, entries: list[list[Fact]], number: int) -> bytes:
    return wire({"object": story.network, "entry": [_entry(story, facts, number) for facts in entries]})


def _entry(story: Story, facts: list[Fact], number: int) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": story.account, "time": BEGINNING + number}
    for fact in facts:
        entry.setdefault(fact.place, []).append(fact.event)
    return entry
