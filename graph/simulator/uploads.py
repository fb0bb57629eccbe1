"""Images on their way in: the Attachment Upload API, and images named by URL, by id or sent as `filedata`."""

from typing import TYPE_CHECKING, Any

from graph.simulator.call import Call
from graph.simulator.errors import MetaError, invalid, invalid_for
from graph.simulator.media import Media, check_image
from graph.simulator.world import Account

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator


def upload(simulator: "Simulator", call: Call, account: Account) -> dict[str, Any]:
    attachment = call.thing("message").get("attachment")
    if not isinstance(attachment, dict) or attachment.get("type") != "image":
        raise invalid("The simulator stores attachments of type image.")
    if "attachment_id" in (attachment.get("payload") or {}):
        raise invalid("Give a url or filedata.")
    return {"attachment_id": image_of(simulator, call, account, attachment).id}


def image_of(simulator: "Simulator", call: Call, account: Account, attachment: dict[str, Any]) -> Media:
    payload = attachment.get("payload") or {}
    if "attachment_id" in payload:
        return simulator.shelf.owned(str(payload["attachment_id"]), account=account.id, now=simulator.now_ms())
    content = _filedata(call, account) if call.files else _fetched(simulator, account, payload.get("url"))
    check_image(content)
    return simulator.shelf.keep(content, account=account.id, at=simulator.now_ms())


def _filedata(call: Call, account: Account) -> bytes:
    """On Instagram multipart is documented for the upload edge only."""
    if "filedata" not in call.files or (account.is_instagram and call.edge == "messages"):
        raise invalid_for(account, "The file must come as filedata.")
    return call.files["filedata"]


def _fetched(simulator: "Simulator", account: Account, url: Any) -> bytes:
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise invalid_for(account, "An image needs a url, an attachment_id or filedata.")
    status, content = simulator.fetch(url)
    if status != 200:
        raise MetaError(100, "(#100) Failed to fetch the file from the url.", subcode=2018008)
    return content
