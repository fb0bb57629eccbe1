"""What an agent reads when its call did nothing: a code, a sentence, and the same as JSON."""

import json

from mcp_types import CallToolResult, TextContent
from pydantic import ValidationError

from inbox.errors import Refused


def refused(refusal: Refused) -> CallToolResult:
    """`limited: At most … {"code": "limited", …}` as an error that the model can act on."""
    body = {"code": refusal.code, "message": refusal.sentence, **getattr(refusal, "details", {})}
    text = f"{refusal.code}: {refusal.sentence}\n{json.dumps(body, ensure_ascii=False)}"
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)


def sentences_of(error: ValidationError) -> list[str]:
    """Where the arguments do not fit the tool's schema, without repeating what was given."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [f"{'.'.join(map(str, one['loc']))}: {one['msg']}." for one in found]
