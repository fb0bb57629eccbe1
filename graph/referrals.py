"""By which way a contact came, from the three places in which Meta puts it."""

from collections.abc import Mapping
from typing import Any

from graph.events import Referral
from graph.readers import mapping, text_id, words


def referral_in(content: Mapping[str, Any]) -> Referral | None:
    """The referral inside a message or a postback, where there is one."""
    found = mapping(content.get("referral"))
    return referral_of(found) if found else None


def referral_of(referral: Mapping[str, Any]) -> Referral:
    """A referral, whether it came by itself or inside something else."""
    ad, product = mapping(referral.get("ads_context_data")), mapping(referral.get("product"))
    return Referral(
        source=_one_spelling(words(referral.get("source"))),
        ref=words(referral.get("ref")),
        ad_id=text_id(referral.get("ad_id")),
        ad_title=words(ad.get("ad_title")),
        picture_url=words(ad.get("photo_url")) or words(ad.get("video_url")),
        product_id=text_id(product.get("id")) or text_id(ad.get("product_id")),
        page_url=words(referral.get("referer_uri")),
    )


def _one_spelling(source: str) -> str:
    """Messenger says SHORTLINK where Instagram says SHORTLINKS."""
    return "SHORTLINK" if source == "SHORTLINKS" else source
