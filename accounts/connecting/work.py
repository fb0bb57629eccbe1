"""What the worker does for people who connect accounts."""

import logging
from contextlib import suppress

from accounts.connecting.begin import PATIENCE, end_forgotten
from accounts.connecting.claiming import Claim, claim_next
from accounts.connecting.looking import look
from accounts.connecting.refusals import Refused
from accounts.connecting.saving import give_up, save
from accounts.models import ConnectionRequest
from core.clock import now
from core.lease import TakenOver

logger = logging.getLogger("countersign.connect")
State = ConnectionRequest.State
STEPS = {State.LOOKING: look, State.SAVING: save}


def connect_next() -> bool:
    """Go on with the next request, and end those that nobody finishes. False where there is nothing to do."""
    at = now()
    if end_forgotten(at):
        return True
    claim = claim_next(at)
    if claim is None:
        return False
    with suppress(TakenOver), claim.kept():
        _go_on(claim)
    return True


def _go_on(claim: Claim) -> None:
    try:
        _check_is_fresh(claim.request)
        STEPS[State(claim.request.state)](claim)
    except Refused as refused:
        _end(claim, refused)
    except TakenOver:
        raise
    except Exception:
        # Tried again it would go wrong again, and its secrets would stay.
        logger.exception("A connection broke.")
        _end(claim, Refused("broken"))


def _check_is_fresh(request: ConnectionRequest) -> None:
    """Raises Refused where no worker came to it within the time for which its secrets are kept."""
    if request.at < now() - PATIENCE:
        raise Refused("forgotten")


def _end(claim: Claim, refusal: Refused) -> None:
    if claim.request.state == State.SAVING:
        give_up(claim, refusal)
    else:
        claim.fail(refusal)
