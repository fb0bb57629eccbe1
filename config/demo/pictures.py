"""Pictures for the try-out: cups seen from above, drawn here so that nothing has to be brought along."""

import io

from PIL import Image, ImageDraw

TABLE, SAUCER, COFFEE, MILK = (214, 198, 178), (247, 244, 238), (104, 66, 40), (236, 214, 184)


def cup(colour: tuple[int, int, int], *, leaves: int = 3) -> bytes:
    """A PNG of a cup in this colour, with so many leaves of milk."""
    image = Image.new("RGB", (960, 960), TABLE)
    draw = ImageDraw.Draw(image)
    for radius, paint in ((400, SAUCER), (300, colour), (262, SAUCER), (248, COFFEE)):
        _circle(draw, 480, 480, radius, paint)
    for leaf in range(leaves):
        _circle(draw, 480, 400 + 190 * leaf // leaves, 150 - 34 * leaf, MILK if leaf % 2 == 0 else COFFEE)
    draw.line((480, 280, 480, 690), fill=COFFEE, width=9)
    buffer = io.BytesIO()
    image.resize((480, 480)).save(buffer, "PNG")
    return buffer.getvalue()


def _circle(draw: ImageDraw.ImageDraw, x: int, y: int, radius: int, paint: tuple[int, int, int]) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=paint)
