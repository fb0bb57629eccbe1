"""Drafts: what a person has typed in a conversation and not sent, kept for this person alone until it is sent or emptied."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import OuterRef, Q
from django.db.models.fields.json import KeyTextTransform
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from accounts.models import Right, User
from core.clock import now
from core.json_rows import ModelRows, columns
from inbox.errors import ContentRefused, KeyIsSpent, NotAllowed, WrittenElsewhere
from inbox.models import Conversation, Draft, Message
from inbox.models.message import told_along

# The boxes of the composer that say something, and those that stand beside.
SAY = ("text", "address", "url", "title", "subtitle", "picture")
BESIDE = ("key", "kind", "plain", "reply_to", "when", "moment", "unless")
# What a browser still hands over while its page is being left is limited to 64 KiB.
LARGEST = 24 * 1024
MOST_CHOSEN = 20


def drafts_along(user: User) -> ModelRows:
    """What this person left, to be fetched along with conversations: with the message that it answers, where that can be answered still."""
    answered = Message.objects.answerable().filter(conversation=OuterRef("conversation"), public_id=OuterRef("answers"))
    drafts = Draft.objects.filter(conversation=OuterRef("pk"), user=user).annotate(answers=KeyTextTransform("reply_to", "typed"))
    return ModelRows(drafts.annotate(answered=ModelRows(answered.annotate(told=told_along()), *columns(Message), "told")), *columns(Draft), "answered")


def draft_of(conversation: Conversation, user: User) -> Draft | None:
    """What this person left in this conversation. It may have come along."""
    if hasattr(conversation, "drafts_here"):
        return next(iter(conversation.drafts_here), None)
    return Draft.objects.filter(conversation=conversation, user=user).first()


def save_draft(
    conversation: Conversation, typed: Mapping[str, str], chosen: Sequence[str], *,
    by: User, writer: str = "", number: int = 0, seen: str = "", at: datetime | None = None,
) -> Draft | None:  # fmt: skip
    """Keep what stands in the form; a form that says nothing leaves no draft.

    Args:
        typed: its boxes, with the key under which it would be sent.
        chosen: public ids of its files.
        writer: which page in which browser tells this.
        number: counts the saves of that page; one that was overtaken on its way changes nothing.
        seen: the version on which it was written, by `Draft.version`; "" is none.

    Raises:
        NotAllowed: `by` may not reply here.
        ContentRefused: it is too large.
        KeyIsSpent: it was sent already.
        WrittenElsewhere: another page of the same person has saved another version, which this one has not seen.
    """
    words = {name: value for name in (*SAY, *BESIDE) if (value := typed.get(name, "").replace("\0", ""))}
    files, writer = [each.replace("\0", "")[:40] for each in chosen[:MOST_CHOSEN]], writer.replace("\0", "")
    _check_size(words)
    with transaction.atomic():
        locked = Conversation.objects.lock(conversation.pk)
        if by.is_agent or not locked.account.allows(by, Right.REPLY):
            raise NotAllowed
        if _was_sent(locked, words.get("key", "")):
            raise KeyIsSpent(_("This was sent before. Look for it in the conversation; what is written here now stays in this browser until it is sent."))
        earlier = draft_of(locked, by)
        if seen and earlier is None and locked.contact.forgotten_at:
            raise ContentRefused([_("This contact was erased here, and your draft with them. It is not kept again.")])
        if earlier and earlier.writer == writer and earlier.number >= number:
            return earlier
        if earlier and earlier.writer != writer and earlier.version != seen and not _says_the_same(earlier, words, files):
            raise WrittenElsewhere(earlier)
        if not (any(words.get(name, "").strip() for name in SAY) or files):
            Draft.objects.filter(conversation=locked, user=by).delete()
            return None
        said = {"typed": words | {"writer": writer, "number": str(number)}, "chosen": files, "saved_at": at or now()}
        return Draft.objects.update_or_create(conversation=locked, user=by, defaults=said)[0]


def forget_draft(conversation: Conversation, *, by: User, key: str = "") -> None:
    """It was sent under this key, or is not wanted any more. A draft of another key is something else."""
    drafts = Draft.objects.filter(conversation=conversation, user=by)
    (drafts.filter(typed__key=key.partition(":")[0]) if key else drafts).delete()


def _check_size(words: Mapping[str, str]) -> None:
    size = sum(len(value.encode("utf-8", "surrogatepass")) for value in words.values())
    if size > LARGEST:
        sizes = {"size": filesizeformat(size), "most": filesizeformat(LARGEST)}
        words_of_it = _("This is too long to be kept as a draft: %(size)s, and a draft has up to %(most)s. Until it is shorter it stays in this browser.")
        raise ContentRefused([words_of_it % sizes])


def _was_sent(conversation: Conversation, key: str) -> bool:
    """Whether anything of the form with this key became a message: files have keys that begin with it."""
    return bool(key) and conversation.messages.filter(Q(idempotency_key=key) | Q(idempotency_key__startswith=f"{key}:")).exists()


def _says_the_same(draft: Draft, words: Mapping[str, str], files: Sequence[str]) -> bool:
    return {name: draft.words.get(name, "") for name in SAY} == {name: words.get(name, "") for name in SAY} and list(draft.chosen) == list(files)
