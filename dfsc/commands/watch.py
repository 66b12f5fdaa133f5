"""python -m dfsc watch: parts that pass a camera, or whose photos fall into a folder; a JSON object a line each."""

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import dfsc
from dfsc.commands import detector_options, judging_options
from dfsc.errors import DFSCError
from dfsc.images.decoding import check_bits, read_image
from dfsc.inspection.records import result_record
from dfsc.watching.falling import Unreadable, falling_photographs
from dfsc.watching.frames import Frame, Newest, live_frames, video_frames
from dfsc.watching.trigger import PartPresent

ALWAYS, CHANGED = "always", "changed"
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://")

Seen = tuple[Frame | Unreadable, int]
Inspect = Callable[[np.ndarray], "dfsc.Inspection"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="a folder, a camera's index (0), a video file, or rtsp://…")
    detector_options.add_arguments(parser)
    judging_options.add_arguments(parser)
    parser.add_argument(
        "--trigger",
        choices=(ALWAYS, CHANGED),
        default=ALWAYS,
        help="inspect the newest frame again and again (always), or each part once, when it has come to rest (changed)",
    )
    parser.add_argument("--empty", type=Path, metavar="PHOTO", help="the scene without a part (default: first frame)")
    parser.add_argument("--every", type=float, default=0.0, metavar="S", help="at most one inspection in S seconds")
    parser.add_argument(
        "--existing", action="store_true", help="inspect the photos that are in the folder already, too"
    )
    parser.add_argument("--most", type=int, metavar="N", help="end after N photos")
    parser.add_argument("--bits", type=int, help="significant bits of 16-bit photos (default: from the checkpoint)")


def run(options: argparse.Namespace) -> int:
    """Exit status 0, also when it is interrupted, as that is how it ends."""
    inspector = dfsc.Inspector(
        detector_options.detectors(options), partner=options.partner, device=options.device, backend=options.backend
    )
    inspector.bits = options.bits or inspector.bits
    check_bits(inspector.bits)
    judged = judging_options.judgement(options, inspector)
    count = Count()
    try:
        with _seen(options, inspector.bits) as seen:
            for one, dropped in seen:
                began = time.monotonic()
                _write(_record(one, dropped, lambda image: judged(inspector.inspect(image)), count))
                if options.most and count.inspected >= options.most:
                    break
                time.sleep(max(0.0, began + options.every - time.monotonic()))
    except KeyboardInterrupt:
        pass
    finally:
        sys.stderr.write(f"{count.summary}\n")
    return 0


@dataclass
class Count:
    """What has been inspected so far, from the first photo on, so without what loads at the start.

    `began` and `busy` are the clock and the processor's time, of all threads, when the first photo was taken.
    """

    inspected: int = 0
    rejected: int = 0
    dropped: int = 0
    began: float = 0.0
    busy: float = 0.0

    def begin(self) -> None:
        """Before a photo is inspected."""
        if not self.inspected:
            self.began, self.busy = time.monotonic(), time.process_time()

    def add(self, results: list[dict], dropped: int) -> None:
        """After it was."""
        self.inspected += 1
        self.rejected += any(result["verdict"] == "reject" for result in results)
        self.dropped += dropped

    @property
    def summary(self) -> str:
        if not self.inspected:
            return "No photo was inspected."
        seconds, busy = time.monotonic() - self.began, time.process_time() - self.busy
        photos = "1 photo" if self.inspected == 1 else f"{self.inspected} photos"
        return (
            f"{photos} in {seconds:.1f} s ({self.inspected / seconds:.1f} a second; {1000 * busy / self.inspected:.0f} "
            f"ms of processor time each), {self.rejected} rejected; {self.dropped} frames left out for newer ones."
        )


@contextmanager
def _seen(options: argparse.Namespace, bits: int | None) -> Iterator[Iterator[Seen]]:
    """Frames of the source with how many were left out before each; for a folder, sentences on unreadable files too."""
    source = options.source
    if Path(source).is_dir():
        if options.trigger != ALWAYS:
            raise DFSCError("In a folder each photo is a part; --trigger changed is for cameras and videos.")
        yield ((one, 0) for one in falling_photographs(Path(source), bits, options.existing))
        return
    if options.existing:
        raise DFSCError("--existing is for the photos in a folder.")
    if source.isdigit() or _ADDRESS.match(source):
        frames = live_frames(int(source) if source.isdigit() else source)
    elif Path(source).is_file():
        frames = video_frames(Path(source))
    else:
        raise DFSCError(f"{source} is neither a folder nor a video, a camera's index or a stream's address.")
    part = PartPresent(read_image(options.empty) if options.empty else None)
    newest = Newest(frames, lambda one: options.trigger == ALWAYS or part.fires(one.image, one.seconds))
    with closing(newest):
        yield iter(newest)


def _record(one: Frame | Unreadable, dropped: int, inspect: Inspect, count: Count) -> dict:
    """As inspect --json gives it, with when it was taken, its number in the source and how many were left out."""
    if isinstance(one, Unreadable):
        return {"image": one.name, "error": one.why}
    count.begin()
    inspection = inspect(one.image)
    results = [result_record(inspection, result) for result in inspection.results]
    count.add(results, dropped)
    when = {"time": one.time.isoformat(timespec="milliseconds"), "frame": one.number, "dropped": dropped}
    return {"image": one.name, **when, "size": list(inspection.size), "results": results}


def _write(record: dict) -> None:
    sys.stdout.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()
