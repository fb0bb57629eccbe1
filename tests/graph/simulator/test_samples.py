"""The built-in files are whole: other programs open them."""

import io
import struct
import wave

from graph.simulator.media import kind_of, mime_of
from graph.simulator.samples import document, film, sample, voice


def boxes(content: bytes) -> dict[str, bytes]:
    """The boxes of an MP4 at one level; together they must be all of it."""
    found, at = {}, 0
    while at < len(content):
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        assert 8 <= size <= len(content) - at
        found[kind.decode()] = content[at + 8 : at + size]
        at += size
    return found


def test_the_voice_message_is_one_second_of_sound():
    with wave.open(io.BytesIO(voice())) as sound:
        assert sound.getnframes() / sound.getframerate() == 1.0
        assert len(set(sound.readframes(8000))) > 100


def test_the_film_has_three_frames_where_its_table_says():
    content = film()
    movie = boxes(content)
    assert list(movie) == ["ftyp", "mdat", "moov"]
    table = boxes(boxes(boxes(boxes(boxes(movie["moov"])["trak"])["mdia"])["minf"])["stbl"])
    sizes = struct.unpack(">3I", table["stsz"][12:])
    assert sum(sizes) == len(movie["mdat"])
    (first,) = struct.unpack(">I", table["stco"][8:])
    for size in sizes:
        length, header = struct.unpack(">IB", content[first : first + 5])
        assert (length, header & 0x1F) == (size - 4, 5)
        first += size


def test_the_document_says_where_its_table_begins():
    content = document()
    start = int(content.rsplit(b"startxref\n", 1)[1].split()[0])
    assert content[start:].startswith(b"xref\n")
    assert content.endswith(b"%%EOF\n")


def test_each_is_recognised_and_small():
    assert [kind_of(mime_of(sample(kind))) for kind in ("image", "audio", "video", "file")] == ["image", "audio", "video", "file"]
    assert all(len(sample(kind)) < 40_000 for kind in ("image", "audio", "video", "file"))
