"""Keeps every call that an agent makes, also those that were refused."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction

from agents.models import Agent, AgentKey, ToolCall
from inbox.errors import Refused

# Agents send what they like; this much of it is kept.
LONGEST_KEPT, MOST_KEPT, DEEPEST_KEPT = 8_000, 30, 3


@contextmanager
def recorded(agent: Agent, key: AgentKey | None, tool: str, arguments: Mapping[str, Any], *, at: datetime, keep: bool = True) -> Iterator[ToolCall]:
    """One transaction around one call, and the row that tells of it.

    A refusal undoes what the call did, and only then is the row written: it must outlive the rollback. Until something passes it,
    a call counts as denied.

    Args:
        keep: False writes the row only for a refusal; the call goes on in another transaction.
    """
    call = ToolCall(agent=agent, key=key, tool=_plain(tool)[:80], arguments=_plain(arguments), at=at, verdict=ToolCall.Verdict.DENY)
    try:
        with transaction.atomic():
            yield call
            if keep:
                call.save()
    except Exception as error:
        call.pk, call.outcome = None, error.code if isinstance(error, Refused) else "error"
        call.reason = call.reason or (error.sentence if isinstance(error, Refused) else "")
        call.save()
        raise


def keep_refusal(key: AgentKey, tool: str, arguments: Mapping[str, Any], refusal: Refused, *, at: datetime) -> None:
    """Keep a call that was refused before anything was tried."""
    with suppress(Refused), recorded(key.agent, key, tool, arguments, at=at):
        raise refusal


def _plain(value: Any, depth: int = 0) -> Any:
    """The same as JSON that every database stores: no half characters, no NUL, nothing endless."""
    if isinstance(value, str):
        return value[:LONGEST_KEPT].encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    if isinstance(value, Mapping | list | tuple) and depth == DEEPEST_KEPT:
        return "…"
    if isinstance(value, Mapping):
        return {_plain(str(name)): _plain(part, depth + 1) for name, part in islice(value.items(), MOST_KEPT)}
    if isinstance(value, list | tuple):
        return [_plain(part, depth + 1) for part in value[:MOST_KEPT]]
    return value
