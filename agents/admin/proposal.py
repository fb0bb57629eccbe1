"""What agents asked to have sent, with a way to the page on which people decide."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from accounts.admin.show import as_json, badge, link
from agents.models import Decision, Proposal, ProposalPart, Vote

TONES = {"pending": "care", "approved": "good", "rejected": "bad", "withdrawn": "quiet", "superseded": "quiet"}


class PartInline(ReadOnlyInline):
    model = ProposalPart
    account_path = "proposal__conversation__account"
    fields = ("position", "text", "media", "card", "message")

    @admin.display(description=_("link card"))
    def card(self, part: ProposalPart) -> str:
        return as_json(part.link) if part.link else "–"


class VoteInline(ReadOnlyInline):
    model = Vote
    account_path = "proposal__conversation__account"
    fields = ("by", "answer", "text", "reason", "at")


class DecisionInline(ReadOnlyInline):
    model = Decision
    account_path = "proposal__conversation__account"
    fields = ("by", "answer", "text", "reason", "at", "undone_at")


@admin.register(Proposal)
class ProposalAdmin(ReadOnlyAdmin):
    account_path = "conversation__account"
    inlines = (PartInline, VoteInline, DecisionInline)
    list_display = ("created_at", "preview", "state_badge", "agent", "conversation_link", "rule")
    list_display_links = ("created_at", "preview")
    list_filter = ("state", ("conversation__account", AccountFilter), ("agent", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("agent__user", "conversation__contact", "conversation__account")
    search_fields = ("=public_id", "parts__text", "reason", "rule", "agent__user__name", "conversation__contact__name")
    date_hierarchy = "created_at"
    fields = (
        "agent", "conversation", "state_badge", "reason", "answers", "expects_heard", "rule", "rule_reason", "policy_version", "created_at", "digest",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("parts")

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "conversation__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("conversation"))
    def conversation_link(self, proposal: Proposal) -> str:
        return link(proposal.conversation)

    @admin.display(description=_("proposal"))
    def preview(self, proposal: Proposal) -> str:
        return proposal.part.preview

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, proposal: Proposal) -> str:
        return badge(proposal.get_state_display(), TONES[proposal.state])


@admin.register(ProposalPart)
class ProposalPartAdmin(ReadOnlyAdmin):
    account_path = "proposal__conversation__account"
    list_display = ("preview", "proposal_link", "message_link")
    list_filter = (("proposal__conversation__account", AccountFilter),)
    list_select_related = ("proposal__agent__user", "message")
    search_fields = ("text", "=proposal__public_id")
    ordering = ("-pk",)
    fields = ("proposal", "position", "text", "media", "card", "message")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("proposal__parts", "message__attachments")

    @admin.display(description=_("proposal"), ordering="proposal")
    def proposal_link(self, part: ProposalPart) -> str:
        return link(part.proposal)

    @admin.display(description=_("became"))
    def message_link(self, part: ProposalPart) -> str:
        return link(part.message)

    @admin.display(description=_("part"))
    def preview(self, part: ProposalPart) -> str:
        return part.preview

    @admin.display(description=_("link card"))
    def card(self, part: ProposalPart) -> str:
        return as_json(part.link) if part.link else "–"
