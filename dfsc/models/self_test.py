"""Whether a detector finds anything: faults made on held-out good photographs, and how many of them it rejects.

A network that was hardly trained gives calm maps and a limit to match, so that everything passes; only something wrong
tells it from a good one. Not an accuracy: real faults are of other kinds, and these are large and placed to be seen.

Only three kinds decide whether a detector is usable, those that the bar was measured with; what it makes of the others
is told beside them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from dfsc.errors import DFSCError
from dfsc.geometry import FIRST_CELL_CENTRE, cell_centre, input_edge
from dfsc.images.handmade import Box, copy, erase, recolour, scratch, swap
from dfsc.models.calibration import Calibration, RawMaps, peak
from dfsc.models.region import Region

# Of the kinds that decide, and of the others.
MADE, MADE_BESIDE = 20, 9
# Of so many random places, the one where a person sees most of the fault.
TRIES = 8
# A small region is met by few of them, so there are more rounds of tries, up to so many.
MOST_ROUNDS = 4
# A pixel is seen to change from so many grey levels of 255 on, and a fault from so many such pixels of 256×256 on.
SEEN_LEVELS, SEEN_PIXELS = 24, 40
# Edges of boxes and lengths of scratches, as shares of the photograph's.
BOX_EDGES, SCRATCH_LENGTHS = (0.09, 0.17), (0.15, 0.3)
# By how many grey levels a channel is shifted.
COLOUR_SHIFTS = (40, 80)
# Faults stay clear of the outer ring, in which no cell is centred.
MARGIN = 0.08
# A detector that finds a smaller share, or whose student had fewer steps, gives no verdicts. Measured (see
# docs/measurements.md): after 5 steps 0 to 9 of 20 are found, after 60 and more 18 to 20. After 25 it is 8 to 19, and
# where it is 19, 15 of 24 real faults still pass, so that the share alone does not tell.
USABLE_SHARE, USABLE_STEPS = 0.6, 50
# Half of a cell's field of view: a fault shows no further away in a map.
REACH = FIRST_CELL_CENTRE


@dataclass(frozen=True)
class Fault:
    """A good photograph with something wrong.

    Attributes:
        kind: a key of KINDS.
        photograph: its number among the good ones.
        image: RGB uint8 256×256×3.
        boxes: what was changed, in shares of width and height: left, top, right, bottom.
    """

    kind: str
    photograph: int
    image: np.ndarray
    boxes: tuple[Box, ...]


Made = tuple[np.ndarray, tuple[Box, ...]]


def _erased(image: np.ndarray, rng: np.random.Generator) -> Made:
    box = _random_box(rng)
    return erase(image, box), (box,)


def _copied(image: np.ndarray, rng: np.random.Generator) -> Made:
    box = _random_box(rng)
    place = _random_place(box, rng)
    return copy(image, box, place), (_moved(box, place),)


def _swapped(image: np.ndarray, rng: np.random.Generator) -> Made:
    box = _random_box(rng)
    place = _random_place(box, rng)
    while all(abs(at - (low + high) / 2) < high - low for at, low, high in zip(place, box[:2], box[2:], strict=True)):
        place = _random_place(box, rng)  # the two must not overlap
    return swap(image, box, place), (box, _moved(box, place))


def _recoloured(image: np.ndarray, rng: np.random.Generator) -> Made:
    box = _random_box(rng)
    return recolour(image, box, rng.permutation([rng.choice((-1, 1)) * rng.uniform(*COLOUR_SHIFTS), 0, 0]).tolist()), (
        box,
    )


def _doubled(image: np.ndarray, rng: np.random.Generator) -> Made:
    box = _random_box(rng)
    left, top, right, bottom = box
    steps = (right - left, 0.0), (left - right, 0.0), (0.0, bottom - top), (0.0, top - bottom)
    beside = [(left + x, top + y, right + x, bottom + y) for x, y in steps]
    fitting = [one for one in beside if min(one) >= MARGIN and max(one) <= 1 - MARGIN]
    chosen = fitting[rng.integers(len(fitting))]
    return copy(image, box, ((chosen[0] + chosen[2]) / 2, (chosen[1] + chosen[3]) / 2)), (chosen,)


def _scratched(image: np.ndarray, rng: np.random.Generator) -> Made:
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(*SCRATCH_LENGTHS)
    reach = length / 2 * np.array([np.cos(angle), np.sin(angle)])
    centre = rng.uniform(MARGIN + np.abs(reach), 1 - MARGIN - np.abs(reach))
    ends = centre - reach, centre + reach
    box = (*np.minimum(*ends).tolist(), *np.maximum(*ends).tolist())
    return scratch(image, [tuple(end) for end in ends]), (box,)


def _random_box(rng: np.random.Generator) -> Box:
    width, height = rng.uniform(*BOX_EDGES, 2)
    left, top = (rng.uniform(MARGIN, 1 - MARGIN - edge) for edge in (width, height))
    return left, top, left + width, top + height


def _random_place(box: Box, rng: np.random.Generator) -> tuple[float, float]:
    """A centre for a box as large as this one."""
    half = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    x, y = (rng.uniform(MARGIN + edge, 1 - MARGIN - edge) for edge in half)
    return x, y


def _moved(box: Box, centre: tuple[float, float]) -> Box:
    half = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    return centre[0] - half[0], centre[1] - half[1], centre[0] + half[0], centre[1] + half[1]


# By what was done to the photograph: (photograph, random generator) → what comes of it, and where.
Kinds = dict[str, Callable[[np.ndarray, np.random.Generator], Made]]
DECIDING: Kinds = {"erased": _erased, "copied": _copied, "scratched": _scratched}
BESIDE: Kinds = {"swapped": _swapped, "recoloured": _recoloured, "doubled": _doubled}
KINDS = DECIDING | BESIDE


def make_faults(photographs: np.ndarray, seed: int, region: Region | None = None) -> list[Fault]:
    """Faults on good photographs (uint8 N×256×256×3), those of deciding kinds first; the same seed makes the same.

    One that nobody would see is left out, so that a plain surface gets fewer, in the end scratches and colours alone.
    With a region it has to be seen there.

    Raises:
        DFSCError: where none can be seen in the region.
    """
    deciding = _made(DECIDING, photographs, np.random.default_rng(seed), MADE, region)
    faults = deciding + _made(BESIDE, photographs, np.random.default_rng((seed, 1)), MADE_BESIDE, region)
    if region and not faults:
        raise DFSCError("No fault that was made for a trial shows in the region; draw a larger one.")
    return faults


def _made(
    kinds: Kinds, photographs: np.ndarray, rng: np.random.Generator, count: int, region: Region | None
) -> list[Fault]:
    """Faults of some kinds in turn, spread over the photographs."""
    tries = TRIES if region is None else TRIES * min(MOST_ROUNDS, math.ceil(1 / region.share))
    order = {kind: rng.permutation(len(photographs)) for kind in kinds}
    faults = []
    for number in range(count):
        turn, place = divmod(number, len(kinds))
        kind = list(kinds)[place]
        index = int(order[kind][turn % len(photographs)])
        made = [kinds[kind](photographs[index], rng) for _ in range(tries)]
        image, boxes = max(made, key=lambda one: _seen_pixels(photographs[index], one[0], region))
        if _seen_pixels(photographs[index], image, region) >= SEEN_PIXELS:
            faults.append(Fault(kind, index, image, boxes))
    return faults


def _seen_pixels(photograph: np.ndarray, changed: np.ndarray, region: Region | None) -> int:
    """How many pixels a person would see changed, in the region if there is one."""
    seen = np.abs(changed.astype(np.int16) - photograph).max(axis=-1) >= SEEN_LEVELS
    return int((seen & region.pixels if region else seen).sum())


@dataclass(frozen=True)
class Example:
    """One of the faults: the first that was missed, or where all were found the first.

    Attributes:
        kind: a key of KINDS.
        boxes: see Fault.
        found: whether it was.
        image: RGB uint8 256×256×3, as long as it is in memory; no checkpoint keeps it.
        fused: the detector's map of it, float32 56×56, likewise.
    """

    kind: str
    boxes: tuple[Box, ...]
    found: bool
    image: np.ndarray | None = field(default=None, compare=False, repr=False)
    fused: np.ndarray | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class SelfTest:
    """What a detector made of faults that were made for it.

    Attributes:
        by_kind: how many it found and how many were made, by kind.
        steps: of the student's last stage, or of the joint training, over all laps; None for a method without steps.
        strength: how far the median score of the faults that decide lies above the mean of the good parts, on the
            common scale; None where nobody noted it.
    """

    by_kind: dict[str, tuple[int, int]]
    steps: int | None
    example: Example | None = None
    strength: float | None = None

    @property
    def found(self) -> int:
        """Of the kinds that decide."""
        return sum(found for found, _ in self._deciding.values())

    @property
    def made(self) -> int:
        """Of the kinds that decide."""
        return sum(made for _, made in self._deciding.values())

    @property
    def share(self) -> float:
        """How many of the faults of all kinds it found, 0 to 1."""
        return sum(found for found, _ in self.by_kind.values()) / sum(made for _, made in self.by_kind.values())

    @property
    def _deciding(self) -> dict[str, tuple[int, int]]:
        """All where there are none of these, as a later version's kinds may be others."""
        return {kind: counts for kind, counts in self.by_kind.items() if kind in DECIDING} or self.by_kind

    @property
    def usable(self) -> bool:
        """Whether its verdicts mean something."""
        return self.found >= USABLE_SHARE * self.made and not self._too_few_steps

    @property
    def sentence(self) -> str:
        """ "finds 17 of 20 made-up faults", and after how few steps, where these are too few."""
        few = f" after {self.steps} steps only" if self._too_few_steps else ""
        return f"finds {self.found} of {self.made} made-up faults{few}"

    @property
    def _too_few_steps(self) -> bool:
        return self.steps is not None and self.steps < USABLE_STEPS

    @property
    def details(self) -> str:
        """ "erased 6 of 7, copied 6 of 7, scratched 5 of 6; beside them swapped 2 of 3"."""
        beside = _told({kind: counts for kind, counts in self.by_kind.items() if kind not in self._deciding})
        return _told(self._deciding) + (f"; beside them {beside}" if beside else "")

    @property
    def entries(self) -> dict:
        """What a checkpoint keeps of it, as JSON values."""
        kept: dict = {"by_kind": self.by_kind, "steps": self.steps}
        if self.strength is not None:
            kept["strength"] = self.strength
        if one := self.example:
            kept["example"] = {"kind": one.kind, "boxes": one.boxes, "found": one.found}
        return kept


def _told(by_kind: dict[str, tuple[int, int]]) -> str:
    return ", ".join(f"{kind} {found} of {made}" for kind, (found, made) in by_kind.items())


def judge(faults: Sequence[Fault], maps: RawMaps, calibration: Calibration, steps: int | None) -> SelfTest:
    """How many faults a detector finds: it rejects the photograph, and its fused map is highest at the fault.

    A score above the limit alone could be luck: on the good photograph that set the limit, any change may do.

    Args:
        maps: the raw maps of the faults' images.
        calibration: on the good photographs without faults.
        steps: see SelfTest.
    """
    fused = calibration.normalise(maps).fused()
    scores, good = peak(fused), calibration.good_parts
    rejected = scores > good.threshold()
    found = [
        bool(above) and _peaks_at(fault, cells) for fault, cells, above in zip(faults, fused, rejected, strict=True)
    ]
    by_kind = {fault.kind: (0, 0) for fault in faults}
    for fault, is_found in zip(faults, found, strict=True):
        so_far, made = by_kind[fault.kind]
        by_kind[fault.kind] = so_far + is_found, made + 1
    number = found.index(False) if False in found else 0
    shown = faults[number]
    example = Example(shown.kind, shown.boxes, found[number], shown.image, fused[number].copy())
    deciding = scores[[fault.kind in DECIDING for fault in faults]]
    strength = float(np.median(deciding) - good.peaks().mean()) if len(deciding) else np.inf
    return SelfTest(by_kind, steps, example, strength if np.isfinite(strength) else None)


def _peaks_at(fault: Fault, cells: np.ndarray) -> bool:
    """Whether a map, 56×56 or of tiles, is highest where a cell sees some of the fault."""
    row, column = np.unravel_index(int(cells.argmax()), cells.shape)
    x, y = cell_centre(float(column)), cell_centre(float(row))
    height, width = map(input_edge, cells.shape)
    edges = (np.multiply(box, (width, height) * 2) for box in fault.boxes)
    return any(
        left - REACH <= x <= right + REACH and top - REACH <= y <= bottom + REACH for left, top, right, bottom in edges
    )
