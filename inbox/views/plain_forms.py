"""Forms that a browser sends by itself, without scripts: files that come along with the words, what is left out again, and what a link puts in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from inbox import media as verbs
from inbox.canning import filled
from inbox.content import picture_complaints
from inbox.errors import ContentRefused, Refused
from inbox.models import CannedReply, Conversation, MediaFile
from inbox.views.access import Request, person
from inbox.views.composer import Composer


@dataclass
class PlainForm:
    """What stands in the place to answer, once what came along with it is kept.

    Args:
        came_along: whether files did, which a second sending of the same form would bring once more.
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
    """What belongs to the kind that is sent."""
    account, by, kind = opened.account, person(request), form.typed.get("kind", "")
    if kind == "link" and (picture := request.FILES.get("upload_picture")):
        kept = _kept(form, str(picture), lambda: _picture(opened, verbs.keep_upload(account, picture, by=by)))
        form.typed["picture"] = kept or form.typed.get("picture", "")
    if kind != "file":
        return
    for upload in request.FILES.getlist("upload"):
        if kept := _kept(form, str(upload), partial(verbs.keep_upload, account, upload, by=by)):
            form.chosen.append(kept)
            form.came_along = True
    if (address := form.typed.get("address", "").strip()) and (kept := _kept(form, address, partial(verbs.keep_address, account, address, by=by))):
        form.typed["address"] = ""
        form.chosen.append(kept)
        form.waits = _("It is being fetched. Send again in a moment.")


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
