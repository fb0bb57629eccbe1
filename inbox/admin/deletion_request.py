"""Who asked to be forgotten, and how far it is. Meta's requests are for superusers; a manager sees those about her own contacts."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import as_json, badge
from inbox.models import DeletionRequest


@admin.register(DeletionRequest)
class DeletionRequestAdmin(ReadOnlyAdmin):
    account_path = "contact__account"
    list_display = ("received_at", "public_id", "progress", "contact", "by", "finished_at")
    list_filter = (("finished_at", admin.EmptyFieldListFilter), ("contact__account", AccountFilter))
    date_hierarchy = "received_at"
    list_select_related = ("contact", "by")
    search_fields = ("=public_id",)
    fields = ("received_at", "status_page", "progress", "contact", "by", "meta_app", "finished_at", "numbers")

    @admin.display(description=_("state"), ordering="finished_at")
    def progress(self, request: DeletionRequest) -> str:
        return badge(_("finished"), "good") if request.finished_at else badge(_("being erased"), "care")

    @admin.display(description=_("status page"))
    def status_page(self, request: DeletionRequest) -> str:
        note = _("Public, and without a name. Give the address to the person who asked.")
        return format_html('<a href="{}"><code>{}</code></a><div class="help">{}</div>', request.get_absolute_url(), request.public_id, note)

    @admin.display(description=_("erased so far"))
    def numbers(self, request: DeletionRequest) -> str:
        return as_json(request.erased) if request.erased else "–"
