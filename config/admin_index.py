"""The order and the words of the admin's index."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Page:
    """A page that is not the list of a model."""

    name: str | Promise
    url_name: str
    about: str | Promise

    def entry(self) -> dict[str, Any]:
        """The page as the index shows it, in the form in which it shows models."""
        return {"name": self.name, "object_name": self.url_name, "admin_url": reverse(f"admin:{self.url_name}"), "add_url": None, "about": self.about}


@dataclass(frozen=True)
class Group:
    """Some models that belong together in an admin's mind, each with a sentence of what it is for, below the pages that tell of all of them."""

    name: str | Promise
    app_label: str
    about: dict[str, str | Promise]
    pages: tuple[Page, ...] = ()

    def entry(self, models: dict[str, Any]) -> dict[str, Any]:
        """The group as the index shows it, with those of its models that the person may see; whoever sees none gets no page either."""
        shown = [models[name] for name in self.about if name in models]
        if shown:
            shown = [*(page.entry() for page in self.pages), *shown]
        for name, about in self.about.items():
            models.get(name, {})["about"] = about
        address = reverse("admin:app_list", args=[self.app_label])
        return {"name": self.name, "app_label": self.app_label, "app_url": address, "has_module_perms": True, "models": shown}


GROUPS = (
    Group(
        _("Accounts"),
        "accounts",
        {
            "accounts.Account": _("Connected Pages and Instagram accounts: their state, what they need, and their switches."),
            "accounts.MetaApp": _("The apps at Meta through which accounts are connected, with their secrets and the addresses to write there."),
            "accounts.AccountCheck": _("What each look at an account found, for ninety days."),
            "accounts.AccountUsage": _("How much of Meta's limits each account has used."),
            "accounts.ConnectionRequest": _("Who connected what, by which way, and what stood against it."),
        },
        pages=(Page(_("Health of all accounts"), "health", _("Are all accounts well, and were they? A month at a glance, worst first.")),),
    ),
    Group(
        _("People"),
        "accounts",
        {
            "accounts.User": _("Who signs in, and what they may do on which account."),
            "accounts.Grant": _("The same as one list: who may do what, where."),
            "accounts.Invitation": _("Who was invited, to what, and whether they came."),
            "accounts.Mail": _("The e-mails that Countersign wrote: which left, and which could not."),
        },
        pages=(Page(_("People and accounts"), "people", _("Who may do what on which account, in one grid.")),),
    ),
    Group(
        _("Agents"),
        "agents",
        {
            "agents.Agent": _("Software that may propose: where, under which policy, with which keys."),
            "accounts.Stop": _("Silence agents at once, everywhere or in one place."),
            "agents.Policy": _("What agents may do by themselves, and what needs a person."),
            "agents.PolicyVersion": _("Every document that was ever in force."),
            "agents.AgentKey": _("Who lets themselves in with what; revoke a key here."),
            "agents.Proposal": _("What agents asked to have sent."),
            "agents.ProposalPart": _("The single messages of proposals."),
            "agents.Vote": _("What each person answered, and what was on their screen."),
            "agents.Decision": _("What the answers added up to."),
            "agents.ToolCall": _("Every call of a tool, with what policy said of it."),
        },
    ),
    Group(
        _("Inbox"),
        "inbox",
        {
            "inbox.Conversation": _("The threads, with their windows."),
            "inbox.Contact": _("The people who write, as each account knows them."),
            "inbox.Message": _("Everything said, in and out."),
            "inbox.Attachment": _("The media of messages."),
            "inbox.Reaction": _("What contacts felt about messages."),
            "inbox.Note": _("What colleagues tell each other in conversations; no contact and no agent sees it."),
            "inbox.Mention": _("Whom notes mention, and who has seen it."),
            "inbox.Label": _("The words that people put on conversations, and their colours."),
            "inbox.Occurrence": _("By which links people came, and which app holds a thread."),
            "inbox.CannedReply": _("What people send again and again, under a short name, on one account or on all."),
            "inbox.MediaFile": _("The pictures and files that we hold, and copies of what contacts sent."),
            "inbox.Dispatch": _("The outbox: what went to Meta, and what is on its way."),
            "inbox.Attempt": _("Each call made for a dispatch, with Meta's answer."),
            "inbox.ParkedEcho": _("Echoes that may be messages of our own."),
            "inbox.WebhookDelivery": _("What Meta sent us, as it arrived; apply it again here."),
            "inbox.KeptEvent": _("Events without a place yet: comments, what is not understood, what waits for something else."),
            "inbox.RefusedDelivery": _("What was turned away at Meta's doors, counted by the hour."),
            "inbox.Backfill": _("Reading back what was said before an account was connected, and how far it is."),
            "inbox.Reading": _("Accounts whose conversations are read from time to time, because nothing can come by webhook."),
            "inbox.DeletionRequest": _("Who asked to be forgotten, and how far it is."),
        },
        pages=(Page(_("Ingestion"), "ingestion", _("Is everything coming in? What waits, failed, is kept or was turned away.")),),
    ),
    Group(_("Activity"), "accounts", {"accounts.Activity": _("Who did what to what, and when.")}),
)
