"""Reading conversations back from Meta: after a gap in the webhooks, and to settle what became of a message.

Meta takes two of these calls a second for each account; keeping to that is the caller's part.
Source: Meta, Conversations API reference; Messenger Platform, "Rate limits".
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from graph.answers import Answer
from graph.caller import lacking
from graph.errors import MessageGone, NotFound, Rejected, Unavailable
from graph.ids import checked_conversation, checked_message, checked_number
from graph.lookups import Lookups
from graph.networks import Login, Network
from graph.paging import after_cursor
from graph.profiles import AccountProfile
from graph.readers import items, mapping, text_id, words
from graph.threads import (
    NEWEST,
    ConversationPage,
    ConversationSummary,
    Recent,
    Thread,
    ThreadMessage,
    ThreadPage,
    is_bare,
    listed_messages,
    participants,
)

_LARGEST_PAGE = 100
_LISTED = "id,updated_time"
_CONVERSATION = "id,updated_time,participants"
_FACEBOOK_CONVERSATION = f"{_CONVERSATION},unread_count,can_reply"
_MESSAGE = "id,created_time,from,to,message,attachments"
_WHOLE_MESSAGE = f"{_MESSAGE},shares,story,reply_to,is_unsupported,sticker,reactions"
_NAMED = re.compile(r"\(([a-z_]+)\)")

# Called before each reading that one call of ours makes beyond its first, so that Meta's pace can be kept.
Pace = Callable[[], None]
Page = TypeVar("Page")


def _at_once() -> None:
    """Whoever has no pace to keep."""


class Reading(Lookups):
    """Nothing here changes anything at Meta. Meta opens the newest twenty messages of a conversation and no older ones."""

    _known_as: AccountProfile | None = None

    def conversations(self, *, after: str = "", limit: int = 20, since: datetime | None = None) -> ConversationPage:
        """A part of the account's conversations, those that changed last first; `since` leaves out what did not change after it.

        Meta fails when it finds an answer too large; then half as many are asked for, down to one.
        """
        return _halving(limit, lambda fewer: self._conversations(self._conversation_fields, after, fewer, since))

    def listed(self, *, after: str = "", limit: int = _LARGEST_PAGE, since: datetime | None = None) -> ConversationPage:
        """The same with ids and times only, which is the cheapest way to count them."""
        return _halving(limit, lambda fewer: self._conversations(_LISTED, after, fewer, since))

    def every_conversation(self, *, since: datetime | None = None) -> Iterator[ConversationSummary]:
        """All of them, asked for part by part while they are taken. One that changes meanwhile may come twice."""
        page, seen = self.conversations(since=since), {""}
        yield from page.conversations
        while page.after not in seen:
            seen.add(page.after)
            page = self.conversations(after=page.after, limit=page.limit, since=since)
            yield from page.conversations

    def threads(self, *, after: str = "", limit: int = 20, since: datetime | None = None, pace: Pace = _at_once) -> ThreadPage:
        """A part of the account's conversations, each with its newest messages: one call where Meta manages it.

        Where it finds that too large, half as many are asked for. A conversation that fails alone is read by itself, and where that
        fails too it comes without messages (`is_whole`), so that the rest can be reached. Messages that Meta lists without opening
        them are opened one by one.
        """
        try:
            return _halving(limit, lambda fewer: self._threads(after, fewer, since, pace), pace)
        except MessageGone:
            alone = min(limit, _LARGEST_PAGE)
        except Unavailable as error:
            if error.code is None:
                raise
            alone = 1
        pace()
        return self._threads_one_by_one(self.conversations(after=after, limit=alone, since=since), pace)

    def messages(self, conversation_id: str) -> list[ThreadMessage]:
        """The messages that Meta opens, at most twenty, newest first. Those that it does not open are left out."""
        return self._messages_of(checked_conversation(conversation_id), _at_once)

    def recent_messages(self, contact_id: str, *, pace: Pace = _at_once) -> Recent:
        """The newest messages of the thread with this contact."""
        contact = checked_number(contact_id)
        answer = self._widest(f"participants,{_messages(_WHOLE_MESSAGE)}", f"participants,{_messages(_MESSAGE)}", ask=self._threads_with(contact))
        threads = [mapping(thread) for thread in items(answer.fields.get("data"))]
        listed = [message for thread in threads if _is_with(contact, thread) for message in listed_messages(thread)]
        return Recent(tuple(self._newest(listed, pace, also_closed=True)), is_whole=all(map(ThreadMessage.read, listed)))

    def message(self, mid: str) -> ThreadMessage | None:
        """One message; None where Meta does not open it: it was taken back, or is too old."""
        path = checked_message(mid)
        try:
            answer = self._widest(_WHOLE_MESSAGE, _MESSAGE, ask=lambda fields: self._get(path, fields=fields))
        except MessageGone:
            return None
        found = ThreadMessage.read(answer.fields)
        if found is None:
            raise lacking(answer)
        return found

    @property
    def _conversation_fields(self) -> str:
        """graph.instagram.com knows neither how many are unread nor whether one can answer."""
        return _CONVERSATION if self.login is Login.INSTAGRAM else _FACEBOOK_CONVERSATION

    def _conversations(self, wide: str, after: str, limit: int, since: datetime | None) -> ConversationPage:
        narrow = wide if wide == _LISTED else _CONVERSATION
        answer = self._widest(wide, narrow, ask=lambda fields: self._part(fields, after, limit))
        found = [self._summary(mapping(thread)) for thread in items(answer.fields.get("data"))]
        fresh = tuple(each for each in found if each.id and not _is_before(since, each))
        return ConversationPage(fresh, after=_next(answer, found, since), limit=limit)

    def _threads(self, after: str, limit: int, since: datetime | None, pace: Pace) -> ThreadPage:
        wide, narrow = f"{self._conversation_fields},{_messages(_WHOLE_MESSAGE)}", f"{_CONVERSATION},{_messages(_MESSAGE)}"
        answer = self._widest(wide, narrow, ask=lambda fields: self._part(fields, after, limit))
        told = [mapping(thread) for thread in items(answer.fields.get("data"))]
        found = [(thread, self._summary(thread)) for thread in told]
        fresh = [(thread, summary) for thread, summary in found if summary.id and not _is_before(since, summary)]
        threads = tuple(Thread(summary, tuple(self._newest(listed_messages(thread), pace))) for thread, summary in fresh)
        return ThreadPage(threads, after=_next(answer, [summary for _, summary in found], since), limit=limit)

    def _threads_one_by_one(self, page: ConversationPage, pace: Pace) -> ThreadPage:
        return ThreadPage(tuple(self._thread(summary, pace) for summary in page.conversations), after=page.after, limit=page.limit)

    def _thread(self, summary: ConversationSummary, pace: Pace) -> Thread:
        for read in (self._messages_of, self._opened_one_by_one):
            pace()
            try:
                return Thread(summary, tuple(read(checked_conversation(summary.id), pace)))
            except ValueError:  # An id that no address can hold.
                break
            except Unavailable as error:
                if error.code is None:
                    raise
        return Thread(summary, (), is_whole=False)

    def _messages_of(self, conversation: str, pace: Pace) -> list[ThreadMessage]:
        wide, narrow = _messages(_WHOLE_MESSAGE), _messages(_MESSAGE)
        try:
            answer = self._widest(wide, narrow, ask=lambda fields: self._get(conversation, fields=fields))
        except MessageGone:
            pace()
            return self._opened_one_by_one(conversation, pace)
        return self._newest(listed_messages(answer.fields), pace)

    def _opened_one_by_one(self, conversation: str, pace: Pace) -> list[ThreadMessage]:
        answer = self._get(conversation, fields=_messages("id,created_time"))
        return self._newest(listed_messages(answer.fields), pace)

    def _part(self, fields: str, after: str, limit: int) -> Answer:
        return self._get(self.node, "conversations", platform=self.network.value, fields=fields, limit=str(limit), after=after)

    def _threads_with(self, contact: str) -> Callable[[str], Answer]:
        return lambda fields: self._get(self.node, "conversations", platform=self.network.value, user_id=contact, fields=fields)

    def _summary(self, thread: Mapping[str, Any]) -> ConversationSummary:
        return ConversationSummary.read(thread, self._contact_in(participants(thread)))

    def _contact_in(self, people: list[Mapping[str, Any]]) -> Mapping[str, Any]:
        """The one who is not the account. An Instagram account stands there under an id that need not be our node's."""
        others = [each for each in people if self.node not in _ids(each)]
        if others and len(others) == len(people) and self._may_stand_under_another_id:
            others = [each for each in people if not self._is_own(each)]
        return others[0] if len(others) == 1 else {}

    @property
    def _may_stand_under_another_id(self) -> bool:
        return self.network is Network.INSTAGRAM or self.node == "me"

    def _is_own(self, person: Mapping[str, Any]) -> bool:
        own = self._own
        return bool({own.id, own.scoped_id} & _ids(person)) or bool(own.username and own.username == words(person.get("username")))

    @property
    def _own(self) -> AccountProfile:
        """Asked for once. No `cached_property`: Python 3.11 would hold one lock for all accounts meanwhile."""
        if self._known_as is None:
            self._known_as = self.account()
        return self._known_as

    def _newest(self, listed: Iterable[Mapping[str, Any]], pace: Pace, *, also_closed: bool = False) -> list[ThreadMessage]:
        """Messages that Meta listed without opening them are opened one by one; those that do not open are left out, or kept as they were listed."""
        read = [(message, is_bare(told)) for told in listed if (message := ThreadMessage.read(told))]
        newest = sorted(read, key=lambda each: each[0].sent_at, reverse=True)[:NEWEST]
        opened = [(message, self._opened(message, pace) if bare else message) for message, bare in newest]
        return [found for message, each in opened if (found := each or (message if also_closed else None))]

    def _opened(self, message: ThreadMessage, pace: Pace) -> ThreadMessage | None:
        pace()
        try:
            return self.message(message.mid)
        except ValueError:  # An id that no address can hold.
            return None

    def _widest(self, wide: str, narrow: str, *, ask: Callable[[str], Answer]) -> Answer:
        """Meta refuses a whole question for one field that a kind of account does not have; then that one is asked for no more.

        Its sentence names the field, in whatever language. Where it does not, only what every account has is asked for.
        """
        while (wanted := _without(wide, self._refused_fields)) != narrow:
            try:
                return ask(wanted)
            except (MessageGone, NotFound):
                raise
            except Rejected as error:
                named = set(_NAMED.findall(str(error))) & _names_in(wanted) - _names_in(narrow)
                if not named:
                    answer = ask(narrow)
                    self._refused_fields.update(_names_in(wanted) - _names_in(narrow))
                    return answer
                self._refused_fields.update(named)
        return ask(narrow)

    @cached_property
    def _refused_fields(self) -> set[str]:
        return set()


def _messages(fields: str) -> str:
    return f"messages.limit({NEWEST}){{{fields}}}"


def _without(fields: str, refused: Iterable[str]) -> str:
    return re.sub(rf",(?:{'|'.join(map(re.escape, refused))})(?=[,}}]|$)", "", fields) if refused else fields


def _names_in(fields: str) -> set[str]:
    return set(re.findall(r"[a-z_]+", fields))


def _halving(limit: int, ask: Callable[[int], Page], pace: Pace = _at_once) -> Page:
    limit = min(max(limit, 1), _LARGEST_PAGE)
    while True:
        try:
            return ask(limit)
        except Unavailable as error:
            if limit == 1 or error.code is None:
                raise
        limit //= 2
        pace()


def _next(answer: Answer, found: list[ConversationSummary], since: datetime | None) -> str:
    """Where the next part begins: nowhere, where the last of this one is older than what is asked for."""
    return "" if found and _is_before(since, found[-1]) else after_cursor(answer.fields)


def _is_before(since: datetime | None, conversation: ConversationSummary) -> bool:
    return bool(since and conversation.updated_at and conversation.updated_at < since)


def _is_with(contact_id: str, thread: Mapping[str, Any]) -> bool:
    """Another person's thread must never settle what became of a message to this one."""
    people = participants(thread)
    return not people or any(contact_id in _ids(each) for each in people)


def _ids(person: Mapping[str, Any]) -> set[str]:
    """Older answers of Instagram's tell a second one."""
    return {text_id(person.get("id")), text_id(person.get("user_id"))} - {""}
