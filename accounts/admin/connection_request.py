"""Who wanted to connect accounts, by which way, and what became of it. It can be read, and nothing else; secrets are no part of it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import as_json, badge, masked
from accounts.models import ConnectionRequest

State = ConnectionRequest.State
TONES = {State.DONE: "good", State.FAILED: "bad", State.CHOOSING: "care"}


class ByWay(admin.ChoicesFieldListFilter):
    """Django would call it "By by"."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = str(_("way"))


@admin.register(ConnectionRequest)
class ConnectionRequestAdmin(ReadOnlyAdmin):
    account_path = "account"
    list_display = ("at", "by", "way", "meta_app", "account", "state_badge", "error", "finished_at")
    list_filter = ("state", ("method", ByWay))
    list_select_related = ("by", "meta_app", "account")
    search_fields = ("by__name", "by__email", "account__name", "=public_id", "=error")
    date_hierarchy = "at"
    fields = ("by", "way", "meta_app", "account", "state_badge", "error", "what_was_found", "what_was_chosen", "history_days", "at", "finished_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # Nothing here shows it, so it is not even read.
        return super().get_queryset(request).defer("secret")

    @admin.display(description=_("way"), ordering="method")
    def way(self, asked: ConnectionRequest) -> str:
        return asked.get_method_display()

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, asked: ConnectionRequest) -> str:
        return badge(asked.get_state_display(), TONES.get(State(asked.state), "quiet"))

    @admin.display(description=_("found"))
    def what_was_found(self, asked: ConnectionRequest) -> str:
        return as_json(masked(asked.found))

    @admin.display(description=_("chosen"))
    def what_was_chosen(self, asked: ConnectionRequest) -> str:
        return as_json(masked(asked.chosen))
