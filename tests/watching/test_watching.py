"""Frames that are never old, a folder whose files are never half-written, and a trigger that fires once a part."""

import builtins
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image

from dfsc.errors import DFSCError
from dfsc.watching.falling import Unreadable, falling_photographs
from dfsc.watching.frames import Frame, Newest, frame, live_frames, video_frames
from dfsc.watching.trigger import PartPresent

SMALL = np.zeros((32, 32, 3), np.uint8)


@pytest.fixture(scope="module")
def video(tmp_path_factory, draw) -> Path:
    """Six frames of 96×64 at 60 a second."""
    import cv2

    file = tmp_path_factory.mktemp("video") / "parts.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*"MJPG"), 60, (96, 64))
    for seed in range(6):
        writer.write(np.ascontiguousarray(draw(seed, 96, 64)[..., ::-1]))
    writer.release()
    return file


def test_a_videos_frames_come_in_order_and_in_their_colours(video, draw):
    frames = list(video_frames(video))
    assert [one.number for one in frames] == list(range(6))
    assert {one.name for one in frames} == {"parts.avi"}
    for seed, one in enumerate(frames):
        assert np.abs(one.image.astype(int) - draw(seed, 96, 64)).mean() < 10


@pytest.mark.parametrize("source", ["/dev/null/nothing.mp4", 99])
def test_what_can_not_be_opened_is_said_in_a_sentence(source, tmp_path, monkeypatch):
    monkeypatch.setattr("dfsc.watching.frames.PAUSE", 0)
    with pytest.raises(DFSCError, match=r"can't be opened"):
        next(live_frames(source))
    (tmp_path / "notes.mp4").write_text("no video")
    with pytest.raises(DFSCError, match=r"notes.mp4 can't be opened"):
        next(video_frames(tmp_path / "notes.mp4"))
    (tmp_path / "broken.png").write_bytes(b"nothing")
    with pytest.raises(DFSCError, match=r"broken.png has no frame"):
        next(video_frames(tmp_path / "broken.png"))


def test_a_password_is_never_said():
    with pytest.raises(DFSCError) as caught:
        next(live_frames("rtsp://me:secret@127.0.0.1:9/live"))
    assert "secret" not in str(caught.value)
    assert "rtsp://127.0.0.1:9/live" in str(caught.value)


def test_a_stream_that_breaks_off_is_opened_again_and_given_up_in_the_end(video, monkeypatch):
    monkeypatch.setattr("dfsc.watching.frames.PAUSE", 0)
    monkeypatch.setattr("dfsc.watching.frames.ATTEMPTS", 2)
    frames = live_frames(str(video))  # which ends, as a stream that breaks off
    assert [next(frames).number for _ in range(20)] == list(range(20))


def test_without_opencv_a_sentence_says_what_to_install(video, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **options):
        if name == "cv2":
            raise ImportError
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DFSCError, match="pip install opencv-python-headless"):
        next(video_frames(video))


def test_whoever_is_slow_gets_the_newest_frame_and_is_told_how_many_were_left_out():
    go_on, passed = Event(), Event()

    def frames() -> Iterator[Frame]:
        yield frame(SMALL, 0, "camera")
        go_on.wait(10)
        for number in range(1, 6):
            yield frame(SMALL, number, "camera")
        passed.set()

    newest = iter(Newest(frames()))
    assert [(one.number, skipped) for one, skipped in [next(newest)]] == [(0, 0)]
    go_on.set()
    passed.wait(10)
    assert [(one.number, skipped) for one, skipped in newest] == [(5, 4)]


def test_frames_nobody_wants_are_not_counted_and_errors_arrive():
    def frames() -> Iterator[Frame]:
        for number in range(4):
            yield frame(SMALL, number, "camera")
        raise DFSCError("The camera is gone.")

    newest = iter(Newest(frames(), lambda one: one.number == 2))
    assert [(one.number, skipped) for one, skipped in [next(newest)]] == [(2, 0)]
    with pytest.raises(DFSCError, match="is gone"):
        next(newest)


def test_closing_ends_the_reading():
    def frames() -> Iterator[Frame]:
        while True:
            yield frame(SMALL, 0, "camera")
            time.sleep(0.001)

    newest = Newest(frames())
    next(iter(newest))
    newest.close()
    assert not newest._thread.is_alive()


@pytest.fixture
def looks(monkeypatch):
    """looks(list) runs one of its functions at each look into a folder, instead of waiting; then the folder is gone."""

    def set_(folder: Path, steps: list) -> None:
        left = iter(steps)

        def pause(_seconds: float) -> None:
            step = next(left, None)
            if step is None:
                folder.rename(folder.with_name("gone"))
            else:
                step()

        monkeypatch.setattr("dfsc.watching.falling.time.sleep", pause)

    return set_


def nothing() -> None:
    pass


def saved(path: Path, picture: np.ndarray, time_ns: int) -> None:
    import os

    Image.fromarray(picture).save(path)
    os.utime(path, ns=(time_ns, time_ns))


def test_photos_are_read_once_they_are_whole_the_newest_first(tmp_path, draw, looks):
    folder = tmp_path / "line"
    folder.mkdir()
    saved(folder / "before.png", draw(0, 64, 64), 1)
    saved(tmp_path / "whole.png", draw(4, 64, 64), 1)
    whole = (tmp_path / "whole.png").read_bytes()

    def two_at_once() -> None:
        saved(folder / "older.png", draw(1, 64, 64), 10**18)
        saved(folder / "newer.png", draw(2, 64, 64), 2 * 10**18)

    steps = [
        two_at_once,
        nothing,
        lambda: (folder / "slow.png").write_bytes(whole[:100]),
        lambda: (folder / "slow.png").write_bytes(whole[:900]),
        lambda: (folder / "slow.png").write_bytes(whole),
        nothing,
        nothing,
        lambda: saved(folder / "older.png", draw(3, 64, 64), 3 * 10**18),  # another part under the same name
        nothing,
    ]
    looks(folder, steps)
    found = list(falling_photographs(folder))
    assert [one.name for one in found] == ["newer.png", "older.png", "slow.png", "older.png"]
    assert [one.number for one in found] == [0, 1, 2, 3]
    np.testing.assert_array_equal(found[2].image, draw(4, 64, 64))
    np.testing.assert_array_equal(found[3].image, draw(3, 64, 64))


def test_a_file_that_stays_unreadable_is_said_once_and_one_that_vanishes_never(tmp_path, draw, looks):
    folder = tmp_path / "line"
    folder.mkdir()

    def come_and_go() -> None:
        (folder / "broken.png").write_bytes(b"no picture")
        saved(folder / "fleeting.png", draw(1, 64, 64), 10**18)
        (folder / "notes.txt").write_text("no photo")

    looks(folder, [come_and_go, lambda: (folder / "fleeting.png").unlink(), *[nothing] * 30])
    (one,) = falling_photographs(folder)
    assert isinstance(one, Unreadable)
    assert "broken.png" in one.why


def test_photos_that_are_there_already_count_if_wanted(tmp_path, draw, looks):
    folder = tmp_path / "line"
    folder.mkdir()
    saved(folder / "before.png", draw(0, 64, 64), 1)
    looks(folder, [nothing, nothing])
    assert [one.name for one in falling_photographs(folder, existing=True)] == ["before.png"]


def passing(draw, light: float = 1.0) -> Iterator[tuple[np.ndarray, float, str]]:
    """Two parts that come in, rest and leave, at 10 pictures a second, with noise: picture, seconds, what happens."""
    rng = np.random.default_rng(0)
    empty = np.full((120, 160, 3), 110.0)
    part = draw(0, 60, 60).astype(float)
    steps = ["empty"] * 3
    for _ in range(2):
        steps += ["in 0", "in 30", "in 50", *["rests"] * 5, "in 60", "in 100", "empty", "empty"]
    for number, step in enumerate(steps):
        scene = empty.copy()
        if step != "empty":
            left = 50 if step == "rests" else int(step.split()[1])
            scene[30:90, left : left + 60] = part
        noisy = scene * (1 + (light - 1) * number / len(steps)) + rng.normal(0, 6, scene.shape)
        yield noisy.clip(0, 255).astype(np.uint8), number / 10, step


@pytest.mark.parametrize("light", [1.0, 1.3])
def test_the_trigger_fires_once_a_part_and_when_it_rests(draw, light):
    trigger = PartPresent()
    fired = [step for image, seconds, step in passing(draw, light) if trigger.fires(image, seconds)]
    assert fired == ["rests", "rests"]


def test_an_empty_scene_can_be_given_where_a_part_is_there_from_the_start(draw):
    pictures = list(passing(draw))
    part = next(image for image, _, step in pictures if step == "rests")
    assert not any(PartPresent().fires(part, seconds) for seconds in (0.0, 1.0))
    trigger = PartPresent(pictures[0][0])
    assert [trigger.fires(part, seconds) for seconds in (0.0, 0.1, 0.2, 0.3)] == [False, False, True, False]
