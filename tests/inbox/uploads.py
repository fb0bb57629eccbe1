"""Files as browsers send them."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests.inbox.browsing import HTMX


def picture(kind: str = "PNG") -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(buffer, kind)
    return SimpleUploadedFile(f"shelf.{kind.lower()}", buffer.getvalue())


def pdf() -> SimpleUploadedFile:
    return SimpleUploadedFile("price list.pdf", b"%PDF-1.4 prices", content_type="application/pdf")


def choose(client, conversation, **form):
    return client.post("/media/", {"conversation": conversation.public_id} | form, headers=HTMX)
