"""Whether a detector finds anything: faults made on held-out good photographs, and how many of them it rejects.

A network that was hardly trained gives calm maps and a limit to match, so that everything passes; only something wrong
tells it from a good one. Not an accuracy: real faults are of other kinds, and these are large and placed to be seen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dfsc.geometry import FIRST_CELL_CENTRE, INPUT_SIZE, MAP_SIZE, cell_centre
from dfsc.images.handmade import Box, copy, erase, scratch
from dfsc.models.calibration import Calibration, RawMaps, peak

MADE = 20
# Of so many random places, the one where a person sees most of the fault.
TRIES = 8
# A pixel is seen to change from so many grey levels of 255 on, and a fault from so many such pixels of 256×256 on.
SEEN_LEVELS, SEEN_PIXELS = 24, 40
# Edges of boxes and lengths of scratches, as shares of the photograph's.
BOX_EDGES, SCRATCH_LENGTHS = (0.09, 0.17), (0.15, 0.3)
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
        box: what was changed, in shares of width and height: left, top, right, bottom.
    """

    kind: str
    photograph: int
    image: np.ndarray
    box: Box


def _erased(image: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, Box]:
    box = _random_box(rng)
    return erase(image, box), box


def _copied(image: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, Box]:
    left, top, right, bottom = _random_box(rng)
    half = (right - left) / 2, (bottom - top) / 2
    x, y = (rng.uniform(MARGIN + edge, 1 - MARGIN - edge) for edge in half)
    return copy(image, (left, top, right, bottom), (x, y)), (x - half[0], y - half[1], x + half[0], y + half[1])


def _scratched(image: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, Box]:
    angle, length = rng.uniform(0, 2 * np.pi), rng.uniform(*SCRATCH_LENGTHS)
    reach = length / 2 * np.array([np.cos(angle), np.sin(angle)])
    centre = rng.uniform(MARGIN + np.abs(reach), 1 - MARGIN - np.abs(reach))
    ends = centre - reach, centre + reach
    box = (*np.minimum(*ends).tolist(), *np.maximum(*ends).tolist())
    return scratch(image, [tuple(end) for end in ends]), box


def _random_box(rng: np.random.Generator) -> Box:
    width, height = rng.uniform(*BOX_EDGES, 2)
    left, top = (rng.uniform(MARGIN, 1 - MARGIN - edge) for edge in (width, height))
    return left, top, left + width, top + height


# By what was done to the photograph: (photograph, random generator) → what comes of it, and where.
KINDS: dict[str, Callable[[np.ndarray, np.random.Generator], tuple[np.ndarray, Box]]] = {
    "erased": _erased,
    "copied": _copied,
    "scratched": _scratched,
}


def make_faults(photographs: np.ndarray, seed: int, count: int = MADE) -> list[Fault]:
    """Faults of all kinds in turn, spread over good photographs (uint8 N×256×256×3); the same seed makes the same.

    One that nobody would see is left out, so that a plain surface gets fewer than `count`, in the end scratches alone.
    """
    rng = np.random.default_rng(seed)
    order = {kind: rng.permutation(len(photographs)) for kind in KINDS}
    faults = []
    for number in range(count):
        turn, place = divmod(number, len(KINDS))
        kind = list(KINDS)[place]
        index = int(order[kind][turn % len(photographs)])
        tries = [KINDS[kind](photographs[index], rng) for _ in range(TRIES)]
        image, box = max(tries, key=lambda one: _seen_pixels(photographs[index], one[0]))
        if _seen_pixels(photographs[index], image) >= SEEN_PIXELS:
            faults.append(Fault(kind, index, image, box))
    return faults


def _seen_pixels(photograph: np.ndarray, changed: np.ndarray) -> int:
    """How many pixels a person would see changed."""
    difference = np.abs(changed.astype(np.int16) - photograph).max(axis=-1)
    return int((difference >= SEEN_LEVELS).sum())


@dataclass(frozen=True)
class SelfTest:
    """What a detector made of faults that were made for it.

    Attributes:
        by_kind: how many it found and how many were made, by kind.
        steps: of the student's last stage, or of the joint training, over all laps; None for a method without steps.
    """

    by_kind: dict[str, tuple[int, int]]
    steps: int | None

    @property
    def found(self) -> int:
        return sum(found for found, _ in self.by_kind.values())

    @property
    def made(self) -> int:
        return sum(made for _, made in self.by_kind.values())

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
        """ "erased 6 of 7, copied 6 of 7, scratched 5 of 6"."""
        return ", ".join(f"{kind} {found} of {made}" for kind, (found, made) in self.by_kind.items())


def judge(faults: Sequence[Fault], maps: RawMaps, calibration: Calibration, steps: int | None) -> SelfTest:
    """How many faults a detector finds: it rejects the photograph, and its fused map is highest at the fault.

    A score above the limit alone could be luck: on the good photograph that set the limit, any change may do.

    Args:
        maps: the raw maps of the faults' images.
        calibration: on the good photographs without faults.
        steps: see SelfTest.
    """
    fused = calibration.normalise(maps).fused()
    rejected = peak(fused) > calibration.good_parts.threshold()
    by_kind = {fault.kind: (0, 0) for fault in faults}
    for fault, cells, above in zip(faults, fused, rejected, strict=True):
        found, made = by_kind[fault.kind]
        by_kind[fault.kind] = found + bool(above and _peaks_at(fault, cells)), made + 1
    return SelfTest(by_kind, steps)


def _peaks_at(fault: Fault, cells: np.ndarray) -> bool:
    """Whether a map 56×56 is highest where a cell sees some of the fault."""
    row, column = divmod(int(cells.argmax()), MAP_SIZE)
    x, y = cell_centre(column), cell_centre(row)
    left, top, right, bottom = (edge * INPUT_SIZE for edge in fault.box)
    return left - REACH <= x <= right + REACH and top - REACH <= y <= bottom + REACH
