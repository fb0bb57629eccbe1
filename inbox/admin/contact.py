"""People as the accounts know them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import link
from inbox.models import Contact


@admin.register(Contact)
class ContactAdmin(ReadOnlyAdmin):
    account_path = "account"
    list_display = ("__str__", "username", "account", "first_seen_at", "profile_fetched_at")
    list_filter = (("account", AccountFilter),)
    list_select_related = ("account",)
    search_fields = ("name", "username", "=external_id", "=public_id")
    ordering = ("-pk",)
    fields = ("account", "external_id", "name", "username", "first_seen_at", "profile_fetched_at", "their_conversation")

    @admin.display(description=_("conversation"))
    def their_conversation(self, contact: Contact) -> str:
        return link(getattr(contact, "conversation", None))
