"""What was done, in words; a verb that has none here reads as it is written."""

from typing import Any

from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# The packages whose rows Activity tells of, by name: two of them stand above this one.
LABELS = ("accounts", "inbox", "agents")

VERBS: dict[str, str | Promise] = {
    "account.broken": gettext_lazy("found it broken"),
    "account.check_asked": gettext_lazy("asked for a check"),
    "account.connected": gettext_lazy("connected it"),
    "account.deauthorised": gettext_lazy("lost its token: whoever connected it removed the app"),
    "account.disconnected": gettext_lazy("disconnected it"),
    "account.healed": gettext_lazy("found it well again"),
    "account.mended": gettext_lazy("marked it as mended"),
    "account.paused": gettext_lazy("paused its sending"),
    "account.policy_block": gettext_lazy("was told that Meta blocks it"),
    "account.policy_unblock": gettext_lazy("was told that Meta blocks it no longer"),
    "account.policy_warning": gettext_lazy("was warned by Meta"),
    "account.reconnected": gettext_lazy("connected it again"),
    "account.refresh_asked": gettext_lazy("asked for a new token"),
    "account.resumed": gettext_lazy("let it send again"),
    "account.subscribed": gettext_lazy("subscribed it to webhooks"),
    "account.subscription_asked": gettext_lazy("asked for its webhooks"),
    "account.token_refreshed": gettext_lazy("had its token refreshed"),
    "account.token_replaced": gettext_lazy("stored another token"),
    "account.unrestricted": gettext_lazy("found that Meta restricts it no longer"),
    "account.unsubscribed": gettext_lazy("ended its webhooks"),
    "agent.created": gettext_lazy("made the agent"),
    "app.check_asked": gettext_lazy("asked for a check of the app"),
    "app.deauthorised_by_a_stranger": gettext_lazy("was told that somebody unknown removed the app"),
    "app.subscribed": gettext_lazy("subscribed the app to webhooks"),
    "app.subscription_asked": gettext_lazy("asked for the app's webhooks"),
    "backfill.asked": gettext_lazy("asked for earlier conversations"),
    "backfill.cancelled": gettext_lazy("stopped reading earlier conversations"),
    "backfill.done": gettext_lazy("has read earlier conversations"),
    "backfill.failed": gettext_lazy("gave up reading earlier conversations"),
    "cannedreply.deleted": gettext_lazy("deleted the canned reply"),
    "connection.begun": gettext_lazy("began to connect"),
    "connection.chosen": gettext_lazy("chose what to connect"),
    "connection.failed": gettext_lazy("could not connect"),
    "contact.erased": gettext_lazy("erased a contact"),
    "contact.erasure_asked": gettext_lazy("asked to erase a contact"),
    "contact.linked": gettext_lazy("linked it with another contact of the same person"),
    "contact.unlinked": gettext_lazy("unlinked it from another contact"),
    "conversation.agents_off": gettext_lazy("switched agents off in it"),
    "conversation.agents_on": gettext_lazy("switched agents on in it"),
    "conversation.assigned": gettext_lazy("assigned it"),
    "conversation.closed": gettext_lazy("closed it"),
    "conversation.labelled": gettext_lazy("put a label on it"),
    "conversation.note_removed": gettext_lazy("took a note away"),
    "conversation.noted": gettext_lazy("left a note"),
    "conversation.reopened": gettext_lazy("reopened it"),
    "conversation.snoozed": gettext_lazy("snoozed it"),
    "conversation.unassigned": gettext_lazy("assigned it to nobody"),
    "conversation.unlabelled": gettext_lazy("took a label off it"),
    "conversation.woken": gettext_lazy("ended its snooze"),
    "deletion.asked": gettext_lazy("was asked by Meta to forget somebody"),
    "deletion.finished": gettext_lazy("finished forgetting somebody"),
    "deliveries.replayed": gettext_lazy("had deliveries applied again"),
    "deliveries.retired": gettext_lazy("deleted what was kept long enough"),
    "delivery.replayed": gettext_lazy("had a delivery applied again"),
    "grant.given": gettext_lazy("gave a right"),
    "grant.taken": gettext_lazy("took a right away"),
    "invitation.accepted": gettext_lazy("accepted the invitation"),
    "invitation.made": gettext_lazy("invited somebody"),
    "invitation.revoked": gettext_lazy("took an invitation back"),
    "key.issued": gettext_lazy("issued a key"),
    "key.revoked": gettext_lazy("revoked the key"),
    "key.rotated": gettext_lazy("put another key in its place"),
    "label.deleted": gettext_lazy("deleted the label"),
    "message.called_arrived": gettext_lazy("said that the message arrived"),
    "message.cancelled": gettext_lazy("took back the message before it left"),
    "message.delayed": gettext_lazy("will try the message again"),
    "message.failed": gettext_lazy("could not send the message"),
    "message.hastened": gettext_lazy("let the message leave at once"),
    "message.rescheduled": gettext_lazy("chose another moment for the message"),
    "message.retried": gettext_lazy("had the message tried again"),
    "message.scheduled": gettext_lazy("scheduled the message"),
    "message.sent": gettext_lazy("sent the message"),
    "message.sent_again": gettext_lazy("had the message sent again"),
    "message.taken_back": gettext_lazy("took the message back"),
    "message.unknown": gettext_lazy("does not know whether the message arrived"),
    "message.written": gettext_lazy("wrote the message"),
    "policy.published": gettext_lazy("put a new version of the policy in force"),
    "proposal.answered": gettext_lazy("sent their own words instead, and closed the proposal"),
    "proposal.made": gettext_lazy("proposed a message"),
    "proposal.superseded": gettext_lazy("proposed something else instead"),
    "proposal.taken_over": gettext_lazy("wrote it in their own words"),
    "proposal.withdrawn": gettext_lazy("withdrew the proposal"),
    "savedview.changed": gettext_lazy("changed a colleague's saved view"),
    "savedview.forgotten": gettext_lazy("forgot a colleague's saved view"),
    "savedview.shared": gettext_lazy("shared a saved view with colleagues"),
    "savedview.unnamed": gettext_lazy("took somebody who is forgotten out of a saved view"),
    "savedview.unshared": gettext_lazy("stopped sharing a saved view"),
    "stop.lifted": gettext_lazy("lifted the stop"),
    "stop.placed": gettext_lazy("stopped agents"),
    "user.deactivated": gettext_lazy("took the login away"),
    "user.first_admin": gettext_lazy("became the first admin"),
    "user.let_in_again": gettext_lazy("let the person in again"),
    "user.password_set": gettext_lazy("set another password"),
    "user.signed_out": gettext_lazy("signed the person out everywhere"),
}
ENDINGS: dict[str, str | Promise] = {"added": gettext_lazy("added it"), "changed": gettext_lazy("changed it")}


def in_words(verb: str) -> str:
    """The verb as people say it."""
    what = VERBS.get(verb) or ENDINGS.get(verb.rpartition(".")[2])
    return str(what) if what else verb.replace(".", ": ").replace("_", " ")


def models_by_name() -> dict[str, Any]:
    """The kinds of things that Activity tells of, by the name it uses."""
    return {model._meta.model_name or "": model for label in LABELS for model in apps.get_app_config(label).get_models()}


def kind_in_words(target_type: str) -> str:
    model = models_by_name().get(target_type)
    return str(model._meta.verbose_name) if model else target_type


def somebody(by: Any) -> str:
    """Who did it; what nobody asked for, Countersign did."""
    return str(by) if by else _("Countersign")
