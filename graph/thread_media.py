"""The attachments of a message in a thread. They are told in other words than those of a webhook.

Source: Meta, Graph API reference, "Message"; Messenger Platform, "Conversations"; Instagram Platform, "Conversations".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from graph.events import MediaReceived
from graph.readers import flag, items, mapping, words

_DATA = {"image": "image_data", "video": "video_data", "audio": "audio_data"}
_FILES = ("image", "video", "audio")


def message_media(message: Mapping[str, Any]) -> tuple[MediaReceived, ...]:
    """What came with a message: files and cards, then what was shared, then a sticker or the story that mentions the account."""
    files = [_file(mapping(each)) for each in _data(message, "attachments")]
    known = {media.url for media in files}
    return tuple(files) + tuple(media for media in _beside(message) if media.url not in known)


def _file(attachment: Mapping[str, Any]) -> MediaReceived:
    if card := mapping(attachment.get("generic_template")):
        return _card(card, attachment)
    kind, url = _kind_and_url(attachment)
    # In Europe Meta may keep the file to itself and say so in its name.
    return MediaReceived(kind=kind if url else "unsupported", url=url, title=words(attachment.get("name")), payload=attachment)


def _kind_and_url(attachment: Mapping[str, Any]) -> tuple[str, str]:
    for kind, key in _DATA.items():
        data = mapping(attachment.get(key))
        if url := words(data.get("url")) or words(data.get("animated_gif_url")):
            return "sticker" if flag(data.get("render_as_sticker")) else kind, url
    family = words(attachment.get("mime_type")).partition("/")[0]
    return family if family in _FILES else "file", words(attachment.get("file_url"))


def _card(card: Mapping[str, Any], attachment: Mapping[str, Any]) -> MediaReceived:
    url = words(mapping(card.get("cta")).get("url")) or words(card.get("media_url"))
    return MediaReceived(kind="card", url=url, title=words(card.get("title")), payload=attachment)


def _beside(message: Mapping[str, Any]) -> Iterator[MediaReceived]:
    for share in map(mapping, _data(message, "shares")):
        yield _share(share)
    if sticker := words(message.get("sticker")):
        yield MediaReceived(kind="sticker", url=sticker)
    if mention := mapping(mapping(message.get("story")).get("mention")):
        yield MediaReceived(kind="story_mention", url=words(mention.get("link")), payload=mention)


def _share(share: Mapping[str, Any]) -> MediaReceived:
    """A post of the network's own, or any address."""
    url = words(share.get("link"))
    kind = "post" if url.startswith(("https://www.instagram.com/", "https://lookaside.fbsbx.com/")) else "link"
    return MediaReceived(kind=kind, url=url, title=words(share.get("name")), payload=share)


def _data(message: Mapping[str, Any], edge: str) -> list[Any]:
    return items(mapping(message.get(edge)).get("data"))
