"""A study's switches: each setting of the constraint changed alone, beside what all the other rows share."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields

from dfsc.datasets import FAMILIES
from dfsc.errors import DatasetError
from dfsc.models.methods import CONSTRAINED
from dfsc.models.separation import SeparationSettings
from dfsc.study.gains import Gain, gains_of

CONSTRAINT = tuple(field.name for field in fields(SeparationSettings))
Value = float | str


@dataclass(frozen=True)
class Switch:
    """DFSC on one product with some of the usual settings changed.

    Attributes:
        changed: by name as in SeparationSettings; empty for the usual ones.
        seeds: those that did not diverge.
        diverged: those that did.
        gains: over EAD-S of the same seeds, by group.
    """

    product: str
    changed: dict[str, Value]
    seeds: tuple[int, ...]
    diverged: tuple[int, ...]
    gains: dict[str, Gain]


@dataclass(frozen=True)
class Switches:
    """What all rows share but for the settings that each names, and the rows."""

    usual: dict[str, Value]
    rows: tuple[Switch, ...]

    @property
    def products(self) -> list[str]:
        return list(dict.fromkeys(row.product for row in self.rows))

    @property
    def changes(self) -> list[dict[str, Value]]:
        """Each once: none at all first, then in the order of the settings and their values."""
        once = {tuple(sorted(row.changed.items())): row.changed for row in self.rows}
        return sorted(once.values(), key=_order)

    def row(self, product: str, changed: dict[str, Value]) -> Switch | None:
        return next((row for row in self.rows if (row.product, row.changed) == (product, changed)), None)


def switches_of(sweeps: Sequence[Sequence[dict]]) -> Switches:
    """The rows of DFSC in what sweeps wrote as sweep.json; usual is what most of them share.

    Raises:
        DatasetError: for sweeps without such rows, and for two rows of a product with the same settings.
    """
    records = [record for sweep in sweeps for record in sweep if record["settings"]["method"] == CONSTRAINED]
    if not records:
        raise DatasetError("The sweeps of switches hold no training of DFSC; name the folders of those that do.")
    settings = [_constraint(record["settings"]) for record in records]
    usual = {name: _most_common([one.get(name) for one in settings]) for name in CONSTRAINT}
    usual = {name: value for name, value in usual.items() if value is not None}
    rows = tuple(_switch(record, one, usual) for record, one in zip(records, settings, strict=True))
    twice = [row for row in rows if sum((row.product, row.changed) == (r.product, r.changed) for r in rows) > 1]
    if twice:
        raise DatasetError(f"Several rows on {twice[0].product} have the same settings of the constraint.")
    return Switches(usual, rows)


def _constraint(settings: dict) -> dict[str, Value]:
    return {name: settings[name] for name in CONSTRAINT if settings.get(name) is not None}


def _most_common(values: list[Value | None]) -> Value | None:
    return Counter(values).most_common(1)[0][0]


def _switch(record: dict, settings: dict[str, Value], usual: dict[str, Value]) -> Switch:
    return Switch(
        product=record["settings"]["dataset"],
        changed={name: value for name, value in settings.items() if usual.get(name) != value},
        seeds=tuple(record["seeds"]),
        diverged=tuple(record["diverged"]),
        gains=gains_of(record, FAMILIES),
    )


def _order(changed: dict[str, Value]) -> list[tuple]:
    return [(CONSTRAINT.index(name), value) for name, value in changed.items()]
