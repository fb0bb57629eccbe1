"""Reading back the history of accounts: asked for, watched and stopped."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import AnyModelForm, ProductAdmin
from accounts.admin.deeds import Deed, WithDeeds
from accounts.admin.filters import AccountFilter
from accounts.admin.permissions import person
from accounts.admin.show import badge, moment
from accounts.models import Account
from core.clock import now
from inbox.admin.backfill_progress import Progress
from inbox.backfilling import cancel_backfill, start_backfill
from inbox.models import Backfill

EVERYTHING = "0"
REACHES = (("30", _("the last 30 days")), ("90", _("the last 90 days")), ("365", _("the last year")), (EVERYTHING, _("everything that Meta lists")))


class BackfillForm(AnyModelForm):
    reach = forms.ChoiceField(
        label=_("Conversations of"), choices=REACHES, initial="90",
        help_text=_("Those with a word since then are read, each with its 20 newest messages: Meta opens no older ones."),
    )  # fmt: skip

    class Meta:
        model = Backfill
        fields = ("account",)

    def clean_account(self) -> Account:
        account: Account = self.cleaned_data["account"]
        if account.state == Account.State.DISCONNECTED:
            raise ValidationError(_("This account is disconnected. Connect it again first."))
        if Backfill.objects.unfinished().filter(account=account).exists():
            raise ValidationError(_("The history of this account is being read already."))
        return account


def is_unfinished(backfill: Backfill) -> bool:
    return backfill.finished_at is None


@admin.register(Backfill)
class BackfillAdmin(WithDeeds, ProductAdmin):
    account_path = "account"
    form = BackfillForm
    change_form_template = "admin/inbox/backfill/change_form.html"
    change_list_template = "admin/inbox/backfill/change_list.html"
    deeds = (
        Deed(
            "stop", _("Stop reading"), _("No more is read. What had been read stays, and it can be asked for again at any time."),
            offered=is_unfinished, grave=True,
        ),
    )  # fmt: skip
    list_display = ("account_name", "state_badge", "numbers", "reaches", "by", "at", "finished_at")
    list_display_links = ("account_name",)
    list_filter = (("account", AccountFilter), "state")
    list_select_related = ("account", "by")
    search_fields = ("account__name", "=public_id")
    ordering = ("-pk",)
    fields = ("account", "reaches", "by", "at", "read_at", "finished_at")
    add_fields = ("account", "reach")

    def get_urls(self) -> Any:
        address = path("<int:pk>/progress/", self.admin_site.admin_view(self.progress_view), name="inbox_backfill_progress")
        return [address, *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else self.add_fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if field := form.base_fields.get("account"):
            # Nothing else is done on this page.
            field.widget.can_add_related = field.widget.can_change_related = field.widget.can_view_related = False
        return form

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = context.get("original")
        more = {"title": _("Reading of history"), "progress": Progress(row)} if row else {"title": _("Read back the history of an account")}
        return super().render_change_form(request, context | more, *args, **kwargs)

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The part of the page that keeps itself fresh; nothing where it would look the same."""
        row = self.get_object(request, str(pk))
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        progress = Progress(row)
        if not progress.is_moving:
            # What can be done, and when it ended, stands elsewhere on the page.
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        if request.GET.get("mark") == progress.mark:
            return HttpResponse(status=204)
        return TemplateResponse(request, "admin/inbox/backfill/_progress.html", {"progress": progress})

    # What it shows ------------------------------------------------------------------------------------------------
    @admin.display(description=_("account"), ordering="account__name")
    def account_name(self, backfill: Backfill) -> str:
        return str(backfill.account)

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, backfill: Backfill) -> str:
        return badge(backfill.get_state_display(), Progress(backfill).tone)

    @admin.display(description=_("read so far"))
    def numbers(self, backfill: Backfill) -> str:
        return Progress(backfill).numbers

    @admin.display(description=_("back to"), ordering="since")
    def reaches(self, backfill: Backfill) -> str:
        return moment(backfill.since) if backfill.since else str(_("everything that Meta lists"))

    # What it does -------------------------------------------------------------------------------------------------
    def save_model(self, request: HttpRequest, obj: Backfill, form: Any, change: bool) -> None:
        at, days = now(), int(form.cleaned_data["reach"])
        try:
            started = start_backfill(obj.account, by=person(request), at=at, since=at - timedelta(days=days) if days else None)
        except ValidationError as refusal:
            # A colleague was a moment faster; that one is as good.
            started = Backfill.objects.filter(account=obj.account).latest("pk")
            self.message_user(request, " ".join(refusal.messages), messages.WARNING)
        obj.pk = started.pk
        obj.refresh_from_db()

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """Straight to how far it is."""
        return self._back(request, obj, messages.SUCCESS, _("It has begun. This page says how far it is."))

    def do_stop(self, request: HttpRequest, backfill: Backfill) -> str:
        stopped = cancel_backfill(backfill, by=person(request), at=now())
        return str(_("Nothing more is read.") if stopped else _("It had ended already."))
