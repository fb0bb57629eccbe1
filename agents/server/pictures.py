"""Fetches the picture of a proposal before it is proposed: what the approver sees is what will be sent."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import anyio
from anyio import CapacityLimiter, to_thread
from django.db import connections, transaction

from agents.calls import recorded
from agents.models import Agent, Proposal
from agents.proposing import TOOL, foresee
from agents.server import identity
from agents.server.hop import on_orm
from agents.server.reading import find_conversation
from core.clock import now
from inbox.media import check_address, fetch_now, keep_address
from inbox.models import Conversation, MediaFile

# Slow servers of strangers may hold these threads and no others.
THREADS = 4
# From then on whoever fetches renews the lease.
UNTIL_A_THREAD_IS_FREE = timedelta(minutes=1)


class Pictures:
    """The pictures that one server fetches, a few at a time."""

    def __init__(self) -> None:
        self._limiter: CapacityLimiter | None = None

    async def fetch(self, key: int | None, conversation_id: str, url: str, arguments: Mapping[str, Any]) -> int:
        """Primary key of the picture at `url`: READY, or FAILED with a sentence.

        Raises:
            Refused: the proposal would be refused anyhow.
        """
        media = await on_orm(_begin)(key, conversation_id, url, arguments)
        if media.state == MediaFile.State.FETCHING:
            await to_thread.run_sync(_fetch, media, limiter=self._limit(), abandon_on_cancel=True)
        return media.pk

    def _limit(self) -> CapacityLimiter:
        # Made on first use: a limiter belongs to the event loop that runs.
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(THREADS)
        return self._limiter


def _begin(key: int | None, conversation_id: str, url: str, arguments: Mapping[str, Any]) -> MediaFile:
    loaded = identity.load(key)
    with recorded(loaded.agent, loaded, TOOL, arguments, at=now(), keep=False):
        conversation = find_conversation(loaded.agent, conversation_id)
        check_address(url)
    if known := _fetched_before(loaded.agent, conversation, url, str(arguments.get("idempotency_key", ""))):
        return known
    foresee(loaded, conversation, "image", arguments=arguments)
    with transaction.atomic():
        media = keep_address(conversation.account, url, by=loaded.agent.user)
        # Meanwhile the worker leaves the row alone.
        media.lease_until = now() + UNTIL_A_THREAD_IS_FREE
        media.save(update_fields=["lease_until"])
    return media


def _fetched_before(agent: Agent, conversation: Conversation, url: str, key: str) -> MediaFile | None:
    """The picture of the same proposal, where it is asked for again: the address may show another one by now."""
    mine = Proposal.objects.filter(agent=agent, conversation=conversation, parts__media__source_url=url.strip())
    same = (mine.filter(idempotency_key=key) if key else mine.awaiting_decision()).first()
    return same.part.media if same else None


def _fetch(media: MediaFile) -> None:
    try:
        fetch_now(media)
    finally:
        connections.close_all()
