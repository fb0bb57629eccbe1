"""A dead token is known at once, whichever call of whoever found out."""

import hashlib
import hmac
import logging
from datetime import datetime

from django.db import DatabaseError, transaction

from accounts.models import Account, Activity
from accounts.reasons import token_reason
from core.clock import now
from core.secret import Secret
from core.wake import wake
from graph.errors import GraphError, MessagesSwitchedOff, TokenInvalid

logger = logging.getLogger("countersign.tending")


def token_digest(token: Secret) -> str:
    """By what a call remembers with which token it was made."""
    return hashlib.sha256(token.if_readable().encode()).hexdigest()


def note_error(account_pk: int, digest: str, error: GraphError) -> None:
    """Hears of every error of a call for this account. What it says of the account itself is written down; the caller does the rest."""
    try:
        if isinstance(error, TokenInvalid):
            token_died(account_pk, digest, error, at=now())
        elif isinstance(error, MessagesSwitchedOff):
            Account.objects.filter(pk=account_pk).update(messages_access=Account.MessagesAccess.REFUSED)
    except DatabaseError:
        logger.exception("A dead token could not be written down.")


def token_died(account_pk: int, digest: str, error: GraphError, *, at: datetime) -> bool:
    """Mark the account, unless another token has been stored since the call was made. False where nothing changed."""
    with transaction.atomic():
        account = Account.objects.select_for_update().get(pk=account_pk)
        if not hmac.compare_digest(token_digest(account.token), digest):
            return False
        return lose_token(account, token_reason(error.subcode), at=at, code=error_code(error), trace_id=error.trace_id[:80])


def lose_token(account: Account, reason: str, *, at: datetime, **facts: str) -> bool:
    """The token of this account, whose row is locked, is dead. What waits to be sent stays; what comes in is still taken."""
    if account.state == Account.State.NEEDS_RECONNECT or not account.break_down(Account.State.NEEDS_RECONNECT, reason=reason, at=at):
        return False
    Activity.record("account.broken", account, by=None, at=at, account=account, reason=reason, **facts)
    wake("tend")
    return True


def error_code(error: GraphError) -> str:
    """Meta's two numbers."""
    return "/".join(str(number) for number in (error.code, error.subcode) if number is not None)[:20]
