"""What people said about proposals, and what it added up to."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import badge, link
from agents.models import Decision, Vote

TONES = {"approved": "good", "rejected": "bad"}


class OnProposal(ReadOnlyAdmin):
    """What votes and decisions have in common."""

    account_path = "proposal__conversation__account"
    list_filter = ("answer", ("proposal__conversation__account", AccountFilter), ("proposal__agent", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("proposal__agent__user", "by")
    search_fields = ("=proposal__public_id", "by__name", "by__email", "reason", "text")
    date_hierarchy = "at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("proposal__parts")

    @admin.display(description=_("proposal"), ordering="proposal")
    def proposal_link(self, row: Vote | Decision) -> str:
        return link(row.proposal)

    @admin.display(description=_("words"))
    def was_changed(self, row: Vote | Decision) -> str:
        return badge(_("changed"), "care") if row.text else str(_("as proposed"))

    @admin.display(description=_("answer"), ordering="answer")
    def answer_badge(self, row: Vote | Decision) -> str:
        return badge(row.get_answer_display(), TONES[row.answer])


@admin.register(Vote)
class VoteAdmin(OnProposal):
    list_display = ("at", "answer_badge", "proposal_link", "by", "was_changed", "reason")
    fields = ("proposal", "by", "answer_badge", "text", "reason", "at", "digest", "revision")


@admin.register(Decision)
class DecisionAdmin(OnProposal):
    list_display = ("at", "answer_badge", "proposal_link", "by", "was_changed", "reason", "undone_at")
    fields = ("proposal", "answer_badge", "by", "text", "reason", "at", "undone_at")

    def get_list_filter(self, request: HttpRequest) -> Any:
        return (*super().get_list_filter(request), ("undone_at", admin.EmptyFieldListFilter))
