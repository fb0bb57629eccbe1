"""Canned replies: which ones fit, and what is filled in for `{{ … }}`."""

import re
from collections.abc import Callable

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import Account, User
from graph.limits import limits_for, text_size
from graph.networks import Network
from inbox.models import CannedReply, Contact, Conversation

MOST = 8
_VARIABLE = re.compile(r"\{\{(?P<name>.*?)\}\}", re.DOTALL)
# What stands where a value is not known. Nobody types these brackets, so what holds one is never sent.
_GAP = re.compile(r"⟨[^⟨⟩\n]+\?⟩")

# What each variable stands for, in the words of the help and of a gap.
VARIABLES = {
    "contact": pgettext_lazy("what is filled in", "name of the contact"),
    "first_name": pgettext_lazy("what is filled in", "first name of the contact"),
    "account": pgettext_lazy("what is filled in", "name of the account"),
    "me": pgettext_lazy("what is filled in", "your name"),
    "my_first_name": pgettext_lazy("what is filled in", "your first name"),
}
NETWORK_NAMES = {Network.MESSENGER: gettext_lazy("Messenger"), Network.INSTAGRAM: gettext_lazy("Instagram")}


def matching(account: Account, wanted: str) -> list[CannedReply]:
    """Those that fit what is typed after `/`: the account's own first, then those for all; of each, those whose name begins so come first.

    A reply for every account that has the name of one of the account's own is not offered here.
    """
    wanted = wanted.strip()[:40]
    own = CannedReply.objects.filter(account=account)
    shadowed = Q(account=None, shortcut__in=own.values("shortcut"))
    fitting = CannedReply.objects.filter(Q(account=account) | Q(account=None)).exclude(shadowed)
    if wanted:
        fitting = fitting.filter(Q(shortcut__icontains=wanted) | Q(text__icontains=wanted))
    return list(_in_order(fitting, wanted)[:MOST])


def _in_order(replies: QuerySet[CannedReply], wanted: str) -> QuerySet[CannedReply]:
    whose = Case(When(account=None, then=Value(1)), default=Value(0), output_field=IntegerField())
    begins = Case(When(shortcut__istartswith=wanted, then=Value(0)), default=Value(1), output_field=IntegerField())
    return replies.order_by(whose, begins, "shortcut", "pk")


def filled(text: str, conversation: Conversation, *, by: User) -> str:
    """The text for this conversation; a gap stays where a value is not known."""
    values = {**_of_contact(conversation.contact), "account": conversation.account.name, **_of_person(by)}
    return _fill(text, values.get)


def preview(text: str, *, account: Account | None) -> str:
    """The text as it would read for somebody, with invented names."""
    values = {"account": account.name if account else _("Harbour Coffee")}
    values |= {"contact": "Amina Okafor", "first_name": "Amina", "me": "Sam Reyes", "my_first_name": "Sam"}
    return _fill(text, values.get)


def unknown_variables(text: str) -> list[str]:
    """What stands in `{{ … }}` and means nothing, each once."""
    return list(dict.fromkeys(name for found in _VARIABLE.finditer(text) if (name := found["name"].strip()) not in VARIABLES))


def gaps(text: str) -> list[str]:
    """What has to be filled in by hand before it can be sent, each once."""
    return list(dict.fromkeys(_GAP.findall(text)))


def too_long_for(text: str, networks: list[Network]) -> dict[Network, int]:
    """On which of these networks it would be too long as it stands, and how long it is there."""
    sizes = {network: text_size(text, network) for network in networks}
    return {network: size for network, size in sizes.items() if size > limits_for(network).text_max}


def _fill(text: str, value_of: Callable[[str], str | None]) -> str:
    return _VARIABLE.sub(lambda found: value_of(found["name"].strip()) or _gap(found["name"].strip()), text)


def _gap(name: str) -> str:
    label = re.sub(r"[⟨⟩\n]", "", str(VARIABLES.get(name, name))) or "…"
    return f"⟨{label}?⟩"


def _of_contact(contact: Contact) -> dict[str, str]:
    """Names only: nobody is greeted by their username."""
    name = contact.name.strip()
    return {"contact": name, "first_name": name.split()[0] if name else ""}


def _of_person(user: User) -> dict[str, str]:
    name = user.name.strip()
    return {"me": name, "my_first_name": name.split()[0] if name else ""}
