"""Zips and folders as attackers, broken disks and other systems leave them: photographs or sentences, nothing else.

Each goes through `load_photographs`, as for a training, and through the list of files that command line and page use.
"""

import io
import os
import socket
import stat
import struct
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hostile_files import picture

from dfsc.errors import DFSCError, ImageError
from dfsc.images.archives import is_system_file
from dfsc.images.decoding import image_size, read_image
from dfsc.images.photo_files import photograph_files
from dfsc.images.uploads import Listing
from dfsc.material.photographs import load_photographs

PNG = picture("PNG")
NAMES = (
    *("../up.png", "../../../../etc/cron.d/up.png", "/etc/up.png", "//host/share/up.png", "\\\\host\\share\\up.png"),
    *("C:\\Windows\\up.png", "C:up.png", "..\\..\\up.png", "a/../../up.png", "a/./b/up.png", "./up.png", "a//b.png"),
    *("CON.png", "nul.png", "aux", "COM1.png", "a/lpt1/b.png", "up.png:stream", "up.png.", "up.png ", " .png", "..png"),
    *(
        "-rf.png",
        "--help.png",
        "~/up.png",
        "$HOME.png",
        "`id`.png",
        "%00.png",
        "%2e%2e%2fup.png",
        "a\nb.png",
        "a\tb.png",
    ),
    *("a\x1b[31mred.png", "a\x7f.png", "\u202egnp.exe.png", "\u200b.png", "\ufeffup.png", "e\u0301.png", "\u00e9.png"),
    *(
        "Ärger.png",
        "фото.png",
        "写真.png",
        "사진.png",
        "صورة.png",
        "תמונה.png",
        "ภาพ.png",
        "चित्र.png",
        "📷.png",
        "𝕬.png",
    ),
    *(
        "<script>alert(1)</script>.png",
        "' onerror='x.png",
        "{{7*7}}.png",
        "${7*7}.png",
        "a&b.png",
        "a;b.png",
        "a|b.png",
    ),
    *(
        "x" * 250 + ".png",
        "y" * 4000 + ".png",
        "/".join("d" * 60 for _ in range(60)) + "/deep.png",
        "a/" * 300 + "b.png",
    ),
    *("=1+1.png", "@SUM(1).png", "a,b.png", 'a"b.png', "a'b.png", "#.png", "?.png", "*.png", "a\\b.png", ".png", "png"),
)


def is_sentence(text: str) -> bool:
    return text.isprintable() and text.endswith(".") and "Traceback" not in text and tempfile.gettempdir() not in text


def tree(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


def seen(place: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of a place's photographs and the sentences about the rest, which all have to be sentences."""
    before = tree(place.parent)
    photographs = load_photographs(place)
    with Listing([(place, place.name)]) as listing:
        assert all(file.name.isprintable() and len(file.name) <= 210 for file in listing.files)
        assert all(map(is_sentence, listing.problems))
    assert all(map(is_sentence, photographs.left_out)), photographs.left_out
    assert len(set(photographs.names)) == len(photographs)
    assert tree(place.parent) == before
    return photographs.names, photographs.left_out


def packed(file: Path, entries: dict[str, bytes] | list[tuple[str | zipfile.ZipInfo, bytes]], method: int = 8) -> Path:
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries.items() if isinstance(entries, dict) else entries:
            archive.writestr(name, data)
    return file


@pytest.mark.parametrize("name", NAMES)
def test_a_name_leads_nowhere_and_is_shown_on_one_line(name: str, tmp_path: Path):
    (tmp_path / "in").mkdir()
    names, left_out = seen(packed(tmp_path / "in" / "z.zip", {name: PNG, "other.png": PNG}))
    assert "other.png" in names
    assert len(names) + len(left_out) in (1, 2)
    for shown in names:
        assert not shown.startswith(("/", "..", "\\"))
        assert "/../" not in shown


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_equal_names_are_numbered(tmp_path: Path):
    names, _ = seen(packed(tmp_path / "z.zip", [("a.png", PNG)] * 3 + [("A.png", PNG), ("b/../a.png", PNG)]))
    assert len(names) == 5


def zip_of(kind: str) -> bytes:
    """The bytes of a zip that is wrong in a certain way."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", PNG)
        archive.writestr("b.png", PNG)
    data = bytearray(buffer.getvalue())
    central, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    if kind == "password":
        data[6] |= 1
        data[central + 8] |= 1
    elif kind == "strong encryption":
        data[6] |= 0x41
        data[central + 8] |= 0x41
    elif kind == "unknown method":
        data[8:10] = data[central + 10 : central + 12] = struct.pack("<H", 99)
    elif kind == "overlapping entries":
        second = data.index(b"PK\1\2", central + 4)
        data[second + 42 : second + 46] = bytes(4)
    elif kind == "place beyond the end":
        data[central + 42 : central + 46] = b"\xff\xff\xff\x7f"
    elif kind == "wrong checksum":
        data[central + 16 : central + 20] = bytes(4)
    elif kind == "65535 entries":
        data[end + 8 : end + 12] = b"\xff\xff\xff\xff"
    elif kind == "directory beyond the end":
        data[end + 16 : end + 20] = b"\xff\xff\xff\x7f"
    elif kind == "needs a version to come":
        data[central + 6 : central + 8] = struct.pack("<H", 255)
    elif kind == "a comment as long as said":
        data[end + 20 : end + 22] = b"\xff\xff"
    elif kind == "a name of no bytes":
        data[central + 28 : central + 30] = bytes(2)
    elif kind == "a name that is no text":
        data[central + 46 : central + 51] = b"\xff\xfe\xfd\xfc\xfb"
        data[central + 8 + 1] |= 8
    elif kind == "date of no day":
        data[central + 12 : central + 16] = b"\xff\xff\xff\xff"
    elif kind == "says 4 GB":
        data[central + 24 : central + 28] = b"\xfe\xff\xff\xff"
    elif kind == "bytes in front":
        data = bytearray(b"PK\3\4" + bytes(1000)) + data
    elif kind == "several disks":
        data[end + 4 : end + 8] = b"\1\0\1\0"
    return bytes(data)


@pytest.mark.parametrize(
    "kind",
    [
        *("sound", "password", "strong encryption", "unknown method", "overlapping entries", "place beyond the end"),
        *("wrong checksum", "65535 entries", "directory beyond the end", "needs a version to come", "several disks"),
        *("a comment as long as said", "a name of no bytes", "a name that is no text", "date of no day", "says 4 GB"),
        "bytes in front",
    ],
)
def test_a_zip_that_is_wrong(kind: str, tmp_path: Path):
    (tmp_path / "z.zip").write_bytes(zip_of(kind))
    names, left_out = seen(tmp_path / "z.zip")
    assert names or left_out
    if kind == "sound":
        assert names == ("a.png", "b.png")


@pytest.mark.parametrize("share", [step / 20 for step in range(1, 20)])
def test_a_zip_that_is_cut_off(share: float, tmp_path: Path):
    whole = packed(tmp_path / "whole.zip", {f"{number}.png": PNG for number in range(3)}).read_bytes()
    (tmp_path / "z.zip").write_bytes(whole[: int(share * len(whole))])
    names, left_out = seen(tmp_path / "z.zip")
    assert names == ()
    assert len(left_out) == 1


def test_zips_in_zips_are_not_opened_however_deep(tmp_path: Path):
    data = PNG
    for _ in range(20):
        data = packed(tmp_path / "inner.zip", {"inner.zip": data, "a.png": PNG}).read_bytes()
    (tmp_path / "inner.zip").unlink()
    (tmp_path / "z.zip").write_bytes(data)
    names, left_out = seen(tmp_path / "z.zip")
    assert names == ("a.png",)
    assert "zip inside a zip" in left_out[0]


@pytest.mark.parametrize(
    "content", [bytes(300_000_000), bytes(120_000_000), b"\x89PNG\r\n\x1a\n" + bytes(150_000_000)], ids=len
)
def test_a_zip_that_unpacks_to_far_more(content: bytes, tmp_path: Path):
    names, left_out = seen(packed(tmp_path / "z.zip", {"a.png": content}))
    assert names == ()
    assert len(left_out) == 1


def test_links_in_a_zip_are_files_of_their_text(tmp_path: Path):
    link = zipfile.ZipInfo("passwd.png")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    names, left_out = seen(packed(tmp_path / "z.zip", [(link, b"/etc/passwd"), ("a.png", PNG)]))
    assert names == ("a.png",)
    assert left_out == ("passwd.png is not an image that can be read; use JPEG, PNG, WebP, TIFF, BMP or GIF.",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "photographs").mkdir()
    (tmp_path / "photographs" / "a.png").write_bytes(PNG)
    return tmp_path / "photographs"


def _link_to_itself(place: Path) -> None:
    place.symlink_to(place)


def _socket(place: Path) -> None:
    # A path of a socket may be 100 bytes long, and a test's folder is longer.
    before = os.getcwd()
    os.chdir(place.parent)
    socket.socket(socket.AF_UNIX).bind(place.name)
    os.chdir(before)


def _sparse(place: Path) -> None:
    with place.open("wb") as file:
        file.write(PNG)
        file.truncate(50_000_000_000)


ODD_PLACES: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "socket": _socket,
    "link to itself": _link_to_itself,
    "link to nothing": lambda place: place.symlink_to("/nowhere/at/all"),
    "link to a folder": lambda place: place.symlink_to("/etc"),
    "link to the folder above": lambda place: place.symlink_to(place.parent),
    "link to a device": lambda place: place.symlink_to("/dev/zero"),
    "link to a terminal": lambda place: place.symlink_to("/dev/tty"),
    "folder": Path.mkdir,
    "nothing": Path.touch,
    "50 GB of nothing": _sparse,
    "text": lambda place: place.write_text("no picture") and None,
}


@pytest.mark.parametrize("ending", ["png", "zip", "txt"])
@pytest.mark.parametrize("kind", ODD_PLACES)
def test_what_is_no_file_in_a_folder(kind: str, ending: str, folder: Path):
    ODD_PLACES[kind](folder / f"odd.{ending}")
    names, left_out = seen(folder)
    assert "a.png" in names
    assert len(left_out) <= 1
    assert all(map(is_sentence, photograph_files(folder).left_out))


@pytest.mark.parametrize("kind", ODD_PLACES)
def test_what_is_no_file_by_itself(kind: str, tmp_path: Path):
    place = tmp_path / "odd.png"
    ODD_PLACES[kind](place)
    for read in (read_image, image_size):
        with pytest.raises(ImageError) as caught:
            read(place)
        assert is_sentence(str(caught.value))
    assert all(map(is_sentence, load_photographs(place).left_out))


def test_a_folder_in_folders_without_end(tmp_path: Path):
    before = os.getcwd()
    os.chdir(tmp_path)
    try:
        for _ in range(300):
            os.mkdir("d" * 20)
            os.chdir("d" * 20)
        Path("a.png").write_bytes(PNG)
    finally:
        os.chdir(before)
    photographs = load_photographs(tmp_path)
    assert all(map(is_sentence, photographs.left_out))


@pytest.mark.parametrize("name", [name for name in NAMES if "/" not in name and len(name.encode()) <= 255])
def test_any_name_that_a_disk_takes(name: str, folder: Path):
    (folder / name).write_bytes(PNG)
    names, left_out = seen(folder)
    assert "a.png" in names
    # Names that start with a dot are a system's.
    assert len(names) + len(left_out) == (1 if is_system_file(name) else 2)


def test_a_name_that_is_no_text(folder: Path):
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.png")).write_bytes(PNG)
    names, _ = seen(folder)
    assert len(names) == 2


def test_files_that_vanish_change_and_grow_while_they_are_read(folder: Path):
    for number in range(60):
        (folder / f"{number:02}.png").write_bytes(PNG)
    ended = threading.Event()

    def disturb() -> None:
        for number in range(59, -1, -1):
            place = folder / f"{number:02}.png"
            if number % 3 == 0:
                place.unlink()
            elif number % 3 == 1:
                place.write_bytes(PNG[: number * 10])
            else:
                with place.open("ab") as file:
                    file.write(bytes(1_000_000))
        ended.set()

    disturber = threading.Thread(target=disturb)
    disturber.start()
    photographs = load_photographs(folder)
    disturber.join()
    assert ended.is_set()
    assert all(map(is_sentence, photographs.left_out))
    assert len(photographs) + len(photographs.left_out) <= 61


def test_files_that_vanish_after_they_were_listed(folder: Path):
    (folder / "b.png").write_bytes(PNG)
    with Listing([(folder, "photographs")]) as listing:
        (folder / "a.png").unlink()
        (folder / "b.png").write_bytes(PNG[:100])
        with pytest.raises(ImageError, match=r"^a\.png could not be read; choose it again\.$"):
            listing.files[0].read()
        assert listing.files[1].read() == PNG[:100]


@contextmanager
def nobody() -> Iterator[Path]:
    """A folder that anybody may write to, as a user whom permissions bind: root may read everything."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o777)
        if os.geteuid():
            yield Path(place)
            return
        os.seteuid(65534)
        try:
            yield Path(place)
        finally:
            os.seteuid(0)


def test_what_may_not_be_read(tmp_path: Path):
    with nobody() as place:
        (place / "a.png").write_bytes(PNG)
        (place / "locked.png").write_bytes(PNG)
        (place / "locked.txt").write_bytes(PNG)
        for name in ("locked.png", "locked.txt"):
            (place / name).chmod(0)
        left_out = load_photographs(place).left_out
        assert len(left_out) == 2
        for said in (*left_out, *photograph_files(place).left_out):
            assert said.startswith("locked")
            assert is_sentence(said)
        with pytest.raises(ImageError, match=r"locked\.png could not be read"):
            read_image(place / "locked.png")
        (place / "closed").mkdir(mode=0)
        with pytest.raises(DFSCError, match=r"^The folder closed could not be read"):
            photograph_files(place)
        assert any("closed" in said for said in load_photographs(place).left_out)
        (place / "closed").rmdir()
