"""Several photographs at once: read and inspected one by one, kept small, opened again on a click."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from dfsc import DFSCError, Inspector, Result
from dfsc.images.display import display_copy, jpeg
from dfsc.images.uploads import Listing
from dfsc.interface.session.lane import courtesy
from dfsc.interface.session.photograph import Photograph, inspect_photograph, read_photograph
from dfsc.interface.session.settings import Settings

MAX_MANY = 100
THUMBNAIL_EDGE = 104
MAX_ORIGINALS = 24_000_000


@dataclass(frozen=True, eq=False)
class Entry:
    """One inspected photograph with its maps, half a megabyte, so that MAX_MANY of each visitor's fit into memory.

    Attributes:
        photograph: with a thumbnail in place of its display copy, and its original only while those of one upload have
            MAX_ORIGINALS bytes at most.
        display: the display copy as a JPEG.
        results: one a detector.
        inspector: whose they are.
    """

    photograph: Photograph
    display: bytes
    results: tuple[Result, ...]
    inspector: Inspector

    def opened(self) -> Photograph:
        with Image.open(io.BytesIO(self.display)) as picture:
            return replace(self.photograph, display=np.asarray(picture))


@dataclass(frozen=True, eq=False)
class Ranked:
    """An entry with its place in Many.entries, and its results as the visitor's settings judge them."""

    index: int
    entry: Entry
    results: tuple[Result, ...]

    @property
    def score(self) -> float:
        """By which the strip is sorted: the highest of the methods' scores."""
        return max(result.score for result in self.results)

    @property
    def outcome(self) -> str:
        """What all methods say together: "accept" or "foreign" if all do, "reject" if one does, else "unsure"."""
        verdicts = {result.verdict for result in self.results}
        return "reject" if "reject" in verdicts else verdicts.pop() if len(verdicts) == 1 else "unsure"

    @property
    def kinds(self) -> list[str]:
        """Under which of the strip's filters it is shown besides all: "rejected", and "unsure" without one verdict."""
        verdicts = {result.verdict for result in self.results}
        rejected = ["rejected"] if "reject" in verdicts else []
        return rejected if verdicts in ({"accept"}, {"reject"}) else [*rejected, "unsure"]


@dataclass(frozen=True)
class Many:
    """What was inspected so far.

    Attributes:
        product: with whose detectors.
        number: of the question that brought them, by which the page tells one list from another.
        total: files in all, those among them that are no photographs counted.
        entries: in the visitor's order.
        left_out: a sentence for each file that could not be used.
    """

    product: str
    number: int
    total: int
    entries: tuple[Entry, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def done(self) -> int:
        """Files that were looked at."""
        return len(self.entries) + len(self.left_out)

    def is_of(self, inspector: Inspector) -> bool:
        """Whether all entries are by an inspector's detectors."""
        return all(entry.inspector is inspector for entry in self.entries)

    def ranked(self, settings: Settings) -> list[Ranked]:
        """All entries, the highest score first."""
        rows = (Ranked(i, entry, settings.judged(entry.results)) for i, entry in enumerate(self.entries))
        return sorted(rows, key=lambda row: -row.score)


def inspect_uploads(
    uploads: Iterable[tuple[Path, str]], product: str, inspector: Inspector, number: int = 0
) -> Iterator[Many]:
    """Inspect files, folders and zips, yielding after each file; bad ones are named, the rest goes on."""
    with Listing(uploads) as listing:
        files, surplus = listing.files[:MAX_MANY], listing.files[MAX_MANY:]
        problems = list(listing.problems)
        if surplus:
            problems.append(f"{len(surplus)} files were not looked at, because {MAX_MANY} photos are shown at a time.")
        many = Many(product, number, len(files) + len(problems), left_out=tuple(problems))
        yield many
        for file in files:
            try:
                photograph = read_photograph(file.read(), file.name, uploaded=True, bits=inspector.bits)
                room = MAX_ORIGINALS - sum(len(entry.photograph.original) for entry in many.entries)
                entry = _entry(photograph, inspector, room)
            except DFSCError as error:
                many = replace(many, left_out=(*many.left_out, str(error)))
            else:
                many = replace(many, entries=(*many.entries, entry))
            yield many


def inspect_again(before: Many, product: str, inspector: Inspector) -> Iterator[Many]:
    """The same photographs by other detectors."""
    many = replace(before, product=product, entries=())
    for entry in before.entries:
        results = _results(entry.photograph, inspector)
        many = replace(many, entries=(*many.entries, replace(entry, results=results, inspector=inspector)))
        yield many


def _entry(photograph: Photograph, inspector: Inspector, room: int) -> Entry:
    original = photograph.original if len(photograph.original) <= room else b""
    small = replace(photograph, display=display_copy(photograph.display, THUMBNAIL_EDGE), original=original)
    return Entry(small, jpeg(photograph.display), _results(photograph, inspector), inspector)


def _results(photograph: Photograph, inspector: Inspector) -> tuple[Result, ...]:
    with courtesy.inspecting():
        return inspect_photograph(photograph, inspector).results
