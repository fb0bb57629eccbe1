"""Reading conversations back from Meta: after a gap in the webhooks, and to settle what became of a message.

Meta takes two of these calls a second for each account; keeping to that is the caller's part.
Source: Meta, Conversations API reference; Messenger Platform, "Rate limits".
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from graph.answers import Answer
from graph.caller import lacking
from graph.errors import MessageGone, NotFound, Rejected, Unavailable
from graph.ids import checked_conversation, checked_message, checked_number
from graph.lookups import Lookups
from graph.networks import Login, Network
from graph.paging import after_cursor
from graph.profiles import AccountProfile
from graph.readers import items, mapping, text_id, words
from graph.threads import NEWEST, ConversationPage, ConversationSummary, ThreadMessage, is_bare, listed_messages, participants

_LARGEST_PAGE = 100
_CONVERSATION = "id,updated_time,participants"
_FACEBOOK_CONVERSATION = f"{_CONVERSATION},unread_count,can_reply"
_MESSAGE = "id,created_time,from,to,message,attachments"
_WHOLE_MESSAGE = f"{_MESSAGE},shares,story,reply_to,is_unsupported,sticker"


class Reading(Lookups):
    """Nothing here changes anything at Meta. Meta opens the newest twenty messages of a conversation and no older ones."""

    _known_as: AccountProfile | None = None

    def conversations(self, *, after: str = "", limit: int = 20, since: datetime | None = None) -> ConversationPage:
        """A part of the account's conversations, those that changed last first; `since` leaves out what did not change after it.

        Meta fails when it finds an answer too large; then half as many are asked for, down to one.
        """
        limit = min(max(limit, 1), _LARGEST_PAGE)
        try:
            return self._conversations(after, limit, since)
        except Unavailable as error:
            if limit == 1 or error.code is None:
                raise
        return self.conversations(after=after, limit=limit // 2, since=since)

    def every_conversation(self, *, since: datetime | None = None) -> Iterator[ConversationSummary]:
        """All of them, asked for part by part while they are taken. One that changes meanwhile may come twice."""
        page, seen = self.conversations(since=since), {""}
        yield from page.conversations
        while page.after not in seen:
            seen.add(page.after)
            page = self.conversations(after=page.after, limit=page.limit, since=since)
            yield from page.conversations

    def messages(self, conversation_id: str) -> list[ThreadMessage]:
        """The messages that Meta opens, at most twenty, newest first. Those that it does not open are left out."""
        conversation = checked_conversation(conversation_id)
        try:
            answer = self._widest(_WHOLE_MESSAGE, _MESSAGE, ask=lambda fields: self._get(conversation, fields=_messages(fields)))
        except MessageGone:
            answer = self._get(conversation, fields=_messages("id,created_time"))
        return self._newest(listed_messages(answer.fields))

    def recent_messages(self, contact_id: str) -> list[ThreadMessage]:
        """The newest messages of the thread with this contact, at most twenty, newest first."""
        contact = checked_number(contact_id)
        answer = self._widest(_WHOLE_MESSAGE, _MESSAGE, ask=lambda fields: self._threads_with(contact, fields))
        threads = [mapping(thread) for thread in items(answer.fields.get("data"))]
        return self._newest(message for thread in threads if _is_with(contact, thread) for message in listed_messages(thread))

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

    def _conversations(self, after: str, limit: int, since: datetime | None) -> ConversationPage:
        wide = _CONVERSATION if self.login is Login.INSTAGRAM else _FACEBOOK_CONVERSATION
        answer = self._widest(wide, _CONVERSATION, ask=lambda fields: self._listed(fields, after, limit))
        found = [self._summary(mapping(thread)) for thread in items(answer.fields.get("data"))]
        fresh = tuple(each for each in found if each.id and not _is_before(since, each))
        is_last = bool(found) and _is_before(since, found[-1])
        return ConversationPage(fresh, after="" if is_last else after_cursor(answer.fields), limit=limit)

    def _listed(self, fields: str, after: str, limit: int) -> Answer:
        return self._get(self.node, "conversations", platform=self.network.value, fields=fields, limit=str(limit), after=after)

    def _threads_with(self, contact: str, fields: str) -> Answer:
        wanted = f"participants,{_messages(fields)}"
        return self._get(self.node, "conversations", platform=self.network.value, user_id=contact, fields=wanted)

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

    def _newest(self, listed: Iterable[Mapping[str, Any]]) -> list[ThreadMessage]:
        """Messages that Meta listed without opening them are opened one by one."""
        read = [(message, is_bare(told)) for told in listed if (message := ThreadMessage.read(told))]
        newest = sorted(read, key=lambda each: each[0].sent_at, reverse=True)[:NEWEST]
        return [opened for message, bare in newest if (opened := self._opened(message) if bare else message)]

    def _opened(self, message: ThreadMessage) -> ThreadMessage | None:
        try:
            return self.message(message.mid)
        except ValueError:  # An id that no address can hold.
            return None

    def _widest(self, wide: str, narrow: str, *, ask: Callable[[str], Answer]) -> Answer:
        """Meta refuses a whole question for one field that a kind of account does not have; then fewer are asked for, from then on."""
        if wide == narrow or wide in self._refused_fields:
            return ask(narrow)
        try:
            return ask(wide)
        except (MessageGone, NotFound):
            raise
        except Rejected:
            answer = ask(narrow)
        self._refused_fields.add(wide)
        return answer

    @cached_property
    def _refused_fields(self) -> set[str]:
        return set()


def _messages(fields: str) -> str:
    return f"messages.limit({NEWEST}){{{fields}}}"


def _is_before(since: datetime | None, conversation: ConversationSummary) -> bool:
    return bool(since and conversation.updated_at and conversation.updated_at < since)


def _is_with(contact_id: str, thread: Mapping[str, Any]) -> bool:
    """Another person's thread must never settle what became of a message to this one."""
    people = participants(thread)
    return not people or any(contact_id in _ids(each) for each in people)


def _ids(person: Mapping[str, Any]) -> set[str]:
    """Older answers of Instagram's tell a second one."""
    return {text_id(person.get("id")), text_id(person.get("user_id"))} - {""}
