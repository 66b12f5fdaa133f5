"""A study's figures, taken from sweeps: what each setting reached on each product, beside the baseline of its seeds."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dfsc.datasets import FAMILIES
from dfsc.errors import DatasetError
from dfsc.evaluation.evaluation import ALL
from dfsc.evaluation.scoring import FUSED
from dfsc.models.methods import CONSTRAINED, METHODS, PAIR
from dfsc.models.separation import SeparationSettings
from dfsc.study.gains import Gain, gains_of, mean_gain
from dfsc.study.switches import Switches

GROUPS = (*FAMILIES, ALL)


@dataclass(frozen=True)
class Setting:
    """The constraint's two knobs that a study is about: τ′, and the margin as κ or as an absolute number."""

    tau: float
    margin_ratio: float | None = None
    margin: float | None = None

    @property
    def margin_label(self) -> str:
        return f"m = {self.margin:g}" if self.margin is not None else f"κ = {self.margin_ratio:g}"

    @property
    def label(self) -> str:
        return f"τ′ = {self.tau:g}, {self.margin_label}"


@dataclass(frozen=True)
class Row:
    """One method with one setting on one product, over its seeds.

    Attributes:
        setting: None for all methods but DFSC.
        seeds: those that did not diverge.
        diverged: those that did.
        steps: of the student, as the sweep was told.
        cross_validated: whether each seed was tested on another quarter of the good images.
        auroc: by group, a value in [0, 1] a seed, of the fused map.
        gains: by group; empty for the baseline and where it was not trained.
        method: a key of METHODS.
        mean_distance, similar_mean: mean of d at the end over all and over the similar features, by which the fit is
            told apart from the constraint's effect.
    """

    product: str
    setting: Setting | None
    seeds: tuple[int, ...]
    diverged: tuple[int, ...]
    steps: int | None
    cross_validated: bool
    auroc: dict[str, tuple[float, ...]]
    gains: dict[str, Gain]
    mean_distance: float | None
    similar_mean: float | None
    method: str

    @property
    def order(self) -> tuple:
        """Product by product, method by method, then by margin and τ′."""
        known = self.setting
        return self.product, list(METHODS).index(self.method), *((known.margin_label, known.tau) if known else ())


@dataclass(frozen=True)
class Study:
    """Rows in their order, what they mean in its author's three sentences, and the setting that stands for DFSC.

    Attributes:
        held_out: products that no setting was chosen on.
        switches: other settings of the constraint, one at a time, where they were measured.
        partners: rows of other methods, one a product and method where it was swept; no setting tells them apart.

    Raises:
        DatasetError: for other than three sentences, for rows that only other settings tell apart, for a product that
            was not trained with the compared setting or as EAD-S or has rows of other methods alone, and for held-out
            products without rows.
    """

    meaning: tuple[str, ...]
    compared: Setting
    rows: tuple[Row, ...]
    held_out: tuple[str, ...] = ()
    switches: Switches | None = None
    partners: tuple[Row, ...] = ()

    def __post_init__(self) -> None:
        if len(self.meaning) != 3:
            raise DatasetError(
                f"What a study means is said in three sentences, one a line, not in {len(self.meaning)}."
            )
        for rows in (self.rows, self.partners):
            alike = [order for order, count in Counter(row.order for row in rows).items() if count > 1]
            if alike:
                raise DatasetError(
                    f"Several rows on {alike[0][0]} differ in more than τ′ and margin; give a sweep without the others."
                )
        for product in self.products:
            self._check_comparable(product)
        unknown = sorted(set(self.held_out) - set(self.products))
        if unknown:
            raise DatasetError(f"No sweep is on {', '.join(unknown)}; its products are {', '.join(self.products)}.")
        alone = sorted({row.product for row in self.partners} - set(self.products))
        if alone:
            raise DatasetError(
                f"{alone[0]} was swept with other methods alone; a study compares EAD-S and DFSC, so sweep these too."
            )

    def _check_comparable(self, product: str) -> None:
        if self.compared not in [row.setting for row in self.constrained(product) if row.seeds]:
            raise DatasetError(
                f"DFSC was not trained with {self.compared.label} on {product}; name the setting to compare by --tau "
                "and --margin-ratio or --margin."
            )
        if self.baseline(product) is None:
            raise DatasetError(f"EAD-S was not trained on {product}, so there is nothing to compare DFSC with.")

    @property
    def products(self) -> list[str]:
        """Those that settings were chosen on first."""
        return sorted(dict.fromkeys(row.product for row in self.rows), key=lambda name: name in self.held_out)

    def compared_row(self, product: str) -> Row:
        """DFSC on a product, with the setting that stands for it."""
        return next(row for row in self.constrained(product) if row.setting == self.compared)

    def held_out_gain(self, group: str) -> Gain | None:
        """The mean gain over the held-out products that have such a group; None for fewer than two."""
        rows = map(self.compared_row, self.held_out)
        gains = [row.gains[group] for row in rows if group in row.gains]
        return mean_gain(gains) if len(gains) > 1 else None

    def baseline(self, product: str) -> Row | None:
        return next((row for row in self.rows if row.product == product and row.setting is None), None)

    def beside(self, product: str) -> list[Row]:
        """The other methods on a product."""
        return [row for row in self.partners if row.product == product]

    def constrained(self, product: str) -> list[Row]:
        """All rows of DFSC on a product."""
        return [row for row in self.rows if row.product == product and row.setting is not None]

    def groups(self, product: str) -> list[str]:
        """The groups that a product's rows have figures of; without all together where there is but one family."""
        known = [group for group in GROUPS if any(row.auroc.get(group) for row in self.rows if row.product == product)]
        return known if len(known) != 2 else known[:1]


def study_of(
    meaning: Sequence[str],
    compared: Setting,
    sweeps: Sequence[Sequence[dict]],
    held_out: Sequence[str] = (),
    switches: Switches | None = None,
) -> Study:
    """A study of what sweeps wrote as sweep.json.

    Args:
        meaning: three sentences.
        compared: the setting that stands for DFSC where one has to; the curves show all of them.
        held_out: products that no setting was chosen on.
        switches: of sweeps of their own.

    Raises:
        DatasetError: as Study does, and for rows of another form of the constraint, which the tables can't tell apart.
    """
    for record in _of_methods(sweeps, PAIR):
        _check_form(record["settings"])
    rows, partners = (
        tuple(sorted(map(_row, _of_methods(sweeps, methods)), key=lambda row: row.order))
        for methods in (PAIR, METHODS.keys() - set(PAIR))
    )
    return Study(tuple(meaning), compared, rows, tuple(held_out), switches, partners)


def _of_methods(sweeps: Sequence[Sequence[dict]], methods: Collection[str]) -> list[dict]:
    return [record for sweep in sweeps for record in sweep if record["settings"]["method"] in methods]


def _check_form(settings: dict) -> None:
    if "snc" in settings:
        raise DatasetError(
            f"A sweep on {settings['dataset']} has rows with SNC, which a study's tables can't tell apart."
        )
    usual = SeparationSettings()
    for name in ("weight", "constraint", "unit", "hinge", "normaliser"):
        if settings.get(name, getattr(usual, name)) != getattr(usual, name):
            raise DatasetError(
                f"A sweep on {settings['dataset']} has rows with {name} {settings[name]}, but a study's tables tell "
                "τ′ and margin alone; give a sweep without them."
            )


def _row(record: dict) -> Row:
    settings = record["settings"]
    of_fused = {group: maps[FUSED] for group, maps in record["auroc"].items()}
    return Row(
        product=settings["dataset"],
        method=settings["method"],
        setting=_setting(settings) if settings["method"] == CONSTRAINED else None,
        seeds=tuple(record["seeds"]),
        diverged=tuple(record["diverged"]),
        steps=settings.get("steps"),
        cross_validated=settings.get("cross_validated", False),
        auroc={group: tuple(of_fused[group]) for group in GROUPS if group in of_fused},
        gains=gains_of(record, GROUPS),
        mean_distance=record["watched"].get("autoencoder"),
        similar_mean=record["watched"].get("similar_mean"),
    )


def _setting(settings: dict) -> Setting:
    margin = settings.get("margin")
    return Setting(settings["tau"], None if margin is not None else settings["margin_ratio"], margin)
