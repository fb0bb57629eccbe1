"""What a thread that was read at Meta says about our messages of which nobody knows whether they arrived.

A line settles a message where neither can belong to anything else. That a message is *not* there is harder to know: Meta opens twenty lines
only, may show a thread as it was a while ago, may change words or keep content to itself, and its clock is not ours. So everything that could
be the message speaks against it, and it takes two readings in a row.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import SequenceMatcher

from django.db.models import Q

from core.clock import now
from graph.networks import Network
from graph.payloads import Link
from graph.threads import ThreadMessage
from inbox.echoes import calls_of, is_in_time, looks_like, settle_parked, without_mid
from inbox.models import Conversation, Dispatch, Message
from inbox.models.contact import CLOCKS_DIFFER
from inbox.models.message import MADE_UP
from inbox.recording import record_absence, record_sent

State = Dispatch.State
# So many readings in a row prove that a message is not there.
PROOF = 2
# What was said just before a reading may not be in the thread yet.
A_MOMENT = timedelta(seconds=10)
ALIKE = 0.85


@dataclass(frozen=True)
class Look:
    """One reading of a thread.

    Args:
        lines: newest first, at most twenty.
        is_whole: whether Meta told enough of each line that it listed.
    """

    lines: tuple[ThreadMessage, ...]
    began_at: datetime
    is_whole: bool = True


def settle_by(look: Look, conversation: Conversation) -> None:
    """Settle what this reading settles in this locked conversation, and keep the rest of it as evidence."""
    seen = _Seen(look, conversation, _known(look.lines, conversation))
    ours = without_mid(conversation)
    fitting = {dispatch.pk: [line for line in seen.free if _fits(line, dispatch)] for dispatch in ours}
    for dispatch in ours:
        if dispatch.state != State.UNKNOWN:
            continue
        found, rivals = fitting[dispatch.pk], [other for pk, lines in fitting.items() if pk != dispatch.pk for other in lines]
        alike = [line for line in seen.possible if _fits(line, dispatch)]
        if alike == found and 0 < len(found) <= len(calls_of(dispatch)) and not any(line in rivals for line in found):
            record_sent(conversation, dispatch, mid=found[-1].mid, at=found[-1].sent_at, how="thread")
        else:
            _keep(seen, dispatch, len(alike))
    settle_parked(conversation)
    conversation.show()


def _known(lines: Iterable[ThreadMessage], conversation: Conversation) -> dict[str, Message]:
    rows = Message.objects.filter(account=conversation.account, mid__in=[line.mid for line in lines]).select_related("dispatch")
    return {message.mid: message for message in rows}


def _fits(line: ThreadMessage, dispatch: Dispatch) -> bool:
    """Whether a line looks like this message."""
    kinds = _kinds_in(line, dispatch.message)
    return is_in_time(line.sent_at, dispatch) and bool(line.text or line.attachment_count) and looks_like(dispatch.message, text=line.text, kinds=kinds)


def _kinds_in(line: ThreadMessage, message: Message) -> list[str]:
    """The thread tells little of what its attachments are, so as many as ours may be our files or our card."""
    ours = ["card"] if message.link else [attachment.kind for attachment in message.attachments.all()]
    return ours if line.attachment_count == len(ours) else ["unsupported"] * line.attachment_count


@dataclass(frozen=True)
class _Seen:
    """A reading beside what we know."""

    look: Look
    conversation: Conversation
    known: dict[str, Message] = field(default_factory=dict)

    @property
    def free(self) -> list[ThreadMessage]:
        """The lines from our side of which we know nothing."""
        return [line for line in self.look.lines if line.mid not in self.known and line.is_from(self._contact) is False]

    @property
    def possible(self) -> list[ThreadMessage]:
        """The lines that no known fact keeps from being ours: also those whose sender is not told, and what we took for another app's."""
        return [line for line in self.look.lines if line.is_from(self._contact) is not True and self._may_be_ours(self.known.get(line.mid))]

    @property
    def _contact(self) -> str:
        return self.conversation.contact.external_id

    def _may_be_ours(self, message: Message | None) -> bool:
        """Messenger names the app that sent, and another one's message is none of ours. One of ours that has its id is no other of ours."""
        if message is None:
            return True
        is_foreign = self.conversation.account.network == Network.MESSENGER and message.about.get("app", "") not in ("", self._app)
        return message.source == Message.Source.ELSEWHERE and not is_foreign

    @property
    def _app(self) -> str:
        return self.conversation.account.meta_app.app_id

    def doubt(self, dispatch: Dispatch) -> str:
        """Why this reading does not prove that the message is not there; "" where it does."""
        if not self.look.lines:
            return "empty"
        if not calls_of(dispatch):
            return "unclear"
        if not self._reaches_before(dispatch):
            return "short"
        if not (self.look.is_whole and self._is_up_to_date(dispatch)):
            return "behind"
        return "unclear" if self._may_hold(dispatch) else ""

    def _reaches_before(self, dispatch: Dispatch) -> bool:
        """Whether it begins before the first call: by a line that we knew then, or by one that is older by any clock."""
        first = calls_of(dispatch)[0]
        return any(line.sent_at < first - CLOCKS_DIFFER or _was_known(self.known.get(line.mid), first) for line in self.look.lines)

    def _is_up_to_date(self, dispatch: Dispatch) -> bool:
        """Whether what we know to have been said since the first call is in it: a thread of before the call proves nothing."""
        meanwhile = (calls_of(dispatch)[0], self.look.began_at - A_MOMENT)
        said = Q(dispatch__sent_at__range=meanwhile) | Q(dispatch=None, received_at__range=meanwhile, is_history=False)
        expected = self.conversation.messages.filter(said, removed_at=None).exclude(mid="").exclude(mid__startswith=MADE_UP)
        listed = {line.mid for line in self.look.lines}
        # A tapped button stands in no thread.
        return all(mid in listed for mid in expected.exclude(opens_as="postback").values_list("mid", flat=True))

    def _may_hold(self, dispatch: Dispatch) -> bool:
        """Whether anything could be the message: in the thread, among the echoes that wait, or among what we took for another app's."""
        first, message = calls_of(dispatch)[0] - CLOCKS_DIFFER, dispatch.message
        if any(line.sent_at >= first and _could_be(message, line.text, bool(line.attachment_count)) for line in self.possible):
            return True
        if any(_could_be(message, echo.text, bool(echo.attachments)) for echo in self.conversation.parked_echoes.filter(settled_at=None, at__gte=first)):
            return True
        elsewhere = self.conversation.messages.filter(source=Message.Source.ELSEWHERE, at__gte=first, is_history=False).prefetch_related("attachments")
        return any(self._may_be_ours(each) and _could_be(message, each.text, bool(each.attachments.all())) for each in elsewhere)


def _was_known(message: Message | None, before: datetime) -> bool:
    if message is None:
        return False
    dispatch: Dispatch | None = getattr(message, "dispatch", None)
    known_at = dispatch.sent_at if dispatch else message.received_at
    return known_at is not None and known_at < before


def _could_be(message: Message, text: str, has_attachments: bool) -> bool:
    """Whether this could be the message in any form that Meta may show it in. Without words nothing speaks against it."""
    words = [message.text]
    if message.link:
        link = Link(**message.link)
        words = [link.words, link.title, f"{link.title} {link.subtitle}"]
    if not text or message.removed_at:
        return True
    return any(_are_alike(ours, text) for ours in words if ours) or (has_attachments and not message.text)


def _are_alike(ours: str, theirs: str) -> bool:
    """The same but for what Meta changes: signs, cases, forms of letters, an end that was cut off."""
    one, other = _bare(ours), _bare(theirs)
    if not one or not other or one == other:
        return True
    shorter, longer = sorted((one, other), key=len)
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return (len(shorter) >= 10 and longer.startswith(shorter)) or (matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE)


def _bare(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def _keep(seen: _Seen, dispatch: Dispatch, alike: int) -> None:
    """Write down what the reading found; once it is proven that the message is not there, it did not arrive."""
    at, doubt = now(), "" if alike else seen.doubt(dispatch)
    is_absent = not alike and not doubt and dispatch.asks(seen.look.began_at)
    # The second reading counts if it began after the first had ended.
    is_another = dispatch.thread_read_at is None or dispatch.thread_read_at <= seen.look.began_at
    absences = (dispatch.absences + is_another) if is_absent else 0
    found = {"thread_read_at": at, "thread_matches": alike, "thread_doubt": doubt, "thread_trouble": ""}
    Dispatch.objects.filter(pk=dispatch.pk).update(**found, looks=dispatch.looks + 1, absences=absences)
    if absences >= PROOF:
        record_absence(seen.conversation, dispatch, at=at)
