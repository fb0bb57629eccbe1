"""Forms that a browser sends by itself, without scripts: files that come along with the words, what is left out again or left over, and what a link puts in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox import media as verbs
from inbox.canning import filled
from inbox.content import picture_complaints
from inbox.drafting import SAY, save_draft
from inbox.errors import ContentRefused, KeyIsSpent, Refused
from inbox.models import CannedReply, Conversation, MediaFile
from inbox.views.access import Request, person
from inbox.views.composer import BOXES, MOST_FILES, Composer, too_many_files


@dataclass
class PlainForm:
    """What stands in the place to answer, once what came along with it is kept.

    Args:
        came_along: whether files did that are to go out, which a second sending of the same form would bring once more.
        waits: what has to be fetched first, in a sentence.
    """

    typed: dict[str, str]
    chosen: list[str]
    came_along: bool = False
    waits: str = ""
    errors: list[str] = field(default_factory=list)


def plain_form(request: Request, opened: Conversation) -> PlainForm:
    """The form as it was sent; where no script has seen to its files, they are kept now."""
    form = PlainForm(request.POST.dict(), request.POST.getlist("media"))
    if request.htmx:
        return form
    _leave_out(form, request.POST.getlist("leave_out"))
    if getattr(opened, "may_reply", False):
        _take_files(form, request, opened)
    return form


def _leave_out(form: PlainForm, unwanted: Sequence[str]) -> None:
    form.chosen = [each for each in form.chosen if each not in unwanted]
    if form.typed.get("picture") in unwanted:
        form.typed["picture"] = ""
    if form.typed.get("answers_nothing"):
        form.typed["reply_to"] = ""


def _take_files(form: PlainForm, request: Request, opened: Conversation) -> None:
    """Also what belongs to another kind than the one that is sent: it stays in the form."""
    account, by, is_sent = opened.account, person(request), form.typed.get("kind") == "file"
    if picture := request.FILES.get("upload_picture"):
        kept = _kept(form, str(picture), lambda: _picture(opened, verbs.keep_upload(account, picture, by=by)))
        form.typed["picture"] = kept or form.typed.get("picture", "")
    for upload in request.FILES.getlist("upload"):
        if not _has_room(form):
            return
        if kept := _kept(form, str(upload), partial(verbs.keep_upload, account, upload, by=by)):
            form.chosen.append(kept)
            form.came_along = is_sent
    address = form.typed.get("address", "").strip() if is_sent else ""
    if address and _has_room(form) and (kept := _kept(form, address, partial(verbs.keep_address, account, address, by=by))):
        form.typed["address"] = ""
        form.chosen.append(kept)
        form.waits = _("It is being fetched. Send again in a moment.")


def _has_room(form: PlainForm) -> bool:
    """Whether one more can go out with it; where none can, that is said."""
    if len(set(form.chosen)) < MOST_FILES:
        return True
    form.errors.append(too_many_files())
    return False


def _picture(opened: Conversation, media: MediaFile) -> MediaFile:
    if complaints := picture_complaints(media, opened.account.network):
        raise ContentRefused(complaints)
    return media


def _kept(form: PlainForm, name: str, keep: Callable[[], MediaFile]) -> str:
    """Its public id; "" where it was refused."""
    try:
        return keep().public_id
    except Refused as refused:
        sentences = refused.sentences if isinstance(refused, ContentRefused) else [refused.sentence]
        form.errors += [f"{name}: {sentence}" for sentence in sentences]
        return ""


def recognised(composer: Composer) -> Composer:
    """The form with the files of which it was sent before, by a second click: the browser brings them once more, and here they are other files.

    Raises:
        KeyIsSpent: what was sent before from this form were others.
    """
    before = composer.conversation.messages.filter(idempotency_key__startswith=f"{composer.key}:")
    if not before.exists():
        return composer
    sent = MediaFile.objects.filter(pk__in=before.values("attachments__media"))
    now_here, were_sent = (sorted(files, key=lambda file: file.sha256) for files in (composer.files, sent))
    if [file.sha256 for file in now_here] != [file.sha256 for file in were_sent]:
        raise KeyIsSpent(_("What you sent before from here had other content. Look for it in the conversation; send once more to send this as well."))
    twins = {here.public_id: there.public_id for here, there in zip(now_here, were_sent, strict=True)}
    return replace(composer, chosen=[twins[file.public_id] for file in composer.files])


def left_over(composer: Composer) -> Composer | None:
    """The form once its message is out, with what else stood in it; None where nothing did."""
    left = composer.emptied()
    kinds = [kind for kind, boxes in BOXES.items() if _says(left, boxes) or (kind == "file" and left.files)]
    return replace(left, typed={**left.typed, "kind": kinds[0], "key": left.key}) if kinds else None


def what_stays(left: Composer) -> str:
    """That this did not go out, for people who pressed Send."""
    number = len(left.files)
    files = ngettext(
        "The file that you chose was not sent. It is still here.", "The %(number)s files that you chose were not sent. They are still here.", number
    )
    words = _("What else you wrote was not sent. It is still here.") if _says(left, SAY) else ""
    return " ".join(filter(None, [files % {"number": number} if number else "", words]))


def _says(composer: Composer, boxes: Sequence[str]) -> bool:
    """Whether anything stands in one of these that would be missed."""
    return any(composer.typed.get(box, "").strip() for box in boxes if box in SAY)


def is_kept(left: Composer) -> bool:
    """Whether it is a draft by now, so that the page shows it again: not where another window has left something else."""
    try:
        save_draft(left.conversation, left.typed, left.chosen, by=left.user, writer=left.key)
    except Refused:
        return False
    return True


def asked_for(composer: Composer, asked: Mapping[str, Any]) -> Composer:
    """With what a link asked to have in it: a message that is answered, a canned reply."""
    typed = dict(composer.typed)
    if reply_to := str(asked.get("reply_to", "")):
        typed["reply_to"] = reply_to
    if reply := _canned(composer.conversation, str(asked.get("canned", ""))):
        before, text = typed.get("text", ""), filled(reply.text, composer.conversation, by=composer.user)
        typed |= {"kind": "text", "text": f"{before.rstrip()}\n\n{text}" if before.strip() else text}
    return composer if typed == composer.typed else replace(composer, typed=typed)


def _canned(conversation: Conversation, public_id: str) -> CannedReply | None:
    known = CannedReply.objects.filter(Q(account=conversation.account_id) | Q(account=None))
    return known.filter(public_id=public_id).first() if public_id else None
