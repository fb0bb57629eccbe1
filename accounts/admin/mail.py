"""E-mails: whether each has left and why not. Their words are shown to nobody."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.admin.deeds import Deed, WithDeeds
from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import badge
from accounts.mailing import INTERRUPTED, WITHDRAWN, try_again
from accounts.models import Mail
from core.clock import now

# What a class of trouble most often means. The code that the server answered stands beside it.
REMEDIES: dict[str, str | Promise] = {
    WITHDRAWN: _("It was withdrawn before it left, because what it told was over."),
    INTERRUPTED: _("Countersign was interrupted each time while sending it, so it may have left."),
    "SMTPAuthenticationError": _("The mail server does not take the user and password of EMAIL_URL."),
    "SMTPRecipientsRefused": _("The mail server does not take this address. Is it right?"),
    "SMTPSenderRefused": _("The mail server does not take EMAIL_FROM as the sender."),
    "SMTPDataError": _("The mail server does not take this e-mail."),
    "SMTPNotSupportedError": _("The mail server has no sign-in or no encryption of the kind that EMAIL_URL names."),
    "SMTPServerDisconnected": _("The mail server broke off. Is EMAIL_URL right about encryption?"),
    "ConnectionRefusedError": _("Nothing answers where EMAIL_URL points to."),
    "TimeoutError": _("The mail server did not answer in time."),
    "gaierror": _("The host in EMAIL_URL is not found."),
    "SSLCertVerificationError": _("The mail server's certificate is not valid."),
    "Unreadable": _("Its words cannot be read with the present ENCRYPTION_KEYS."),
}
STATES = {
    "sent": (_("sent"), "good", Q(sent_at__isnull=False)),
    "waits": (_("waits"), "quiet", Q(sent_at=None, given_up_at=None, trouble="")),
    "tried": (_("tried again later"), "care", Q(sent_at=None, given_up_at=None) & ~Q(trouble="")),
    # One that was withdrawn while a worker had it in hand may have left all the same.
    "withdrawn": (_("withdrawn"), "quiet", Q(sent_at=None, given_up_at__isnull=False, trouble=WITHDRAWN)),
    "given-up": (_("given up"), "bad", Q(sent_at=None, given_up_at__isnull=False) & ~Q(trouble=WITHDRAWN)),
}


def state_of(mail: Mail) -> str:
    if mail.sent_at:
        return "sent"
    if mail.given_up_at:
        return "withdrawn" if mail.trouble == WITHDRAWN else "given-up"
    return "tried" if mail.trouble else "waits"


def state_badge(mail: Mail) -> str:
    words, tone, _rows = STATES[state_of(mail)]
    return badge(words, tone)


def remedy(mail: Mail) -> str:
    """What went wrong as a sentence, with the class and code by which somebody can look further."""
    name = mail.trouble.partition(" ")[0]
    return f"{REMEDIES[name]} ({mail.trouble})" if name in REMEDIES and name not in (WITHDRAWN, INTERRUPTED) else str(REMEDIES.get(name, mail.trouble))


class ByState(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(name, words) for name, (words, _tone, _rows) in STATES.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        state = STATES.get(self.value() or "")
        return queryset.filter(state[2]) if state else queryset


def was_given_up(mail: Mail) -> bool:
    return state_of(mail) == "given-up"


@admin.register(Mail)
class MailAdmin(WithDeeds, ReadOnlyAdmin):
    """Managers see what was written about their accounts, superusers everything."""

    account_path = "account"
    actions = ("try_again_selected",)
    deeds = (Deed("again", _("Try again"), _("It is sent at once, and where that fails once more for two days."), offered=was_given_up),)
    list_display = ("subject", "address", "state", "account", "at", "sent_at", "tries")
    list_filter = (ByState, "kind", ("account", AccountFilter))
    list_select_related = ("account", "to")
    search_fields = ("subject", "address", "to__name")
    date_hierarchy = "at"
    fields = ("subject", "address", "to", "kind", "account", "state", "what_went_wrong", "tries", "at", "not_before", "sent_at", "given_up_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mail]:
        # Not even read here: nobody is shown the words, and one that cannot be decrypted must not break the list.
        return super().get_queryset(request).defer("body")

    @admin.display(description=_("state"))
    def state(self, mail: Mail) -> str:
        return state_badge(mail)

    @admin.display(description=_("trouble"))
    def what_went_wrong(self, mail: Mail) -> str:
        return remedy(mail) or "–"

    @admin.action(description=_("Try again"))
    def try_again_selected(self, request: HttpRequest, mails: QuerySet[Mail]) -> None:
        number = sum(try_again(mail, at=now()) for mail in mails)
        if number:
            self.message_user(request, ngettext("%d e-mail is tried again.", "%d e-mails are tried again.", number) % number)
        else:
            self.message_user(request, _("None of these was given up."), messages.WARNING)

    def do_again(self, request: HttpRequest, mail: Mail) -> str:
        try_again(mail, at=now())
        return str(_("It is tried again."))
