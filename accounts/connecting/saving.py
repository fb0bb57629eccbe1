"""The worker saves what was chosen: verified once more, each account in one transaction, then Meta is told to send us what happens there."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.connecting.claiming import Claim
from accounts.connecting.found import Found, Problem, found_in
from accounts.connecting.kept import Kept
from accounts.connecting.refusals import Refused
from accounts.connecting.rules import may_connect
from accounts.connecting.verifying import Verified, verify
from accounts.granting import give_preset
from accounts.models import Account, Activity, ConnectionRequest, MetaApp
from accounts.tending.subscribing import subscribe
from core.clock import now
from core.lease import lease_time
from core.live import Change, publish
from core.wake import wake

State = Account.State
# What a working token mends. A restriction is Meta's to lift.
MENDED = (State.NEEDS_RECONNECT, State.DISCONNECTED)


def save(claim: Claim) -> None:
    """Every chosen account by itself, so that one that fails keeps back no other. Raises Refused where none could be saved."""
    request, kept = claim.request, Kept.read(claim.request.secret)
    if not may_connect(request.by, request.account):
        raise Refused("not_allowed")
    found = {each.key: each for each in found_in(request)}
    for entry in request.chosen:
        key = entry["key"]
        found[key] = _saved(claim, found[key], entry, kept)
        claim.renew()
    _finish(claim, [found[entry["key"]] for entry in request.chosen])


def give_up(claim: Claim, refusal: Refused) -> None:
    """It goes no further. What was saved already stays, and the page says so."""
    request = claim.request
    # What was noted in memory may have been rolled back.
    request.refresh_from_db(fields=("chosen",))
    saved = {entry["key"]: "account" in entry for entry in request.chosen}
    if not any(saved.values()):
        return claim.fail(refusal)
    problem = Problem.of(refusal)
    _finish(claim, [each if saved[each.key] else replace(each, problems=(problem,)) for each in found_in(request) if each.key in saved])


def _saved(claim: Claim, found: Found, entry: dict[str, Any], kept: Kept) -> Found:
    """With what went wrong, if anything did. What a worker that died has saved already is not saved again."""
    try:
        if "account" not in entry:
            verified = verify(claim.request.meta_app, found, kept, by_system_user=kept.by_system_user)
            claim.renew()
            _store(claim, found, verified, entry)
    except Refused as refused:
        return replace(found, problems=(Problem.of(refused),))
    return found if _subscribed(entry["account"]) else replace(found, problems=(Problem("not_subscribed", {}),))


# The row ----------------------------------------------------------------------------------------------------------
def _store(claim: Claim, found: Found, verified: Verified, entry: dict[str, Any]) -> None:
    """The account as it is from now on, and the request's own note that it is done, together."""
    at = now()
    with transaction.atomic():
        account, is_new = _account(claim.request, found, verified, at=at)
        entry |= {"account": account.public_id, "is_new": is_new}
        claim.write(chosen=claim.request.chosen)
        _record(claim.request, account, verified, is_new=is_new, at=at)
        publish(Change(account=account.pk))


def _account(request: ConnectionRequest, found: Found, verified: Verified, *, at: datetime) -> tuple[Account, bool]:
    """Where it is connected already, its history stays, and so do its name and its switches, which are people's."""
    told = _told(request, found, verified, at=at)
    fresh = told | {"name": (verified.name or found.name or found.id)[:120], "state": State.CONNECTED, "state_changed_at": at, "wants": ["subscribe"]}
    account, is_new = Account.objects.select_for_update().get_or_create(network=found.network, external_id=found.id, defaults=fresh)
    if not is_new:
        _check_was_not_taken_out(account, request)
        Account.objects.filter(pk=account.pk).update(**told, **_changed(account, request.meta_app))
        if account.state in MENDED:
            account.mend(at=at)
    return account, is_new


def _check_was_not_taken_out(account: Account, request: ConnectionRequest) -> None:
    """Raises Refused where somebody disconnected it after this was begun: the later word holds."""
    if account.state == State.DISCONNECTED and account.state_changed_at and account.state_changed_at > request.at:
        raise Refused("disconnected")


def _changed(account: Account, app: MetaApp) -> dict[str, Any]:
    """Whoever dies before Meta was told to send webhooks leaves the wish to. From another app than before nothing has come yet."""
    wants = {"wants": list(dict.fromkeys([*account.wants, "subscribe"]))}
    return wants if account.meta_app_id == app.pk else wants | {"webhook_at": None}


def _told(request: ConnectionRequest, found: Found, verified: Verified, *, at: datetime) -> dict[str, Any]:
    return {
        "login": found.login,
        "meta_app": request.meta_app,
        "username": (verified.username or found.username)[:80],
        "page_id": found.page_id,
        "token": verified.token,
        "token_kind": verified.kind,
        "token_stored_at": at,
        # It was tried just now; when an earlier one was looked at says nothing of it.
        "checked_at": at,
        "token_expires_at": verified.expires_at,
        "data_access_until": verified.data_access_until,
        "scopes": list(verified.scopes),
        "meta_user_id": verified.user_id,
        "messages_access": verified.messages_access,
        # What was found out about the old token says nothing of this one.
        "subscribed_fields": None,
        "troubles": {},
        # Disconnected a moment ago, it was to be unsubscribed with its old token.
        "parting_token": "",
        "parting_until": None,
        # Once Meta was told where to send webhooks it is checked at once; where we die before that, then.
        "check_due_at": at + lease_time(),
    }


def _record(request: ConnectionRequest, account: Account, verified: Verified, *, is_new: bool, at: datetime) -> None:
    verb = "account.connected" if is_new else "account.reconnected"
    Activity.record(verb, account, by=request.by, at=at, account=account, method=request.method, token=verified.kind, request=request.public_id)
    if is_new:
        give_preset(request.by, "manager", account=account, by=request.by, at=at)


# Afterwards -------------------------------------------------------------------------------------------------------
def _subscribed(public_id: str) -> bool:
    """Whether Meta takes our order for its webhooks. Where it does not, whoever looks after accounts tries again."""
    account = Account.objects.select_related("meta_app").get(public_id=public_id)
    subscribe(account)
    with transaction.atomic():
        row = Account.objects.select_for_update().get(pk=account.pk)
        is_done = bool(row.subscribed_fields) and "subscribe" not in row.troubles
        wants = [want for want in row.wants if want != "subscribe"] + ([] if is_done else ["subscribe"])
        Account.objects.filter(pk=row.pk).update(wants=wants, check_due_at=now())
        wake("tend")
    return is_done


def _finish(claim: Claim, found: list[Found]) -> None:
    saved = [{"account": entry["account"], "is_new": entry["is_new"]} for entry in claim.request.chosen if "account" in entry]
    told = {"found": [each.written() for each in found], "chosen": saved}
    if not saved:
        problem = next(each.problems[0] for each in found if each.problems)
        return claim.fail(Refused(problem.code, **problem.facts), **told)
    with transaction.atomic():
        claim.finish(**told)
        wake("history")
