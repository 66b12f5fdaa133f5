"""Uploads on their way through the disk: only files that were uploaded, out of everybody's reach, then gone."""

from pathlib import Path

import pytest

from dfsc.interface.session.passing_files import taken_over


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


def uploaded(cache: Path, name: str, content: bytes = b"x") -> dict:
    """A file as gradio stores it, and its record."""
    folder = cache / f"hash of {content.decode()}"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return {"path": str(folder / name), "orig_name": f"my {name}"}


def test_uploads_are_taken_out_of_the_common_folder_and_gone_afterwards(cache):
    records = [uploaded(cache, "a.png", b"1"), uploaded(cache, "b.zip", b"2")]
    with taken_over(records) as uploads:
        assert [(path.read_bytes(), name) for path, name in uploads] == [(b"1", "my a.png"), (b"2", "my b.zip")]
        assert not any(Path(record["path"]).exists() for record in records)
    assert list(cache.iterdir()) == []


def test_whoever_uploads_the_same_file_later_keeps_his_own(cache):
    with taken_over(uploaded(cache, "a.png")) as first:
        with taken_over(uploaded(cache, "a.png")) as second:
            assert first[0][0].read_bytes() == second[0][0].read_bytes()
        assert first[0][0].is_file()


def test_a_folder_of_others_uploads_is_not_walked(cache):
    theirs = uploaded(cache, "theirs.png")
    folder = str(Path(theirs["path"]).parent)
    for path in (str(cache), folder, "/etc/passwd", f"{cache}/../cache", "", 3, None, f"{cache}/a\0b"):
        with taken_over([{"path": path}, uploaded(cache, "mine.png", b"mine")]) as uploads:
            assert uploads == []
    for record in ("no record", None, {}, []):
        with taken_over(record) as uploads:
            assert uploads == []
    assert Path(theirs["path"]).is_file()


def test_what_is_gone_already_is_told_by_name_unless_it_is_all(cache):
    gone, here = uploaded(cache, "gone.png", b"1"), uploaded(cache, "here.png", b"2")
    Path(gone["path"]).unlink()
    with taken_over([gone, here]) as uploads:
        assert [(path.is_file(), name) for path, name in uploads] == [(False, "my gone.png"), (True, "my here.png")]
    with taken_over(gone) as uploads:
        assert uploads == []
