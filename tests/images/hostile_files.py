"""Hostile and odd pictures, made here: a name for each, and what makes its bytes.

`ODD` are small files of every kind that Pillow knows, whole, cut off, misnamed or with impossible heads. `BOMBS` are
files that cost far more to read than they weigh.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial

import numpy as np
from PIL import Image

READ = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF")
# Kinds that Pillow would open, too, and can write.
WRITTEN = (
    *("BLP", "DDS", "DIB", "EPS", "ICNS", "ICO", "IM", "JPEG2000", "MSP", "PCX", "PDF", "QOI", "SGI", "SPIDER", "TGA"),
    *("XBM", "PALM"),
)
# And those that it can only read: how their files start.
STARTS = {
    "BUFR": b"BUFR" + bytes(60),
    "CUR": b"\0\0\2\0\1\0" + bytes(60),
    "DCX": struct.pack("<II", 0x3ADE68B1, 8) + bytes(60),
    "FITS": b"SIMPLE  =                    T".ljust(80) + b"END".ljust(2800),
    "FLI": bytes(4) + b"\x11\xaf" + bytes(122),
    "FTEX": b"FTEX" + struct.pack("<iii", 1, 64, 64) + bytes(60),
    "GBR": struct.pack(">IIIII", 28, 2, 64, 64, 1) + b"GIMP" + bytes(60),
    "GRIB": b"GRIB\0\0\0\1" + bytes(60),
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(60),
    "IMT": b"width*64\nheight*64\n*\n\x0c" + bytes(4096),
    "IPTC": b"\x1c\x03\x3c\0\1" + bytes(60),
    "MCIDAS": b"\0\0\0\0\0\0\0\4" + bytes(248),
    "MPEG": b"\0\0\1\xb3\x04\0\x40" + bytes(60),
    "PCD": bytes(2048) + b"PCD_" + bytes(100),
    "PIXAR": b"\200\350\0\0" + bytes(1024),
    "PSD": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 64, 64, 8, 3) + bytes(60),
    "SUN": struct.pack(">IIIIIIII", 0x59A66A95, 64, 64, 8, 4096, 1, 0, 0) + bytes(4096),
    "WMF": b"\xd7\xcd\xc6\x9a\0\0" + struct.pack("<hhhhh", 0, 0, 64, 64, 96) + bytes(10) + b"\1\0\t\0" + bytes(60),
    "XPM": b'/* XPM */\nstatic char * x[] = {\n"64 64 1 1",\n"a c red",\n' + b'"' + b"a" * 64 + b'",\n',
    "XVTHUMB": b"P7 332\n#END_OF_COMMENTS\n64 64 255\n" + bytes(4096),
}
# Endings that promise something else.
WRONG_ENDINGS = ("jpg", "txt", "zip", "exe", "heic", "svg", "")

Made = Callable[[], bytes]


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


@cache
def picture(kind: str = "PNG") -> bytes:
    """A noisy picture of 96×64 pixels."""
    noisy = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8))
    mode = {"EPS": "L", "MSP": "1", "SPIDER": "F", "XBM": "1", "BLP": "P", "PALM": "1"}.get(kind)
    return encoded(noisy.convert(mode) if mode else noisy, kind)


def cut(kind: str, share: float) -> bytes:
    return picture(kind)[: int(share * len(picture(kind)))]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int = 64,
    height: int = 64,
    depth: int = 8,
    colour: int = 2,
    before: bytes = b"",
    after: bytes = b"",
    rows: int | None = None,
    interlaced: int = 0,
) -> bytes:
    """A black PNG made by hand, with other chunks before and after its pixels, and as many rows as one likes."""
    row = bytes(1 + (width * depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 1) + 7) // 8)
    packer = zlib.compressobj(1)
    pixels = b"".join([packer.compress(row) for _ in range(height if rows is None else rows)] + [packer.flush()])
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    whole = chunk(b"IHDR", head) + before + chunk(b"IDAT", pixels) + after + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + whole


def tiff(changes: dict[int, tuple[int, int, int]] | None = None, pixels: bytes | None = None) -> bytes:
    """A grey TIFF of 64×64 pixels, packed by deflate, with other entries: type, count, value; place 0 is the pixels."""
    pixels = zlib.compress(bytes(64 * 64)) if pixels is None else pixels
    tags = {tag: (4, 1, value) for tag, value in ((256, 64), (257, 64), (258, 8), (259, 8), (262, 1), (277, 1))}
    tags |= {278: (4, 1, 64), 273: (4, 1, 0), 279: (4, 1, len(pixels))} | (changes or {})
    place = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(
        struct.pack("<HHII", tag, kind, count, value or (place if tag in (273, 324) else 0))
        for tag, (kind, count, value) in sorted(tags.items())
    )
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + pixels


def directory_bomb(tags: int, size: int) -> bytes:
    """TIFF's or EXIF's directory in which each tag claims all that is there."""
    entries = b"".join(struct.pack("<HHII", 1000 + number, 7, size - 8, 8) for number in range(tags))
    return b"II*\0" + struct.pack("<I", size) + bytes(size - 8) + struct.pack("<H", tags) + entries + bytes(4)


def numbers_bomb(tag: int, count: int) -> bytes:
    """A directory with a tag of so many numbers."""
    entry = struct.pack("<HHHIII", 1, tag, 3, count, 26, 0)
    return b"II*\0" + struct.pack("<I", 8) + entry + bytes(2 * count)


def segment(marker: int, data: bytes = b"") -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg(before: bytes) -> bytes:
    """A JPEG with other segments behind its first two bytes."""
    return picture("JPEG")[:2] + before + picture("JPEG")[2:]


def exif_segments(exif: bytes) -> bytes:
    pieces = (exif[start : start + 65_000] for start in range(0, len(exif), 65_000))
    return b"".join(segment(0xE1, b"Exif\0\0" + piece) for piece in pieces)


def gif(extension: bytes = b"") -> bytes:
    data = encoded(Image.new("P", (64, 64)), "GIF")
    start = 13 + 3 * (2 << (data[10] & 7))
    return data[:start] + extension + data[start:]


def passes(edge: int, more: int) -> bytes:
    """A progressive JPEG whose last pass comes again and again."""
    data = encoded(Image.new("L", (edge, edge)), "JPEG", progressive=True)
    return data[:-2] + data[data.rindex(b"\xff\xda") : -2] * more + data[-2:]


def webp_canvas(edge: int) -> bytes:
    size = (edge - 1).to_bytes(3, "little") * 2
    return b"RIFF" + struct.pack("<I", 100) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + size + bytes(80)


def bmp_runs(edge: int) -> bytes:
    data = b"\1\0\1\1" * (edge * edge // 2) + b"\0\1"
    head = struct.pack("<IiiHHIIiiII", 40, edge, edge, 1, 8, 1, len(data), 0, 0, 256, 0) + bytes(1024)
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(data), 0, 0, 14 + len(head)) + head + data


def flat(mode: str, kind: str, edge: int = 8944, **options) -> bytes:
    return encoded(Image.new(mode, (edge, edge)), kind, **options)


def _odd() -> Iterator[tuple[str, Made]]:
    for kind in READ:
        yield f"whole.{kind}", partial(picture, kind)
        for share in (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99):
            yield (
                f"cut at {share}.{kind}",
                lambda kind=kind, share=share: picture(kind)[: int(share * len(picture(kind)))],
            )
        for ending in WRONG_ENDINGS:
            yield f"{kind} called.{ending}", partial(picture, kind)
        yield f"twice.{kind}", lambda kind=kind: picture(kind) * 2
        yield f"with a zip behind.{kind}", lambda kind=kind: picture(kind) + b"PK\3\4" * 100
        yield f"reversed.{kind}", lambda kind=kind: picture(kind)[::-1]
        yield f"start alone.{kind}", lambda kind=kind: picture(kind)[:16]
        yield f"zeros behind its start.{kind}", lambda kind=kind: picture(kind)[:16] + bytes(5000)
    for kind in WRITTEN:
        yield f"other kind.{kind}", partial(picture, kind)
        yield f"other kind, called a photograph.{kind}.jpg", partial(picture, kind)
    for kind, data in STARTS.items():
        yield f"other kind.{kind}", lambda data=data: data
    heads = ((0, 0), (0, 64), (1, 1), (15, 64), (2**31 - 1, 1), (2**31 - 1, 2**31 - 1), (65535, 65535), (9000, 9000))
    for width, height in heads:
        yield (
            f"says {width}x{height}.png",
            partial(png, width, height, rows=0) if width < 2**20 else partial(_png_head, width, height),
        )
        yield f"says {width}x{height}.tif", partial(tiff, {256: (4, 1, width), 257: (4, 1, height)})
        yield f"says {width}x{height}.pgm", lambda w=width, h=height: b"P5 %d %d 255\n" % (w, h) + bytes(4096)
    for depth, colour in ((3, 0), (8, 1), (8, 5), (16, 3), (32, 2), (0, 0), (255, 255)):
        yield f"depth {depth}, colour {colour}.png", partial(png, depth=depth, colour=colour)
    yield "rows missing.png", partial(png, rows=10)
    yield "rows too many.png", partial(png, rows=5000)
    yield "interlaced by nothing known.png", partial(png, interlaced=9)
    yield "palette missing.png", partial(png, colour=3)
    for name, tag, entry in (
        ("no bits", 258, (4, 1, 0)),
        ("64 bits", 258, (4, 1, 64)),
        ("no samples", 277, (4, 1, 0)),
        ("65535 samples", 277, (4, 1, 65535)),
        ("unknown packing", 259, (4, 1, 9999)),
        ("old JPEG", 259, (4, 1, 6)),
        ("strips at the end of the world", 273, (4, 1, 2**32 - 1)),
        ("strips of everything", 279, (4, 1, 2**32 - 1)),
        ("no rows", 278, (4, 1, 0)),
        ("a directory in itself", 0x8769, (4, 1, 8)),
        ("fractions of nothing", 282, (5, 1, 8)),
        ("unknown type", 305, (99, 5, 8)),
        ("tiles of no size", 322, (4, 1, 0)),
        ("planes apart", 284, (4, 1, 2)),
        ("floats", 339, (4, 1, 3)),
    ):
        yield f"{name}.tif", partial(tiff, {tag: entry})
    yield "next directory is itself.tif", lambda: tiff()[:-4] + struct.pack("<I", 8)
    for name, exif in (
        ("none", b"Exif\0\0"),
        ("noise", b"Exif\0\0" + bytes(range(256)) * 20),
        ("of 40 directories", b"Exif\0\0MM\0*\0\0\0\x08" + bytes(480)),
        ("beyond its end", b"Exif\0\0II*\0\xff\xff\xff\x7f"),
    ):
        yield f"EXIF {name}.jpg", lambda exif=exif: jpeg(segment(0xE1, exif))
        yield f"EXIF {name}.png", lambda exif=exif: png(before=chunk(b"eXIf", exif[6:]))
    for name, data in (
        ("empty", b""),
        ("one byte", b"\xff"),
        ("zeros", bytes(10_000)),
        ("text", b"Dear Sir,\n" * 50),
        ("page", b"<html><body>404</body></html>"),
        ("drawing", b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"),
        ("postscript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n(/etc/passwd) (r) file\n"),
        ("PDF", b"%PDF-1.4\n%%EOF"),
        ("HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(60)),
        ("JPEG XL", b"\xff\x0a" + bytes(60)),
        ("film", b"\0\0\0\x18ftypmp42" + bytes(60)),
        ("program", b"\x7fELF" + bytes(60)),
        ("pickle", b"\x80\x04cos\nsystem\n(S'touch evil'\ntR."),
        ("BM and nothing else", b"BM"),
        ("P5 report", b"P5 is what the report is about.\n" * 100),
        ("gzip", b"\x1f\x8b\x08" + bytes(60)),
        ("rar", b"Rar!\x1a\x07\x01\0" + bytes(60)),
        ("7z", b"7z\xbc\xaf\x27\x1c" + bytes(60)),
    ):
        yield f"{name}.jpg", lambda data=data: data


def _png_head(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


ODD: dict[str, Made] = dict(_odd())
ODD_NAMES = tuple(ODD)
TURNED = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"

# The first ones are photographs, if large ones, that have to be read; what is said of the others ends their names.
LARGE: dict[str, Made] = {
    "80 megapixels with alpha.png": partial(png, 8944, 8944, 8, 6),
    "80 megapixels, turned.jpg": partial(flat, "RGB", "JPEG", exif=TURNED),
    "40 megapixels.webp": partial(flat, "RGB", "WEBP", 6320, lossless=True, method=0),
    "16 megapixels of 12 bits.pgm": lambda: b"P5 4000 4000 4095\n" + b"\1\1" * 16_000_000,
    "20 passes.jpg": partial(passes, 4000, 10),
}
BOMBS: dict[str, tuple[Made, str]] = {
    "comments.gif": (lambda: gif(b"!\xfe" + (b"\xff" + b"x" * 255) * 32_000 + b"\0"), "export it again"),
    "many comments.gif": (lambda: gif(b"!\xfe\1x\0" * 1_000_000), "export it again"),
    "empty blocks.gif": (lambda: gif(b"\0" * 5_000_000), "export it again"),
    "tags.tif": (partial(directory_bomb, 200, 10_000_000), "export it again"),
    "numbers.tif": (partial(numbers_bomb, 258, 20_000_000), "export it again"),
    "tags in EXIF.jpg": (lambda: jpeg(exif_segments(directory_bomb(4000, 900_000))), "export it again"),
    "tags in MPF.jpg": (lambda: jpeg(segment(0xE2, b"MPF\0" + directory_bomb(3000, 20_000))), "export it again"),
    "EXIF without end.jpg": (
        lambda: jpeg(segment(0xE1, b"Exif\0\0" + bytes(60_000)) * 600),
        "export it again",
    ),
    "tags in EXIF.png": (
        lambda: png(before=chunk(b"eXIf", directory_bomb(200, 10_000_000))),
        "export it again",
    ),
    "chunks before.png": (lambda: png(before=chunk(b"abCd", b"") * 2_000_000), "export it again"),
    "chunks behind.png": (lambda: png(after=chunk(b"abCd", b"") * 2_000_000), "export it again"),
    "empty pixels.png": (lambda: png(before=chunk(b"IDAT", b"") * 2_000_000), "export it again"),
    "texts.png": (
        lambda: png(before=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1_000_000), 9)) * 100),
        "damaged",
    ),
    "markers.jpg": (lambda: jpeg(segment(0xE5) * 2_000_000), "export it again"),
    "filling.jpg": (lambda: jpeg(b"\xff" * 10_000_000), "export it again"),
    "passes.jpg": (partial(passes, 4000, 400), "far more passes"),
    "text.ppm": (lambda: b"P3 4000 4000 255\n" + b"1 " * 10_000_000, "too slow"),
    "text.pbm": (lambda: b"P1 8944 8944\n" + b"1" * 10_000_000, "too slow"),
    "comment.pgm": (lambda: b"P5 64 64 #" + b"x" * 10_000_000 + b"\n255\n" + bytes(4096), "export it again"),
    "comments.pgm": (lambda: b"P2 64 64 255\n" + b"#\n" * 500_000 + b"1 " * 4096, "export it again"),
    "runs.bmp": (partial(bmp_runs, 4000), "too slow"),
    "canvas.webp": (partial(webp_canvas, 16_384), "damaged"),
    "chunks.webp": (lambda: b"RIFF" + struct.pack("<I", 2**24) + b"WEBP" + b"ABCD\0\0\0\0" * 2_000_000, "export"),
    "tile.tif": (
        lambda: tiff(
            {322: (4, 1, 40_000), 323: (4, 1, 40_000), 324: (4, 1, 0), 325: (4, 1, 1000)}, zlib.compress(bytes(10**7))
        ),
        "damaged",
    ),
    "profile.png": (
        lambda: png(before=chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(400_000_000), 9))),
        "",
    ),
    "beyond 80 megapixels.png": (partial(_png_head, 60_000, 60_000), "scale it down"),
    "beyond 40 megapixels.webp": (partial(flat, "RGB", "WEBP", 6400, lossless=True, method=0), "scale it down"),
}
