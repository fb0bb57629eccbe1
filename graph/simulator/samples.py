"""Small real files made here, so that nothing has to be downloaded: a picture, a voice message, a film and a document."""

import functools
import math
import struct
import zlib

RATE = 8000
Bits = str


def sample(kind: str) -> bytes:
    """The built-in file of a kind of media."""
    makers = {"image": picture, "audio": voice, "video": film, "file": document}
    if kind not in makers:
        raise ValueError(f"There is a sample of {', '.join(makers)}.")
    return makers[kind]()


@functools.cache
def picture(width: int = 320, height: int = 200) -> bytes:
    """A soft two-colour PNG."""
    rows = b"".join(b"\0" + b"".join(_pixel(x / width, y / height) for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows, 9)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@functools.cache
def voice(seconds: float = 1.0) -> bytes:
    """A WAV of one rising and falling tone, eight bits at eight kilohertz."""
    count = int(RATE * seconds)
    tones = bytes(int(128 + 90 * math.sin(math.pi * n / count) * math.sin(2 * math.pi * 330 * n / RATE)) for n in range(count))
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE, 1, 8)
    body = b"WAVE" + head + struct.pack("<4sI", b"data", count) + tones + b"\0" * (count % 2)
    return struct.pack("<4sI", b"RIFF", len(body)) + body


@functools.cache
def document(text: str = "A document from the simulator") -> bytes:
    """A PDF of one page and one line."""
    drawing = f"BT /F1 18 Tf 40 100 Td ({text}) Tj ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 200] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    return _pdf(objects)


@functools.cache
def film(columns: int = 20, rows: int = 15) -> bytes:
    """An MP4 of three flat colours, one second each: H.264 baseline, one raw macroblock per frame that all others copy."""
    frames = [_frame(columns, rows, colour) for colour in ((96, 160, 90), (140, 110, 170), (180, 90, 130))]
    kind = _box(b"ftyp", b"isom\0\0\x02\0isomiso2avc1mp41")
    data = _box(b"mdat", b"".join(frames))
    return kind + data + _movie(columns, rows, [len(frame) for frame in frames], len(kind) + 8)


def _pixel(x: float, y: float) -> bytes:
    return bytes((int(90 + 140 * x), int(120 + 60 * y), int(200 - 90 * x * y)))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _pdf(objects: tuple[bytes, ...]) -> bytes:
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + head + table + tail


def _ue(value: int) -> Bits:
    """Exp-Golomb, as H.264 writes whole numbers."""
    code = bin(value + 1)[2:]
    return "0" * (len(code) - 1) + code


def _packed(bits: Bits) -> bytes:
    """Ends with a one and zeros up to the byte."""
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _guarded(payload: bytes) -> bytes:
    """Two zeros must not be followed by 0 to 3 inside a unit."""
    out, zeros = bytearray(), 0
    for byte in payload:
        if zeros == 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def _sps(columns: int, rows: int) -> bytes:
    """Baseline, level 3, frames that refer to none."""
    bits = _ue(0) + _ue(0) + _ue(2) + _ue(0) + "0" + _ue(columns - 1) + _ue(rows - 1) + "1" + "1" + "0" + "0"
    return b"\x67\x42\xc0\x1e" + _guarded(_packed(bits))


def _pps() -> bytes:
    return b"\x68" + _guarded(_packed(_ue(0) * 2 + "0" + "0" + _ue(0) * 3 + "0" + "00" + _ue(0) * 3 + "1" + "0" + "0"))


def _frame(columns: int, rows: int, colour: tuple[int, int, int]) -> bytes:
    """One IDR slice. Every macroblock after the raw one predicts from its neighbours and adds nothing."""
    head = _ue(0) + _ue(7) + _ue(0) + "0000" + _ue(0) + "0" + "0" + _ue(0) + _ue(1)
    raw = _ue(25)
    raw += "0" * (-len(head + raw) % 8)
    luma, blue, red = colour
    raw += "".join(f"{value:08b}" * count for value, count in ((luma, 256), (blue, 64), (red, 64)))
    copies = "".join(_copy(number, columns) for number in range(1, columns * rows))
    unit = b"\x65" + _guarded(_packed(head + raw + copies))
    return struct.pack(">I", len(unit)) + unit


def _copy(number: int, columns: int) -> Bits:
    """Intra 16x16, mean of the neighbours, no residue; its empty block is coded longer beside the raw macroblock."""
    empty = "000011" if number in (1, columns) else "1"
    return _ue(3) + _ue(0) + "1" + empty


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def _full(kind: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", flags), *parts)


def _movie(columns: int, rows: int, sizes: list[int], offset: int) -> bytes:
    unity = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    seconds, width, height = len(sizes), columns * 16, rows * 16
    movie = _full(b"mvhd", struct.pack(">4IIHH8x", 0, 0, 1, seconds, 0x10000, 0x100, 0), unity, struct.pack(">24xI", 2))
    track = _full(b"tkhd", struct.pack(">5I8x4H", 0, 0, 1, 0, seconds, 0, 0, 0, 0), unity, struct.pack(">II", width << 16, height << 16), flags=7)
    media = _full(b"mdhd", struct.pack(">4IHH", 0, 0, 1, seconds, 0x55C4, 0))
    handler = _full(b"hdlr", struct.pack(">I4s12x", 0, b"vide"), b"Video\0")
    source = _box(b"dinf", _full(b"dref", struct.pack(">I", 1), _full(b"url ", flags=1)))
    info = _box(b"minf", _full(b"vmhd", struct.pack(">4H", 0, 0, 0, 0), flags=1), source, _table(columns, rows, sizes, offset))
    return _box(b"moov", movie, _box(b"trak", track, _box(b"mdia", media, handler, info)))


def _table(columns: int, rows: int, sizes: list[int], offset: int) -> bytes:
    count = len(sizes)
    return _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1), _entry(columns, rows)),
        _full(b"stts", struct.pack(">3I", 1, count, 1)),
        _full(b"stsc", struct.pack(">4I", 1, 1, count, 1)),
        _full(b"stsz", struct.pack(">2I", 0, count), struct.pack(f">{count}I", *sizes)),
        _full(b"stco", struct.pack(">2I", 1, offset)),
    )


def _entry(columns: int, rows: int) -> bytes:
    sps, pps = _sps(columns, rows), _pps()
    sets = struct.pack(">BH", 0xE1, len(sps)) + sps + struct.pack(">BH", 1, len(pps)) + pps
    config = _box(b"avcC", b"\x01" + sps[1:4] + b"\xff" + sets)
    shape = struct.pack(">6xH16xHHIIIH32xHh", 1, columns * 16, rows * 16, 0x480000, 0x480000, 0, 1, 0x18, -1)
    return _box(b"avc1", shape, config)
