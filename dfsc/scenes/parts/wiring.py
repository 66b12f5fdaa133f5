"""What is wired where on a terminal block, and how each logical defect changes it."""

from dataclasses import dataclass, replace

import numpy as np

from dfsc.scenes.optics.surface import RGB
from dfsc.scenes.parts.wires import Colour
from dfsc.scenes.product import between

LINK_AT = 1

COLOURS = (
    Colour("brown", (0.150, 0.048, 0.018)),
    Colour("black", (0.013, 0.013, 0.014)),
    Colour("grey", (0.330, 0.330, 0.325)),
    Colour("blue", (0.010, 0.090, 0.420)),
    Colour("yellow-green", (0.780, 0.590, 0.020), (0.020, 0.230, 0.045)),
    Colour("red", (0.520, 0.014, 0.012)),
)


@dataclass(frozen=True)
class Arrangement:
    """Which colour (None: no wire) and whether a screw each terminal has, and at which terminal the link begins.

    `marked` lists the terminals that each logical defect has touched, by its name. Of graded defects: `pulled` says how
    far (pixels) a terminal's wire has come out, `thin` what share of the usual radius it has, and `slip` how far the
    link has gone aside (pixels).
    """

    colours: tuple[Colour | None, ...] = COLOURS
    screws: tuple[bool, ...] = (True,) * 6
    link: int = LINK_AT
    marked: tuple[tuple[str, tuple[int, ...]], ...] = ()
    pulled: tuple[tuple[int, float], ...] = ()
    thin: tuple[tuple[int, float], ...] = ()
    slip: float = 0.0

    def free(self) -> list[int]:
        """Terminals that no defect has touched yet."""
        taken = {terminal for _, terminals in self.marked for terminal in terminals}
        return [i for i in range(6) if i not in taken]

    def recoloured(self, changes: dict[int, Colour | None]) -> "Arrangement":
        """The same with other wires at some terminals."""
        return replace(self, colours=tuple(changes.get(i, colour) for i, colour in enumerate(self.colours)))


def rearrange(arrangement: Arrangement, name: str, rng: np.random.Generator) -> Arrangement:
    """The arrangement with one more logical defect, at terminals that have none yet."""
    if name == "misplaced_link":
        return replace(arrangement, link=int(rng.choice([0, 2, 3, 4])), marked=(*arrangement.marked, (name, ())))
    i, j = (int(k) for k in rng.permutation(arrangement.free())[:2])
    touched: tuple[int, ...] = (i,)
    if name == "missing_wire":
        changed = arrangement.recoloured({i: None})
    elif name == "swapped_wires":
        changed, touched = arrangement.recoloured({i: COLOURS[j], j: COLOURS[i]}), (i, j)
    elif name == "wrong_colour":
        changed = arrangement.recoloured({i: COLOURS[j]})
    else:
        changed = replace(arrangement, screws=tuple(k != i and screw for k, screw in enumerate(arrangement.screws)))
    return replace(changed, marked=(*arrangement.marked, (name, touched)))


def grade(arrangement: Arrangement, name: str, severity: float, rng: np.random.Generator) -> Arrangement:
    """The arrangement with a graded logical defect, at a terminal that has none yet."""
    i, j = (int(k) for k in rng.permutation(arrangement.free())[:2])
    if name == "slipped_link":
        slip = float(rng.choice([-1, 1])) * between(7, 50, severity)
        return replace(arrangement, slip=slip, marked=(*arrangement.marked, (name, ())))
    changed = replace(arrangement, marked=(*arrangement.marked, (name, (i,))))
    if name == "pulled_wire":
        return replace(changed, pulled=((i, between(10, 95, severity)),))
    if name == "thin_wire":
        return replace(changed, thin=((i, between(0.92, 0.5, severity)),))
    return changed.recoloured({i: _mixed(COLOURS[i], COLOURS[j], between(0.15, 0.9, severity))})


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two of them; stripes fade into the other one's base."""
    return Colour(
        one.name, _between(one.base, other.base, share), one.stripe and _between(one.stripe, other.base, share)
    )


def _between(one: RGB, other: RGB, share: float) -> RGB:
    red, green, blue = (between(a, b, share) for a, b in zip(one, other, strict=True))
    return red, green, blue
