"""Many photographs through an inspector, batch by batch, to rows of a table; memory does not grow with their number."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from dfsc.images.ahead import decoded_ahead
from dfsc.images.named import Named, Reader
from dfsc.images.tiling import resized_for
from dfsc.inspection.inspector import Inspector
from dfsc.inspection.map_files import named_map_files, write_maps
from dfsc.inspection.records import csv_rows
from dfsc.inspection.results import Result


@dataclass(frozen=True)
class Inspected:
    """What came of `count` photographs: rows of growing_table.HEADER, and names left out, each with a sentence."""

    rows: list[tuple] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    count: int = 0


@dataclass(frozen=True)
class Judge:
    """An inspector with the mix of its maps and the limit that were asked for (see Inspection.judged)."""

    inspector: Inspector
    local_weight: float = 0.5
    rejected_good: int = 0

    def results(self, images: np.ndarray) -> list[tuple[Result, ...]]:
        """For each image, as Inspector.results takes them, the results of all detectors."""
        judged = [
            [one.judged(self.local_weight, self.rejected_good) for one in each]
            for each in self.inspector.results(images)
        ]
        return list(zip(*judged, strict=True))

    def marks(self) -> list[tuple[str, str]]:
        """Each detector's name and limit as they stand in the rows of every photograph."""
        rows = csv_rows("", (0, 0), self.results(self._blank())[0])
        return [(row[3], row[6]) for row in rows]

    def _blank(self) -> np.ndarray:
        return resized_for(np.zeros((256, 256, 3), np.uint8), self.inspector.tiles)[None]


def inspected(photographs: Iterable[Named], judge: Judge, maps: Path | None = None) -> Iterator[Inspected]:
    """What comes of photographs, in their order; a thread decodes the next batch meanwhile.

    Args:
        maps: folder for the maps of all photographs.
    """
    with Reader() as reader:
        read = partial(_read, reader, judge.inspector)
        for batch in decoded_ahead(photographs, read, judge.inspector.batch):
            found = judge.results(np.stack([image for image, _ in batch.pixels])) if batch.pixels else []
            rows = []
            for named, (_, size), results in zip(batch.items, batch.pixels, found, strict=True):
                if maps:
                    write_maps(size, results, named_map_files(named.name, judge.inspector.names, maps))
                rows += [row[:-1] for row in csv_rows(named.name, size, results)]
            left_out = [(named.name, why) for named, why in batch.left_out]
            yield Inspected(rows, left_out, len(batch.items) + len(left_out))


def together(parts: Sequence[Inspected]) -> Inspected:
    """What came of several batches as one."""
    return Inspected(
        [row for part in parts for row in part.rows],
        [one for part in parts for one in part.left_out],
        sum(part.count for part in parts),
    )


def _read(reader: Reader, inspector: Inspector, named: Named) -> tuple[np.ndarray, tuple[int, int]]:
    """A photograph as the networks take it, and its own width and height."""
    image = reader.pixels(named, inspector.bits)
    return resized_for(image, inspector.tiles), (image.shape[1], image.shape[0])
