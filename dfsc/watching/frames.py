"""Where pictures of passing parts come from: a camera, a video file, a stream's address; folders are in `falling`."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Any

import numpy as np

from dfsc.errors import DFSCError

NO_OPENCV = "Cameras, videos and streams are read by OpenCV, which is not here: pip install opencv-python-headless."
# A camera or a stream that gives nothing is opened again so often, after so many seconds each.
ATTEMPTS, PAUSE = 5, 1.0
OPEN_MILLISECONDS = 8000


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture of a source.

    Attributes:
        image: RGB uint8 H×W×3.
        number: counts from 0 in the source.
        seconds: when it was read, on a clock that only goes forward.
        time: when it was read.
        name: its file, or what the source is called.
    """

    image: np.ndarray
    number: int
    seconds: float
    time: datetime
    name: str


def frame(image: np.ndarray, number: int, name: str) -> Frame:
    """A frame that was read just now."""
    return Frame(image, number, time.monotonic(), datetime.now(UTC), name)


def video_frames(file: Path) -> Iterator[Frame]:
    """A video's frames at its own speed, as a camera would give them.

    Raises:
        DFSCError: for a file that is no video, or without OpenCV.
    """
    capture = _opened(str(file))
    began, seconds = time.monotonic(), 1 / (capture.get(_cv2().CAP_PROP_FPS) or 25)
    number = -1
    for number, image in enumerate(_pictures(capture)):
        time.sleep(max(0.0, began + number * seconds - time.monotonic()))
        yield frame(image, number, file.name)
    if number < 0:
        raise DFSCError(f"{file.name} has no frame that can be read; it is no video, or damaged.")


def live_frames(source: int | str) -> Iterator[Frame]:
    """What a camera (by its index) or a stream (by its address) gives, opened again when it breaks off.

    Raises:
        DFSCError: when it is not there, or gives nothing any more; without OpenCV.
    """
    number, name, left = 0, _without_password(source), ATTEMPTS
    capture = _opened(source)
    while True:
        for image in _pictures(capture):
            yield frame(image, number, name)
            number, left = number + 1, ATTEMPTS
        if not left:
            raise DFSCError(f"{_called(source)} gives no more pictures; check its cable or network.")
        left -= 1
        time.sleep(PAUSE)
        try:
            capture = _opened(source)
        except DFSCError:
            if not left:
                raise


class Newest:
    """A thread that reads a source and keeps its newest wanted frame alone, so that nobody gets an older one."""

    def __init__(self, frames: Iterator[Frame], wanted: Callable[[Frame], bool] = lambda _: True):
        """`wanted` is asked by that thread for every frame of the source."""
        self._frames, self._wanted = frames, wanted
        self._newest: Frame | None = None
        self._error: Exception | None = None
        self._skipped, self._ended = 0, False
        self._changed, self._closing = Condition(), Event()
        self._thread = Thread(target=self._read, name="frames", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[tuple[Frame, int]]:
        """The newest frame whenever one is asked for, each once, with how many wanted ones were skipped before it."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._newest is not None or self._ended)
                newest, skipped = self._newest, self._skipped
                self._newest, self._skipped = None, 0
            if newest is None:
                if self._error:
                    raise self._error
                return
            yield newest, skipped

    def close(self) -> None:
        """Stop reading."""
        self._closing.set()
        self._thread.join(timeout=2)

    def _read(self) -> None:
        try:
            for one in self._frames:
                if self._closing.is_set():
                    break
                if self._wanted(one):
                    self._offer(one)
        except Exception as error:  # whoever takes the frames shall hear of it
            self._error = error
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _offer(self, one: Frame) -> None:
        with self._changed:
            self._skipped += self._newest is not None
            self._newest = one
            self._changed.notify()


def _cv2() -> Any:
    # What it and its decoders would print is said in a sentence here.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        import cv2
    except ImportError as error:
        raise DFSCError(NO_OPENCV) from error
    return cv2


def _opened(source: int | str) -> Any:
    cv2 = _cv2()
    if isinstance(source, int):
        capture = cv2.VideoCapture(source)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    else:
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_MILLISECONDS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, OPEN_MILLISECONDS]
        capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        raise DFSCError(f"{_called(source)} can't be opened; check that it is there and that nothing else uses it.")
    return capture


def _pictures(capture: Any) -> Iterator[np.ndarray]:
    """RGB uint8 H×W×3 each, until there is none."""
    try:
        while True:
            there, picture = capture.read()
            if not there:
                return
            yield np.ascontiguousarray(picture[..., ::-1])
    finally:
        capture.release()


def _called(source: int | str) -> str:
    return f"The camera {source}" if isinstance(source, int) else _without_password(source)


def _without_password(source: int | str) -> str:
    """A stream's address without who logs in to it."""
    scheme, there, rest = str(source).partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if there else scheme
