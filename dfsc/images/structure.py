"""What a picture's file is made of, looked at before Pillow is: nothing in it may cost more than its pixels do.

Pillow reads what surrounds the pixels piece by piece in Python and keeps all of it, so that a file of few pixels can
take minutes (millions of empty pieces) or all memory (a thousand tags that each claim the whole file). Here only the
pieces' heads are read. Files that are damaged pass: what is wrong with them shows when they are decoded.
"""

import re
import struct
from collections.abc import Iterator

# A photograph has some ten pieces before its pixels; a PNG of 200 MB in pieces of 4 KB has 50,000 with them.
MOST_PIECES = 60_000
MOST_METADATA = 1_000_000  # bytes of a GIF's comments or a JPEG's EXIF, which Pillow joins piece by piece
# Of a GIF, by its blocks: 80 megapixels that nothing compresses lie in half a million. Comments are joined one by one.
MOST_GIF_COST, GIF_EXTENSION_COST = 600_000, 60
MOST_VALUES = 1_000_000  # of one tag: Pillow makes a Python number of each
MOST_SHARED = 65_536  # bytes that tags may say twice
MOST_SCANNED = 1_600_000_000  # pixels times passes of a progressive JPEG; most have ten passes
MOST_SLOW_SAMPLES = 4_000_000  # of what Pillow decodes in Python
MOST_COMMENTS = 1000  # in one that is written as text
MOST_HEADER = 65_536  # bytes of a PPM's header with its comments

_TAG_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_TEXT_TYPES = (1, 2, 7)  # which stay bytes
_WITHIN = (0x8769, 0x8825, 0xA005)  # EXIF's tags that lead to another directory
_SCAN = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_PPM_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_PPM_HEADER = re.compile(rb"P(?:[14]|[2356](?=" + (_PPM_GAP + rb"\d+") * 3 + rb"\s))" + (_PPM_GAP + rb"(\d+)") * 2)
_SOI, _EOI, _SOS, _APP1 = 0xD8, 0xD9, 0xDA, 0xE1


def costly(data: bytes) -> str:
    """Why a picture's file would cost far more than a photograph, as the end of a sentence; "" if it would not."""
    for start, check in _CHECKS.items():
        if data.startswith(start):
            try:
                return check(data)
            except (struct.error, IndexError):  # cut off
                return ""
    return ""


def is_costly_exif(exif: bytes) -> bool:
    """Whether EXIF's tags, with or without the name in front, claim more bytes than there are."""
    try:
        return bool(_tags(exif.removeprefix(b"Exif\0\0")))
    except (struct.error, IndexError):
        return False


_METADATA = "has far more beside its pixels than a photograph; export it again."
_SLOW = "is of a kind that is too slow to read at this size; save it as PNG."


def _jpeg(data: bytes) -> str:
    exif, mpf, height, width = [], b"", 0, 0
    place, pieces = 2, 0
    while place < len(data):
        if data[place] != 0xFF or data[place + 1] in (0x00, 0xFF):
            # Pillow skips these one by one, and this loop is no faster.
            place, pieces = place + 1, pieces + 1
            size = 0
        else:
            marker = data[place + 1]
            if marker == _SOS:
                break
            alone = marker in (0x01, _SOI, _EOI) or 0xD0 <= marker <= 0xD7
            size = 0 if alone else struct.unpack_from(">H", data, place + 2)[0]
            if marker == _APP1 and data.startswith(b"Exif\0\0", place + 4):
                exif.append(data[place + 10 : place + 2 + size])
            elif data.startswith(b"MPF\0", place + 4):
                mpf = data[place + 8 : place + 2 + size]
            elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                height, width = struct.unpack_from(">HH", data, place + 5)
            place, pieces = place + 2 + size, pieces + 1
        if pieces > MOST_PIECES:
            return _METADATA
    whole = b"".join(exif)
    if len(whole) > MOST_METADATA or is_costly_exif(whole) or is_costly_exif(mpf):
        return _METADATA
    most = MOST_SCANNED // max(1, width * height)
    # Counting is fast but sees what lies behind the first picture too, such as a phone's film.
    # A picture for which there are no passes left is too large anyway, which is said elsewhere.
    if 0 < most < data.count(b"\xff\xda", place) and _scans(data, place, most) > most:
        return "is made of far more passes than a photograph; export it again."
    return ""


def _scans(data: bytes, place: int, most: int) -> int:
    """The passes of the first picture, of which no more than one beyond `most` are counted."""
    count = 0
    for found in _SCAN.finditer(data, place):
        count += data[found.start() + 1] == _SOS
        if count > most or data[found.start() + 1] == _EOI:
            break
    return count


def _png(data: bytes) -> str:
    place = 8
    for _ in range(MOST_PIECES):
        if place >= len(data):
            return ""
        (size,) = struct.unpack_from(">I", data, place)
        if data.startswith(b"eXIf", place + 4) and is_costly_exif(data[place + 8 : place + 8 + size]):
            return _METADATA
        place += 12 + size
    return _METADATA


def _gif(data: bytes) -> str:
    """Up to the second frame's head, which shows whether there is one."""
    place = 13 + _gif_colours(data[10])
    frames = spent = cost = 0
    while place < len(data) and frames < 2 and data[place] != 0x3B:
        extension = data[place] != 0x2C
        if extension:
            # Whatever is no block at all is passed over byte by byte.
            place, cost = place + 1, cost + GIF_EXTENSION_COST
            if data[place - 1] != 0x21:
                continue
            place += 1
        else:
            place, frames = place + 11 + _gif_colours(data[place + 9]), frames + 1
        while data[place] and cost <= MOST_GIF_COST:
            spent += data[place] if extension else 0
            place, cost = place + 1 + data[place], cost + (GIF_EXTENSION_COST if extension else 1)
        place += 1
        if spent > MOST_METADATA or cost > MOST_GIF_COST:
            return _METADATA
    return _METADATA if cost > MOST_GIF_COST else ""


def _gif_colours(flags: int) -> int:
    return 3 * (2 << (flags & 7)) if flags & 0x80 else 0


def _webp(data: bytes) -> str:
    if not data.startswith(b"WEBP", 8):
        return ""
    place = 12
    for _ in range(MOST_PIECES):
        if place >= len(data):
            return ""
        (size,) = struct.unpack_from("<I", data, place + 4)
        place += 8 + size + size % 2
    return _METADATA


def _bmp(data: bytes) -> str:
    """Run lengths are decoded in Python."""
    (header,) = struct.unpack_from("<I", data, 14)
    if header < 40:
        return ""
    width, height = struct.unpack_from("<ii", data, 18)
    (packing,) = struct.unpack_from("<I", data, 30)
    return _SLOW if packing in (1, 2) and abs(width * height) > MOST_SLOW_SAMPLES else ""


def _ppm(data: bytes) -> str:
    header = _PPM_HEADER.match(data[:MOST_HEADER])
    if header is None:
        return _METADATA if len(data) > MOST_HEADER else ""
    if data[1:2] in b"123" and data.count(b"#") > MOST_COMMENTS:
        return _METADATA
    samples = int(header[1][-9:]) * int(header[2][-9:]) * (3 if data[1:2] == b"3" else 1)
    return _SLOW if data[1:2] in b"123" and samples > MOST_SLOW_SAMPLES else ""


def _tags(data: bytes) -> str:
    """Of a TIFF, and of EXIF, which is one: the first directory and those within it."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return ""
    big = struct.unpack_from(f"{order}H", data, 2)[0] == 43
    (first,) = struct.unpack_from(f"{order}Q", data, 8) if big else struct.unpack_from(f"{order}I", data, 4)
    claimed, waiting = 0, [first]
    seen: set[int] = set()
    while waiting and len(seen) < 8:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        for tag, kind, count, value in _directory(data, place, order, big):
            size = count * _TAG_BYTES.get(kind, 0)
            claimed += size if size > (8 if big else 4) and value + size <= len(data) else 0
            if kind not in _TEXT_TYPES and count > MOST_VALUES and value + size <= len(data):
                return _METADATA
            if tag in _WITHIN:
                waiting.append(value)
        if claimed > len(data) + MOST_SHARED:
            return _METADATA
    return ""


def _directory(data: bytes, place: int, order: str, big: bool) -> Iterator[tuple[int, int, int, int]]:
    """Tag, type, count, and value or its place, of each entry that is there."""
    count, entry, width = ("Q", "HHQQ", 20) if big else ("H", "HHII", 12)
    (entries,) = struct.unpack_from(order + count, data, place)
    start = place + struct.calcsize(order + count)
    for number in range(min(entries, MOST_PIECES * 2)):
        if start + (number + 1) * width > len(data):
            return
        yield struct.unpack_from(order + entry, data, start + number * width)


_CHECKS = {
    b"\xff\xd8\xff": _jpeg,
    b"\x89PNG\r\n\x1a\n": _png,
    b"GIF8": _gif,
    b"RIFF": _webp,
    b"II": _tags,
    b"MM": _tags,
    b"BM": _bmp,
    b"P": _ppm,
}
