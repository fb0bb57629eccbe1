"""What happened to one outgoing message, step by step, from the rows that were written while it happened."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from operator import itemgetter

from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.admin.activity_words import in_words
from accounts.models import Activity, User
from accounts.reasons import trouble_sentence
from core.clock import now
from inbox.models import Attempt, Dispatch
from inbox.models.dispatch import NO_WORD
from inbox.outcomes import doubt_sentence, sentence_of
from inbox.templatetags.times import when
from inbox.views.context import isolated

Outcome, State = Attempt.Outcome, Dispatch.State
_WRITTEN = ("message.written", "message.scheduled")


class Who(StrEnum):
    PERSON = "person"
    AGENT = "agent"
    COUNTERSIGN = "countersign"
    META = "meta"


@dataclass(frozen=True)
class Step:
    """One thing that happened.

    Args:
        at: when; None where only that it happened is known.
        who: whose doing it was.
        words: the whole sentence.
        tone: "good", "care" or "bad" where it went well, is open, or went wrong.
        why: what explains it, as a sentence.
        said: Meta's own words.
        times: how often in a row, up to `until`.
    """

    at: datetime | None
    who: Who
    words: str
    tone: str = ""
    why: str = ""
    said: str = ""
    times: int = 1
    until: datetime | None = None

    @property
    def is_ahead(self) -> bool:
        return self.at is not None and self.at > now()

    def is_like(self, other: "Step") -> bool:
        return (self.who, self.words, self.why, self.said) == (other.who, other.words, other.why, other.said)


@dataclass(frozen=True)
class Story:
    """What happened to one outgoing message."""

    dispatch: Dispatch
    attempts: list[Attempt]
    activities: list[Activity]

    @classmethod
    def of(cls, dispatch: Dispatch) -> "Story":
        """Three questions to the database, however long the story is."""
        rows = Dispatch.objects.select_related("message__written_by", "message__edited_by", "conversation__contact", "account")
        dispatch = rows.defer("account__token").get(pk=dispatch.pk)
        about = Activity.objects.filter(target_type="message", target_id=dispatch.message.public_id)
        return cls(dispatch, list(dispatch.attempts.order_by("number")), list(about.select_related("by").order_by("pk")))

    @cached_property
    def steps(self) -> list[Step]:
        return [*_together(self._happened()), *self._not_read(), *self._known_since(), *self._ahead()]

    @property
    def for_support(self) -> str:
        """What Meta's support asks for, as a text to be copied."""
        known = {_("Account at Meta"): self.dispatch.account.external_id, _("Message at Meta"): self.dispatch.message.mid}
        head = [f"{name}: {value}" for name, value in known.items() if value]
        return "\n".join([*head, *(line for attempt in self.attempts for line in _told_of(attempt))])

    def _happened(self) -> Iterator[Step]:
        """In order; what a call meant for the message is told with the call."""
        call: Step | None = None
        for thing in self._in_order():
            if call and isinstance(thing, Activity) and _ends(thing, call):
                reason = sentence_of(thing.details.get("reason", ""))
                yield replace(call, why=reason or call.why, tone="bad" if thing.verb == "message.failed" else call.tone)
                call = None
                continue
            if call:
                yield call
            call = None
            if isinstance(thing, Attempt):
                call = _call(thing, self.dispatch)
            elif step := thing if isinstance(thing, Step) else self._deed(thing):
                yield step
        if call:
            yield call

    def _in_order(self) -> list[Attempt | Activity | Step]:
        """Deeds stand in the order in which they were written down: where an hour is wrong, or Meta's own, that still holds."""
        placed: list[tuple[tuple[datetime, int], Attempt | Activity | Step]] = []
        latest: datetime | None = None
        for deed in self.activities:
            latest = max(deed.at, latest) if latest else deed.at
            placed.append(((latest, 0 if deed.by_id else 2), deed))
        placed += [((attempt.started_at, 1), attempt) for attempt in self.attempts]
        placed += [((step.at, 1), step) for step in self._readings() if step.at]
        return [thing for _place, thing in sorted(placed, key=itemgetter(0))]

    def _deed(self, deed: Activity) -> Step | None:
        if deed.verb in _WRITTEN:
            return self._written(deed)
        if deed.verb == "message.sent":
            return _sent(deed)
        who = isolated(str(deed.by)) if deed.by else _("Countersign")
        words, tone = _words_of(deed.verb)
        reason = deed.details.get("reason", "")
        # That no answer came has been told with the call.
        why = "" if reason == "no_answer" else sentence_of(reason)
        return Step(deed.at, _kind(deed.by), words % {"who": who}, tone, why=why or _planned(deed))

    def _written(self, deed: Activity) -> Step:
        message, author = self.dispatch.message, self.dispatch.message.written_by
        names = {"who": isolated(str(deed.by or "")), "author": isolated(str(author or ""))}
        if author and author.is_agent and message.edited_by_id:
            words = _("%(author)s proposed this; %(who)s changed and approved it.")
        elif author and author.is_agent and author != deed.by:
            words = _("%(author)s proposed this; %(who)s approved it.")
        elif author and author.is_agent:
            words = _("%(who)s wrote this and sent it without review.")
        else:
            words = _("%(who)s wrote this.")
        return Step(deed.at, _kind(deed.by), words % names, why=_planned(deed))

    def _readings(self) -> list[Step]:
        """The last reading of the thread that came back, where one looked for this message."""
        dispatch = self.dispatch
        if dispatch.thread_read_at is None or dispatch.thread_matches is None:
            return []
        if doubt := doubt_sentence(dispatch.thread_doubt):
            words = _("Countersign read the conversation at Meta.") + " " + doubt
        elif dispatch.thread_matches:
            alike = ngettext("%s message there looks like this one.", "%s messages there look like this one.", dispatch.thread_matches)
            words = _("Countersign read the conversation at Meta.") + " " + alike % dispatch.thread_matches
        else:
            words = _("Countersign read the conversation at Meta. Nothing there looks like this message.")
        return [Step(dispatch.thread_read_at, Who.COUNTERSIGN, words)]

    def _not_read(self) -> Iterator[Step]:
        """Why the thread could not be read last; when that was is not kept."""
        if trouble := self.dispatch.thread_trouble:
            words = _("When Countersign was to read the conversation at Meta last, it could not.")
            yield Step(None, Who.COUNTERSIGN, words, "care", why=trouble_sentence(trouble))

    def _known_since(self) -> Iterator[Step]:
        """What Meta tells without saying when."""
        message, conversation = self.dispatch.message, self.dispatch.conversation
        if self.dispatch.state == State.SENT and conversation.was_delivered(message):
            yield Step(None, Who.META, _("It was delivered."), "good")
        if self.dispatch.state == State.SENT and conversation.was_read(message):
            yield Step(None, Who.META, _("%s has read it.") % isolated(str(conversation.contact)), "good")
        if message.removed_at and message.about.get("erased"):
            yield Step(message.removed_at, Who.COUNTERSIGN, _("Its content was taken away here: this contact is forgotten."))
        elif message.removed_at:
            yield Step(message.removed_at, Who.META, _("Its content was taken away, there and here."))

    def _ahead(self) -> Iterator[Step]:
        if self.dispatch.state == State.QUEUED and self.dispatch.not_before > now():
            yield Step(self.dispatch.not_before, Who.COUNTERSIGN, _("It leaves then at the earliest."))


def _planned(deed: Activity) -> str:
    """For when it was, where this deed is that somebody chose that."""
    moment = parse_datetime(str(deed.details.get("scheduled_for", "")))
    return _("It was to leave on %s.") % when(moment) if moment else ""


def _ends(deed: Activity, call: Step) -> bool:
    """Whether this is what the call before it meant for the message."""
    if deed.verb == "message.sent":
        return call.tone == "good" and deed.details.get("how") == "answer"
    return call.tone in ("care", "bad") and deed.verb in ("message.delayed", "message.failed")


def _together(steps: Iterable[Step]) -> list[Step]:
    """What happened in the same way several times in a row is told once."""
    told: list[Step] = []
    for step in steps:
        if told and told[-1].is_like(step):
            told[-1] = replace(told[-1], times=told[-1].times + 1, until=step.at)
        else:
            told.append(step)
    return told


def _kind(by: User | None) -> Who:
    if by is None:
        return Who.COUNTERSIGN
    return Who.AGENT if by.is_agent else Who.PERSON


def _words_of(verb: str) -> tuple[str, str]:
    """A sentence with a place for who did it, and its tone."""
    known = {
        "message.taken_back": (_("%(who)s took it back."), ""),
        "message.hastened": (_("%(who)s let it leave at once."), ""),
        "message.rescheduled": (_("%(who)s chose another time for it."), ""),
        "message.retried": (_("%(who)s had it tried again."), ""),
        "message.sent_again": (_("%(who)s looked at Meta and had it sent again."), "care"),
        "message.called_arrived": (_("%(who)s looked at Meta and found it there."), "good"),
        "message.unknown": (_("Nobody could tell whether it arrived."), "care"),
        "message.delayed": (_("It had to wait."), "care"),
        "message.failed": (_("It was not sent."), "bad"),
        "message.cancelled": (_("It was kept back."), ""),
    }
    return known.get(verb) or ("%(who)s: " + in_words(verb).replace("%", "%%"), "")


def _sent(deed: Activity) -> Step | None:
    how = deed.details.get("how", "")
    words = {
        "late_answer": _("Meta's answer came late: it has the message."),
        "echo": _("Meta told of it by itself: it has the message."),
        "thread": _("It stands in the conversation at Meta."),
    }
    # That a person said so is a deed of its own.
    return None if how == "person" else Step(deed.at, Who.META, words.get(how, _("It was sent.")), "good")


def _call(attempt: Attempt, dispatch: Dispatch) -> Step:
    words, tone = _upload(attempt) if attempt.step == Attempt.Step.UPLOAD else _handing_over(attempt, dispatch)
    why = _("It went out with Meta's Human Agent tag.") if attempt.human_agent and tone == "good" else ""
    return Step(attempt.started_at, Who.COUNTERSIGN, words, tone, why=why, said=attempt.answer if attempt.error else "")


def _upload(attempt: Attempt) -> tuple[str, str]:
    if attempt.outcome == Outcome.ACCEPTED:
        return _("Countersign gave the file to Meta."), ""
    return _("Countersign could not give the file to Meta."), "bad" if attempt.outcome == Outcome.REFUSED else "care"


def _handing_over(attempt: Attempt, dispatch: Dispatch) -> tuple[str, str]:
    if attempt.outcome == Outcome.STARTED and dispatch.state == State.SENDING:
        return _("Countersign is handing it to Meta."), ""
    if attempt.outcome == Outcome.ACCEPTED and attempt.answer and not attempt.error:
        return _("Countersign handed it to Meta, and Meta took it."), "good"
    if attempt.error == "Stalled":
        return _("Countersign stalled before the call and did not make it."), "care"
    if attempt.error == "NotSent":
        return _("Countersign could not reach Meta."), "care"
    if attempt.error in NO_WORD:
        return _("Countersign handed it to Meta, and no clear answer came."), "care"
    return _("Countersign handed it to Meta, and Meta did not take it."), "bad" if attempt.outcome == Outcome.REFUSED else "care"


def _told_of(attempt: Attempt) -> Iterator[str]:
    """The lines about one call."""
    took = f", {attempt.duration_ms} ms" if attempt.duration_ms is not None else ""
    began = localtime(attempt.started_at).isoformat(timespec="milliseconds")
    yield ""
    yield _("Call %(number)s: %(step)s, %(outcome)s") % {
        "number": attempt.number, "step": attempt.get_step_display(), "outcome": attempt.get_outcome_display(),
    }  # fmt: skip
    yield f"{began}{took}"
    facts = {
        _("HTTP status"): attempt.status, _("Error"): attempt.error, _("Code"): attempt.code, _("Trace"): attempt.trace_id,
        _("Meta's answer"): attempt.answer, _("Digest of the request"): attempt.request_digest, _("Worker"): attempt.worker,
    }  # fmt: skip
    yield from (f"{name}: {value}" for name, value in facts.items() if value)
