"""Shows each agent the tools that its policy does not hide, and no trace of the others."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, INVALID_REQUEST

from agents.calls import keep_refusal
from agents.policy import hides
from agents.refusals import KeyInvalid, NotFound
from agents.server import identity
from agents.server.hop import on_orm
from core.clock import now

# An agent can always learn what became of its own proposals.
NEVER_HIDDEN = frozenset({"get_proposal"})


class Gate:
    """A middleware of the SDK.

    Args:
        tools: the names of all tools of the server.
    """

    def __init__(self, tools: frozenset[str]) -> None:
        self._tools = tools

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.method == "tools/list":
            return self._listing(await call_next(ctx), await self._visible())
        if ctx.method == "tools/call":
            await self._check(ctx.params or {})
        return await call_next(ctx)

    async def _check(self, params: Mapping[str, Any]) -> None:
        """Whether the caller may know of the tool. One that is hidden and one that does not exist are refused in the same words."""
        name, arguments = params.get("name"), params.get("arguments")
        # What is no name at all is refused by the SDK.
        if isinstance(name, str) and name not in await self._visible():
            await on_orm(_keep)(identity.caller(), name, arguments if isinstance(arguments, dict) else {})
            raise MCPError(INVALID_PARAMS, f"Unknown tool: {name}")

    async def _visible(self) -> frozenset[str]:
        try:
            return await on_orm(_visible)(identity.caller(), self._tools)
        except KeyInvalid as refusal:
            raise MCPError(INVALID_REQUEST, refusal.sentence) from refusal

    @staticmethod
    def _listing(result: HandlerResult, visible: frozenset[str]) -> HandlerResult:
        if isinstance(result, dict):
            result["tools"] = [tool for tool in result["tools"] if tool["name"] in visible]
        return result


def _visible(key: int | None, tools: frozenset[str]) -> frozenset[str]:
    policy = identity.load(key).agent.policy
    version = policy.current if policy else None
    document = version.document if version else None
    return frozenset(name for name in tools if name in NEVER_HIDDEN or not hides(document, name))


def _keep(key: int | None, name: str, arguments: Mapping[str, Any]) -> None:
    keep_refusal(identity.load(key), name, arguments, NotFound(_("There is no such tool for this agent.")), at=now())
