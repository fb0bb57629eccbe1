"""What stands against connecting an account, in sentences that say what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.connecting.addresses import return_address


@dataclass(frozen=True)
class Explained:
    """What is so, and what to do about it."""

    what: str
    to_do: str

    def __str__(self) -> str:
        return f"{self.what} {self.to_do}".strip()


def explain(code: str, facts: Mapping[str, Any]) -> Explained:
    """The sentences for a code; general ones where it is none of ours."""
    what, to_do = _SENTENCES.get(code, _unknown)(facts)
    return Explained(what, to_do)


Sentences = tuple[str, str]


def _unknown(facts: Mapping[str, Any]) -> Sentences:
    return _("Something went wrong here that should not."), _("Nothing was changed. Begin again; if it goes wrong again, look at the log of the worker.")


# The way there and back -------------------------------------------------------------------------------------------
def _cancelled_at_meta(facts: Mapping[str, Any]) -> Sentences:
    return _("You cancelled at Meta, so nothing was connected."), _("Begin again whenever you like.")


def _login_refused(facts: Mapping[str, Any]) -> Sentences:
    what = _("Meta sent you back without letting us in (%(meta)s).") if facts.get("meta") else _("Meta sent you back without letting us in.")
    return what % facts, _("Look at the app in Meta's dashboard: is it live, and is the login set up with the return address %(address)s?") % {
        "address": return_address("facebook")
    }  # fmt: skip


def _cancelled(facts: Mapping[str, Any]) -> Sentences:
    return _("You called it off, and what Meta gave us was erased."), _("Begin again whenever you like.")


def _forgotten(facts: Mapping[str, Any]) -> Sentences:
    return _("Nobody finished this within an hour, so what Meta gave us was erased."), _("Begin again.")


def _code_refused(facts: Mapping[str, Any]) -> Sentences:
    what = _("Meta did not take the login: each can be used once, soon, and only with the return address that is written down in the app.")
    return what, _("Begin again. If it happens again, compare the return address in the app's settings at Meta with %(address)s, letter by letter.") % facts


def _not_allowed(facts: Mapping[str, Any]) -> Sentences:
    return _("You may not connect this account any more."), _("Ask a superuser.")


# Meta and the app -------------------------------------------------------------------------------------------------
def _unavailable(facts: Mapping[str, Any]) -> Sentences:
    return _("Meta did not answer, or had trouble of its own."), _("Nothing was changed. Begin again in some minutes.")


def _rate_limited(facts: Mapping[str, Any]) -> Sentences:
    return _("Meta wants fewer calls from this app for a while."), _("Nothing was changed. Begin again in an hour.")


def _refused_by_meta(facts: Mapping[str, Any]) -> Sentences:
    what = _("Meta refused to tell what we asked (%(meta)s).") if facts.get("meta") else _("Meta refused to tell what we asked.")
    return what % facts, _("Begin again, and agree to everything that Meta's dialog asks for.")


def _app_secret(facts: Mapping[str, Any]) -> Sentences:
    return _("Meta does not take the id and the secret of the app “%(app)s”.") % facts, _("Store the secret that Meta's dashboard shows, then begin again.")


def _no_app(facts: Mapping[str, Any]) -> Sentences:
    if facts.get("login") == "instagram":
        return _("This is a token of Instagram Login, and no Instagram app is stored here."), _("Add the app for which it was made, then begin again.")
    return _("This is a token of Facebook Login, and no Facebook app is stored here."), _("Add the app for which it was made, then begin again.")


def _which_app(facts: Mapping[str, Any]) -> Sentences:
    return _("Meta does not tell for which app this token was made."), _("Begin again, and choose the app yourself.")


# The token --------------------------------------------------------------------------------------------------------
def _wrong_app(facts: Mapping[str, Any]) -> Sentences:
    what = _("This token was made for another app (%(app)s).") if facts.get("app") else _("This token was made for another app.")
    return what % facts, _("Have one made for %(ours)s, or add the other app here first.") % facts


def _token_dead(facts: Mapping[str, Any]) -> Sentences:
    return _("Meta does not accept this token: it has expired, was revoked, or was never one."), _("Have a new one made, or log in.")


def _token_of_app(facts: Mapping[str, Any]) -> Sentences:
    return _("This is the token of an app itself, which speaks for no account."), _("Paste the token of a person, a Page or an Instagram account.")


def _short_page_token(facts: Mapping[str, Any]) -> Sentences:
    what = _("This Page token ends within a day, and Meta makes no lasting one of it.")
    return what, _("Paste the token of the person instead, from which a lasting one is made, or log in with Facebook.")


def _stays_short(facts: Mapping[str, Any]) -> Sentences:
    return _("Meta made no lasting token of this one."), _("Begin again; if it happens again, log in instead of pasting a token.")


def _other_login(facts: Mapping[str, Any]) -> Sentences:
    if facts.get("login") == "instagram":
        what = _("This is a token of Instagram Login; “%(wanted)s” is connected by Facebook Login.")
        return what % facts, _("Use a token of its Page, or of a person with a role there.")
    what = _("This is a token of Facebook Login; “%(wanted)s” is connected by Instagram Login.")
    return what % facts, _("Use a token of the Instagram account itself.")


def _wrong_account(facts: Mapping[str, Any]) -> Sentences:
    what = _("This token is for %(found)s, not for “%(wanted)s”.") % facts
    return what, _("Use one of “%(wanted)s”: log in as somebody with a role there, and choose it in Meta's dialog.") % facts


def _no_pages(facts: Mapping[str, Any]) -> Sentences:
    what = _("Meta shows no Page for this login.")
    return what, _("Begin again as somebody with a role on the Page, choose the Page in Meta's dialog, and agree to everything that it asks for.")


# One account ------------------------------------------------------------------------------------------------------
def _missing_tasks(facts: Mapping[str, Any]) -> Sentences:
    what = _("Whoever logged in has too small a role on the Page; it lacks %(tasks)s.") % facts
    return what, _("Somebody with full control gives them messages (MESSAGING) and moderation (MODERATE): Meta's Business Suite, Settings, Page access.")


def _missing_scopes(facts: Mapping[str, Any]) -> Sentences:
    what = _("A permission is missing: %(scopes)s.") % facts
    return what, _("Begin again, and agree in Meta's dialog to everything that it asks for, for this account too.")


def _no_page_token(facts: Mapping[str, Any]) -> Sentences:
    return _("Meta gives no token for this Page."), _("Whoever logs in needs a role on the Page with messages (MESSAGING) and moderation (MODERATE).")


def _messages_off(facts: Mapping[str, Any]) -> Sentences:
    what = _("The Instagram account does not let connected tools see its messages.")
    return what, _("In Instagram's app switch on Settings, Messages and story replies, Message controls, Connected tools, “Allow access to messages”.")


def _messages_refused(facts: Mapping[str, Any]) -> Sentences:
    what = _("Meta does not let us read its conversations.")
    return what, _("Begin again, and agree to everything that Meta's dialog asks for; on a Page one needs the task MESSAGING.")


def _not_linked(facts: Mapping[str, Any]) -> Sentences:
    return _("It is not linked to its Page any more."), _("Link the two again in Meta's Business Suite, then look again.")


def _disconnected(facts: Mapping[str, Any]) -> Sentences:
    return _("It was disconnected after this was begun."), _("Begin again if it is to be connected after all.")


def _not_subscribed(facts: Mapping[str, Any]) -> Sentences:
    what = _("It is connected, but Meta did not take our order for its webhooks yet.")
    return what, _("It is tried again by itself; the page of the account says how it stands.")


_SENTENCES: dict[str, Callable[[Mapping[str, Any]], Sentences]] = {
    "cancelled_at_meta": _cancelled_at_meta,
    "login_refused": _login_refused,
    "cancelled": _cancelled,
    "forgotten": _forgotten,
    "code_refused": _code_refused,
    "not_allowed": _not_allowed,
    "unavailable": _unavailable,
    "rate_limited": _rate_limited,
    "refused_by_meta": _refused_by_meta,
    "app_secret": _app_secret,
    "no_app": _no_app,
    "which_app": _which_app,
    "wrong_app": _wrong_app,
    "token_dead": _token_dead,
    "token_of_app": _token_of_app,
    "short_page_token": _short_page_token,
    "stays_short": _stays_short,
    "other_login": _other_login,
    "wrong_account": _wrong_account,
    "no_pages": _no_pages,
    "missing_tasks": _missing_tasks,
    "missing_scopes": _missing_scopes,
    "no_page_token": _no_page_token,
    "messages_off": _messages_off,
    "messages_refused": _messages_refused,
    "not_linked": _not_linked,
    "disconnected": _disconnected,
    "not_subscribed": _not_subscribed,
}
