"""People as the accounts know them, and how one of them is forgotten."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from accounts.admin.deeds import Deed, WithDeeds
from accounts.admin.filters import AccountFilter
from accounts.admin.permissions import managed_accounts, person
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import link
from core.clock import now
from core.json_rows import ModelRows
from inbox.forgetting import ask_for
from inbox.models import Contact, DeletionRequest


def is_not_being_forgotten(contact: Contact) -> bool:
    return not DeletionRequest.objects.filter(contact=contact, finished_at=None).exists()


@admin.register(Contact)
class ContactAdmin(WithDeeds, ReadOnlyAdmin):
    account_path = "account"
    deeds = (
        Deed(
            "erasure", _("Erase this contact"),
            _(
                "Everything that we hold about this person is erased: their name, the words of all messages in both directions, pictures and files, "
                "reactions, what agents proposed, and what Meta sent us about them, as it came. What waits to be sent to them does not leave. The "
                "conversation stays as a row of erased messages with their times. Nothing brings any of it back; copies in back-ups stay until those "
                "are replaced."
            ),
            offered=is_not_being_forgotten, grave=True,
        ),
    )  # fmt: skip
    list_display = ("__str__", "username", "account", "their_conversation", "first_seen_at", "profile_fetched_at")
    list_filter = (("account", AccountFilter), ("profile_fetched_at", admin.EmptyFieldListFilter), ("forgotten_at", admin.EmptyFieldListFilter))
    list_select_related = ("account", "conversation__account", "conversation__contact")
    search_fields = ("name", "username", "=external_id", "=public_id")
    search_help_text = _("A name, a username, or the id that Meta gave the person for this account.")
    date_hierarchy = "first_seen_at"
    ordering = ("-pk",)
    fields = (
        "account", "external_id", "name", "username", "first_seen_at", "profile_fetched_at", "forgotten_at", "their_conversation", "linked_with", "erasures",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Each with those `linked` with it, on the accounts that this person manages."""
        others = Contact.objects.filter(person=OuterRef("person"), account__in=managed_accounts(person(request))).exclude(pk=OuterRef("pk"))
        rows: QuerySet[Any] = super().get_queryset(request).annotate(linked=ModelRows(others.order_by("pk"), "id", "name", "username", "external_id"))
        return rows

    @admin.display(description=_("conversation"))
    def their_conversation(self, contact: Contact) -> str:
        return link(getattr(contact, "conversation", None))

    @admin.display(description=_("same person as"))
    def linked_with(self, contact: Any) -> str:
        return format_html_join(", ", "{}", ((link(other),) for other in contact.linked)) or "–"

    @admin.display(description=_("asked to be forgotten"))
    def erasures(self, contact: Contact) -> str:
        return link(DeletionRequest.objects.filter(contact=contact).first())

    def do_erasure(self, request: HttpRequest, contact: Contact) -> HttpResponse:
        asked = ask_for(contact, by=person(request), at=now())
        self.message_user(request, _("It has begun. This page says how far it is."))
        return redirect(reverse("admin:inbox_deletionrequest_change", args=[asked.pk]))
