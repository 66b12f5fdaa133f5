"""Zips as visitors and attackers make them: what is in an honest one is read, a hostile one costs nothing."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dfsc.images import archives, uploads
from dfsc.material.photographs import PhotoSet, load_photographs


def png(value: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 24), (value, value, 0)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def pack(tmp_path: Path) -> Callable[..., Path]:
    def packed(entries: dict[str, bytes], name: str = "parts.zip", method: int = zipfile.ZIP_DEFLATED) -> Path:
        with zipfile.ZipFile(tmp_path / name, "w", method) as archive:
            for entry, data in entries.items():
                archive.writestr(entry, data)
        return tmp_path / name

    return packed


def refused(path: Path) -> str:
    """The one sentence about a zip from which nothing is read."""
    photographs = load_photographs([path])
    assert len(photographs) == 0
    assert len(photographs.left_out) == 1
    sentence = photographs.left_out[0]
    assert sentence.startswith(f"{path.name} ")
    assert sentence.endswith(".")
    assert str(path.parent) not in sentence
    return sentence


def brightness(photographs: PhotoSet) -> list[int]:
    return photographs.images[:, 128, 128, 0].tolist()


def test_zip_is_read_by_content_sorted_by_path_with_folders_in_names(pack):
    path = pack({"b/1.png": png(1), "a/1.png": png(2), "a/": b"", "Ü 2.png": png(3)}, name="parts.dat")
    photographs = load_photographs([path])
    assert photographs.names == ("a/1.png", "b/1.png", "Ü 2.png")
    assert brightness(photographs) == [2, 1, 3]
    assert photographs.left_out == ()


def test_nothing_is_written_anywhere(pack, tmp_path: Path, monkeypatch):
    names = ["../../evil.png", "/etc/evil.png", "C:\\Windows\\evil.png", "..\\evil.png", "a/../evil.png"]
    path = pack({name: png(index) for index, name in enumerate(names)})
    monkeypatch.chdir(tmp_path)
    photographs = load_photographs([path])
    assert photographs.names == ("evil.png", *(f"evil.png ({number})" for number in range(2, 6)))
    assert [file.name for file in tmp_path.iterdir()] == ["parts.zip"]


def test_system_files_in_a_zip_are_left_out_and_others_named(pack):
    path = pack(
        {
            "set/1.png": png(1),
            "__MACOSX/set/._1.png": b"metadata",
            "set/.DS_Store": b"metadata",
            "set/Thumbs.db": b"metadata",
            "set/notes.txt": b"notes",
            "set/inner.zip": pack({"2.png": png(2)}, "inner.zip").read_bytes(),
        }
    )
    photographs = load_photographs([path])
    assert photographs.names == ("set/1.png",)
    assert [sentence.split()[0] for sentence in photographs.left_out] == ["set/inner.zip", "set/notes.txt"]
    assert "zip inside a zip" in photographs.left_out[0]


def test_utf8_name_without_the_flag_is_read_as_macos_writes_it(pack):
    data = pack({"T__r.png": png(1)}).read_bytes().replace(b"T__r", "Tür".encode())
    path = pack({}, "mac.zip")
    path.write_bytes(data)
    assert load_photographs([path]).names == ("Tür.png",)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_cut_off_zip_is_one_sentence(pack, share: float):
    path = pack({f"{index}.png": png(index) for index in range(20)})
    path.write_bytes(path.read_bytes()[: max(8, int(share * path.stat().st_size))])
    assert "damaged" in refused(path)


def test_damaged_entry_is_named_and_the_others_are_read(pack):
    path = pack({"1.png": png(1), "2.png": png(2)}, method=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(b"2.png") + 40] ^= 0xFF
    path.write_bytes(data)
    photographs = load_photographs([path])
    assert photographs.names == ("1.png",)
    assert photographs.left_out == ("2.png is damaged inside the zip; pack it again.",)


def test_damaged_bytes_never_raise(pack):
    data = pack({f"{index}.png": png(index) for index in range(4)}).read_bytes()
    rng = np.random.default_rng(0)
    path = pack({}, "damaged.zip")
    for _ in range(60):
        changed = bytearray(data)
        for place in rng.integers(4, len(data), 6):
            changed[place] = rng.integers(256)
        path.write_bytes(changed)
        photographs = load_photographs([path])
        assert all(sentence.endswith(".") for sentence in photographs.left_out)


def test_empty_zip_and_one_of_system_files_only(pack):
    assert "empty zip" in refused(pack({}))
    assert "empty zip" in refused(pack({"__MACOSX/._1.png": b"x", "folder/": b""}))


def test_password_is_told(pack):
    path = pack({"1.png": png(1)})
    data = bytearray(path.read_bytes())
    for start, offset in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        data[data.index(start) + offset] |= 1
    path.write_bytes(data)
    assert "password" in refused(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_method_whose_output_is_not_bounded_is_refused(pack, method: int):
    assert "uncommon compression method" in refused(pack({"1.png": png(1)}, method=method))


def test_bomb_is_refused_before_anything_is_unpacked(pack, monkeypatch):
    path = pack({"1.png": b"\0" * 120_000_000})

    def unpack(*_args, **_options):
        raise AssertionError("unpacked")

    monkeypatch.setattr(zipfile.ZipFile, "open", unpack)
    assert "far more than photographs" in refused(path)


def test_sum_of_sizes_number_of_files_and_zips_are_limited(pack, monkeypatch):
    path = pack({f"{index}.png": png(index) for index in range(4)})
    monkeypatch.setattr(archives, "MAX_UNPACKED", 100)
    assert "unpacks to more than" in refused(path)
    monkeypatch.undo()
    monkeypatch.setattr(archives, "MAX_FILES", 3)
    assert "has 4 files" in refused(path)
    monkeypatch.undo()
    monkeypatch.setattr(uploads, "MAX_FILES", 6)
    photographs = load_photographs([path, path, path])
    assert len(photographs) == 6
    assert photographs.left_out == ("There are more than 6 files, and only the first 6 were used.",)
    monkeypatch.undo()
    monkeypatch.setattr(uploads, "MAX_ZIPS", 1)
    assert load_photographs([path, path]).left_out == (
        "parts.zip was not opened, because at most 1 zips are read at a time.",
    )


def test_too_large_entry_is_named_and_not_unpacked(pack, monkeypatch):
    path = pack({"1.png": png(1), "2.png": b"\0" * 5000})
    monkeypatch.setattr(archives, "MAX_BYTES", 4000)
    photographs = load_photographs([path])
    assert photographs.names == ("1.png",)
    assert photographs.left_out[0].startswith("2.png is larger than")


def test_entry_that_unpacks_to_more_than_it_says_gives_no_more(pack):
    path = pack({"1.png": b"\0" * 5_000_000, "2.png": png(2)})
    data = bytearray(path.read_bytes())
    for start, offset in ((b"PK\1\2", 24), (b"PK\3\4", 22)):
        place = data.index(start) + offset
        data[place : place + 4] = struct.pack("<I", 100)
    path.write_bytes(data)
    photographs = load_photographs([path])
    assert photographs.names == ("2.png",)
    assert photographs.left_out == ("1.png is damaged inside the zip; pack it again.",)


def test_directory_is_not_read_at_once_when_it_is_huge(pack, monkeypatch):
    path = pack({f"{index}.png": png(index) for index in range(20)})
    monkeypatch.setattr(archives, "_MAX_DIRECTORY", 500)
    assert "far too full" in refused(path)


def test_zips_are_closed_again(pack, recwarn):
    path = pack({"1.png": png(1)})
    load_photographs([path])
    path.unlink()
    assert not [warning for warning in recwarn if issubclass(warning.category, ResourceWarning)]
