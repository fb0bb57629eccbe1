"""Takes a thread that was read from Meta into the inbox, by the same road as webhooks.

Whatever is known by its id at Meta stays as it is, so a thread can be taken in again and again, in any order with webhooks. Nothing of what
was read is kept but the rows themselves, so there is no delivery to remember.

What somebody had erased stays erased: of a contact who was forgotten here only what was said since is taken in, and no name; while a request
to forget them is being carried out, nothing at all.
Source: Meta, Conversations API reference (only the 20 newest messages of a conversation open); Platform Terms, "Data deletion".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import F, Q

from accounts.models import Account
from core.wake import wake
from graph.events import MessageEchoed, MessageReceived, Reacted
from graph.networks import Network
from graph.threads import NEWEST, ConversationSummary, Thread, events_of, reactions_of
from inbox import arrivals, echoes
from inbox.copying import copy_at_once
from inbox.models import Contact, Conversation, DeletionRequest, Message
from inbox.profiles import ask_again
from inbox.searching import note_contact, note_messages
from inbox.window import WindowState

# Stands in `Message.about`: before this message there are others at Meta, which it does not open.
OLDER_AT_META = "older_at_meta"
A_MOMENT = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Look:
    """One look into threads at Meta; it stands where a webhook delivery does.

    Args:
        received_at: when it was.
        news_since: what was said from then on is news, as if a webhook had told it; what was said before is history.
    """

    received_at: datetime
    news_since: datetime
    pk: None = None


@dataclass(frozen=True)
class Imported:
    """What a thread brought.

    Args:
        messages: how many were stored.
        oldest_at: when the oldest of its messages was written, also where that was known.
    """

    messages: int = 0
    oldest_at: datetime | None = None


@dataclass(frozen=True)
class _Line:
    """One message of the thread, in the words of webhooks; `at` is when it was written."""

    at: datetime
    event: MessageReceived | MessageEchoed
    reactions: tuple[Reacted, ...] = ()


def import_thread(account: Account, thread: Thread, look: Look) -> Imported:
    """Take in what is not known of one conversation; only news is shown at once. Call it in a transaction of its own."""
    told = _told(account, thread, look)
    if not told or _is_being_forgotten(account, thread.summary.contact_id):
        return Imported()
    contact, is_new = _contact_of(account, thread.summary, told[0].at)
    if not _said_since(contact, told):
        return Imported()
    taking = _Taking(*_conversation_with(account, contact, told[-1].at, is_new=is_new), look)
    # Looked at again under the lock: they may have been forgotten while we waited for it.
    said = _said_since(taking.conversation.contact, told)
    if not said:
        return Imported()
    if contact.first_seen_at > said[0].at:
        Contact.objects.filter(pk=contact.pk, first_seen_at__gt=said[0].at).update(first_seen_at=said[0].at)
    # Where words were left out on purpose, nothing is said of others that may stand before them.
    taking.take(said, is_cut_off=len(thread.messages) >= NEWEST and said == told)
    taking.finish(thread.summary)
    return Imported(len(taking.stored), said[0].at)


def marks_of(account: Account, threads: Iterable[Thread]) -> Iterator[str]:
    """What events may have waited for that came before these contacts or messages did."""
    for thread in threads:
        yield arrivals.contact_mark(account, thread.summary.contact_id)
        for message in thread.messages:
            yield arrivals.message_mark(account, message.mid)
            yield arrivals.said_mark(account, message.mid)


def _told(account: Account, thread: Thread, look: Look) -> list[_Line]:
    """Oldest first. What Meta ascribes to nobody in particular is left out, and so is what the account tells itself."""
    contact, network = thread.summary.contact_id, Network(account.network)
    if contact in ("", account.external_id):
        return []
    lines: dict[str, _Line] = {}
    at: datetime | None = None
    for message in reversed(thread.messages):
        event = events_of(message, account.external_id, network, contact)
        if event:
            sent_at = arrivals.not_after(message.sent_at, look.received_at)
            # Threads tell whole seconds; within one, their order tells what was said first.
            at = max(sent_at, at + A_MOMENT) if at else sent_at
            lines[message.mid] = _Line(at, event, reactions_of(message, account.external_id, network, contact) if message.reactions else ())
    return list(lines.values())


def _said_since(contact: Contact, told: list[_Line]) -> list[_Line]:
    """What they were forgotten with stays away."""
    return [line for line in told if contact.forgotten_at is None or line.at > contact.forgotten_at]


def _is_being_forgotten(account: Account, contact_id: str) -> bool:
    asked = DeletionRequest.objects.filter(finished_at=None)
    if not asked.exists():
        return False  # nearly always
    here = Q(contact__account=account, contact__external_id=contact_id)
    return asked.filter(here | Q(meta_app=account.meta_app_id, user_id=contact_id)).exists()


def _contact_of(account: Account, summary: ConversationSummary, at: datetime) -> tuple[Contact, bool]:
    name, username = summary.contact_name[:200], summary.contact_username[:80]
    known = {"first_seen_at": at, "name": name, "username": username}
    contact, is_new = Contact.objects.get_or_create(account=account, external_id=summary.contact_id, defaults=known)
    if is_new and (name or username):
        note_contact(contact, name=name, username=username)
    elif is_new:
        wake("fetch")
    return contact, is_new


def _conversation_with(account: Account, contact: Contact, at: datetime, *, is_new: bool) -> tuple[Conversation, bool]:
    """The conversation, locked, and whether it is new. One with a contact of whom nobody else can know yet needs neither a look nor a lock."""
    known = {"account": account, "last_message_at": at}
    if is_new:
        return Conversation.objects.create(contact=contact, **known), True
    conversation, is_new = Conversation.objects.get_or_create(contact=contact, defaults=known)
    return Conversation.objects.lock(conversation.pk), is_new


@dataclass
class _Taking:
    """One thread on its way into one locked conversation."""

    conversation: Conversation
    is_new: bool
    look: Look
    stored: list[Message] = field(default_factory=list)
    changed: bool = False

    def take(self, lines: list[_Line], *, is_cut_off: bool) -> None:
        known = self._known(lines)
        new = [line for line in lines if line.event.mid not in known]
        unclear = [line for line in new if isinstance(line.event, MessageEchoed)] if self._may_have_ours(new) else []
        self._store([line for line in new if line not in unclear], lines[0] if is_cut_off else None)
        for line in unclear:
            self._place(line)
        for line in lines:
            if message := known.get(line.event.mid):
                self._complete(line, message)
            self._react(line, known)

    def finish(self, summary: ConversationSummary) -> None:
        """Work out what depends on several of them, and save the conversation once."""
        named = self._name(summary)
        if not (self.changed or self.stored or named):
            return
        if not self.is_new:
            self.conversation.weigh_ads()
            ask_again(self.conversation.contact)
        self._find_news()
        if any(message.at >= self.look.news_since for message in self.stored):
            return self.conversation.show()
        self.conversation.find_waiting()
        self.conversation.screen = F("screen") + 1
        self.conversation.save()

    def _known(self, lines: list[_Line]) -> dict[str, Message]:
        if self.is_new:
            return {}
        rows = Message.objects.filter(account=self.conversation.account_id, mid__in=[line.event.mid for line in lines])
        return {message.mid: message for message in rows}

    def _may_have_ours(self, new: list[_Line]) -> bool:
        return not self.is_new and any(isinstance(line.event, MessageEchoed) for line in new) and echoes.may_be_ours(self.conversation)

    def _store(self, lines: list[_Line], cut_off: _Line | None) -> None:
        rows = [self._row(line) for line in lines]
        for line, row in zip(lines, rows, strict=True):
            if line is cut_off:
                row.about[OLDER_AT_META] = True
        self.stored += Message.objects.bulk_create(rows)
        for line, row in zip(lines, rows, strict=True):
            arrivals.take_in(self.conversation, row, line.event.attachments, self.look)
        note_messages(rows, are_bare=not any(line.event.attachments for line in lines))

    def _row(self, line: _Line) -> Message:
        is_history = line.at < self.look.news_since
        if isinstance(line.event, MessageEchoed):
            return echoes.outgoing(self.conversation, line.event, self.look, at=line.at, is_history=is_history)
        return arrivals.incoming(self.conversation, arrivals.words_of(line.event), self.look, at=line.at, is_history=is_history)

    def _place(self, line: _Line) -> None:
        """It may be one of ours whose id we do not know: for that there are rules, and as long as they cannot tell it stays parked."""
        assert isinstance(line.event, MessageEchoed)
        echoes.place(self.conversation, line.event, self.look, at=line.at, is_history=line.at < self.look.news_since)
        self.changed = True
        # What is one of ours after all is nothing that this thread brought.
        self.stored += Message.objects.filter(account=self.conversation.account_id, mid=line.event.mid, source=Message.Source.ELSEWHERE)

    def _complete(self, line: _Line, known: Message) -> None:
        if isinstance(line.event, MessageEchoed):
            changed = echoes.take_its_time(self.conversation, known, line.at)
        else:
            changed = arrivals.complete(self.conversation, known, arrivals.words_of(line.event), self.look, at=line.at)
        self.changed = self.changed or changed

    def _react(self, line: _Line, known: dict[str, Message]) -> None:
        """What stands on a message now. Meta does not say since when, so it opens no window."""
        for reaction in line.reactions:
            message = known.get(reaction.mid) or next((each for each in self.stored if each.mid == reaction.mid), None)
            if message and not message.removed_at and arrivals.put_reaction(self.conversation, message, reaction, at=line.at):
                self.changed = True

    def _name(self, summary: ConversationSummary) -> bool:
        """Name a contact who has no name yet, and was not forgotten."""
        contact = self.conversation.contact
        named = {"name": summary.contact_name[:200], "username": summary.contact_username[:80]}
        if contact.name or contact.username or contact.forgotten_at or not any(named.values()):
            return False
        if not Contact.objects.filter(pk=contact.pk, name="", username="", forgotten_at=None).update(**named):
            return False
        note_contact(contact, **named)
        return True

    def _find_news(self) -> None:
        """Where the window is open and the contact spoke last, what they said since our last word waits for an answer: it is no history."""
        conversation = self.conversation
        asked = [message for message in self.stored if message.is_inbound and message.is_history]
        if not asked or conversation.window.state(self.look.received_at) != WindowState.OPEN:
            return
        answered_at = conversation.answered_at
        waiting = [message for message in asked if answered_at is None or message.at > answered_at]
        Message.objects.filter(pk__in=[message.pk for message in waiting]).update(is_history=False)
        known = [conversation.last_received_at] if conversation.last_received_at else []
        if waiting:
            conversation.come_back(at=self.look.received_at)
        conversation.last_received_at = max([*known, *(message.received_at for message in waiting)], default=None)
        copy_at_once(waiting)
