"""What stands between and beside the messages of one conversation, in one query: what happened, reactions, notes, labels, what people did with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from django.db.models import CharField, DateTimeField, F, IntegerField, JSONField, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, JSONObject, NullIf
from django.utils.functional import cached_property

from accounts.models import Activity, User
from inbox.models import Conversation, Label, MediaFile, Mention, Note, Occurrence, Reaction
from inbox.views.history import Did, history_of
from inbox.views.linked import linkings_of

MOST_HAPPENINGS = 200
MOST_NOTES = 200
HISTORY = 12
# What a page says of a file.
OF_A_FILE = ("by_id", "state", "source_url", "error", "name", "mime", "size", "width", "height")
EPOCH = datetime.fromtimestamp(0, UTC)
Part = QuerySet[Any, tuple[Any, ...]]


@dataclass(frozen=True)
class Row:
    """One thing beside the messages.

    Args:
        what: "occurrence", "reaction", "note", "mention", "label", "file" or "activity".
        number: its key in the database; of a reaction, that of its message.
        key: what it is known by: a public id, or the kind of an occurrence.
        who, by: the name and the key of whoever it is by, or is about.
    """

    what: str
    number: int
    key: str
    at: datetime
    who: str
    by: int
    words: str
    about: Mapping[str, Any]


@dataclass(frozen=True)
class Between:
    """What stands beside the messages from `since` until `before`; labels and history stand beside all of them.

    Args:
        is_whole: whether labels and history are wanted as well.
        files: public ids of files that are wanted as well, chosen by people of this account.
    """

    conversation: Conversation
    since: datetime | None = None
    before: datetime | None = None
    is_whole: bool = True
    files: Sequence[str] = ()

    @property
    def chosen(self) -> list[MediaFile]:
        """The files."""
        return [MediaFile(pk=row.number, public_id=row.key, at=row.at, account_id=self.conversation.account_id, **row.about) for row in self._of("file")]

    @property
    def occurrences(self) -> list[Occurrence]:
        """Oldest first."""
        return [Occurrence(pk=row.number, kind=row.key, at=row.at, about=row.about) for row in self._of("occurrence")]

    @cached_property
    def reactions(self) -> dict[int, list[Row]]:
        """Those in force, by message; `key` is the emoji."""
        found: dict[int, list[Row]] = {}
        for row in self._of("reaction"):
            found.setdefault(row.number, []).append(row)
        return found

    @property
    def notes(self) -> list[Row]:
        """Oldest first; one without words was taken away."""
        return self._of("note")

    @cached_property
    def mentioned(self) -> dict[str, list[str]]:
        """The names of those whom each note mentions."""
        found: dict[str, list[str]] = {}
        for row in self._of("mention"):
            found.setdefault(row.key, []).append(row.who)
        return found

    @property
    def labels(self) -> list[Label]:
        found = [Label(pk=row.number, public_id=row.key, name=row.words, colour=row.who) for row in self._of("label")]
        return sorted(found, key=lambda label: label.name.lower())

    @property
    def history(self) -> list[Did]:
        """What was done with the conversation, newest first."""
        done = [*history_of(self._of("activity")[::-1]), *linkings_of(self.conversation)]
        return sorted(done, key=lambda did: did.at, reverse=True)[:HISTORY]

    def _of(self, what: str) -> list[Row]:
        return [row for row in self._rows if row.what == what]

    @cached_property
    def _rows(self) -> list[Row]:
        first, *rest = self._parts()
        rows = first.union(*rest, all=True)
        return sorted((Row(*columns) for columns in rows), key=lambda row: (row.at, row.number))

    def _parts(self) -> Iterator[Part]:
        occurrences = _newest(self._within(Occurrence.objects.filter(conversation=self.conversation)), MOST_HAPPENINGS)
        notes = _newest(self._within(Note.objects.filter(conversation=self.conversation)), MOST_NOTES)
        yield _part("occurrence", occurrences, key="kind", about=F("about"))
        reactions = Reaction.objects.filter(message__conversation=self.conversation, removed_at=None)
        reactions = reactions.filter(message__at__gte=self.since) if self.since else reactions
        # They belong to messages, and the last of these stands at the very end.
        reactions = reactions.filter(message__at__lte=self.before) if self.before else reactions
        yield _part("reaction", reactions, number="message", key="emoji")
        yield _part("note", notes, key="public_id", who=_name("by__"), by=F("by"), words=F("text"))
        yield _part("mention", Mention.objects.filter(note__in=notes), key="note__public_id", at=F("note__at"), who=_name("user__"), by=F("user"))
        if self.is_whole:
            labels = Label.objects.filter(conversations=self.conversation)
            yield _part("label", labels, key="public_id", at=Value(EPOCH, DateTimeField()), who=F("colour"), words=F("name"))
            yield self._did("conversation", target_id=self.conversation.public_id)
            if self.files:
                files = MediaFile.objects.filter(public_id__in=self.files, account=self.conversation.account_id).exclude(by=None)
                yield _part("file", files, key="public_id", about=JSONObject(**{name: name for name in OF_A_FILE}))
            yield self._did("proposal", target_id__in=Conversation.objects.filter(pk=self.conversation.pk).values("proposals__public_id"))

    def _within(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = rows.filter(at__gte=self.since) if self.since else rows
        return rows.filter(at__lt=self.before) if self.before else rows

    @staticmethod
    def _did(kind: str, **which: Any) -> Part:
        """What was done to things of this kind; its words are the name of whom it was handed to."""
        rows = _newest(Activity.objects.filter(target_type=kind, **which), HISTORY)
        whom = User.objects.filter(public_id=OuterRef("_to")).annotate(_shown=_name("")).values("_shown")[:1]
        named = rows.annotate(_to=KeyTextTransform("to", "details"))
        return _part("activity", named, key="verb", who=_name("by__"), by=F("by"), words=Subquery(whom), about=F("details"))


def _newest(rows: QuerySet[Any], most: int) -> QuerySet[Any]:
    """By their keys: a part of a union has no order and no end of its own on SQLite."""
    manager: Any = rows.model.objects
    return cast(QuerySet[Any], manager.filter(pk__in=rows.order_by("-at", "-pk").values("pk")[:most]))


def _name(path: str) -> Any:
    """How people know a user, as `User.__str__` says."""
    return Coalesce(NullIf(F(f"{path}name"), Value("")), F(f"{path}email"), output_field=TextField())


def _part(what: str, rows: QuerySet[Any], *, key: str, number: str = "pk", **columns: Any) -> Part:
    """These rows in the columns that all parts share."""
    nothing, nobody = Value(""), Value(0)
    shared = {
        "_what": Value(what, CharField()),
        "_number": F(number),
        "_key": Cast(key, TextField()),
        "_at": columns.get("at", F("at")),
        "_who": Coalesce(columns.get("who", nothing), nothing, output_field=TextField()),
        "_by": Coalesce(columns.get("by", nobody), nobody, output_field=IntegerField()),
        "_words": Coalesce(columns.get("words", nothing), nothing, output_field=TextField()),
        "_about": columns.get("about", Value({}, JSONField())),
    }
    return cast(Part, rows.order_by().annotate(**shared).values_list(*shared))
