"""What an agent reads when its call did nothing: a code, a sentence, and the same as JSON."""

import json
from typing import Any

from mcp_types import CallToolResult, TextContent
from pydantic import ValidationError

from inbox.errors import Refused


def refused(refusal: Refused) -> CallToolResult:
    """`limited: At most … {"code": "limited", …}` as an error that the model can act on."""
    return _error(refusal.code, refusal.sentence, getattr(refusal, "details", {}))


def misunderstood(error: ValidationError) -> CallToolResult:
    """The arguments do not fit the tool's schema."""
    said = [f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors(include_url=False, include_input=False, include_context=False)]
    return invalid(said)


def invalid(sentences: list[str]) -> CallToolResult:
    return _error("invalid", " ".join(sentence.rstrip(".") + "." for sentence in sentences), {})


def _error(code: str, sentence: str, details: dict[str, Any]) -> CallToolResult:
    body = {"code": code, "message": sentence, **details}
    return CallToolResult(content=[TextContent(type="text", text=f"{code}: {sentence}\n{json.dumps(body, ensure_ascii=False)}")], is_error=True)
