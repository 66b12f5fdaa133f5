"""Every figure of a report, computed once for Markdown and JSON alike."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np

from dfsc.evaluation.evaluation import ALL, DetectorReport, Evaluation
from dfsc.evaluation.localisation import Localisation
from dfsc.evaluation.scoring import FUSED
from dfsc.evaluation.significance import Interval, PairedComparison, bootstrap_interval, compare
from dfsc.models.detector import Detector
from dfsc.reporting.naming import distinct_groups, labels, unique_names
from dfsc.reporting.provenance import DetectorFacts, computation, facts
from dfsc.reporting.seeds import MethodsOverSeeds, over_seeds


@dataclass(frozen=True)
class DetectorFigures:
    """One detector's figures.

    Attributes:
        name: the detector's, made unique.
        label: as tables and curves call it.
        intervals: of its fused map's AUROC, by group.
        localisation: its pixel figures; None without ground truth.
        facts: where it comes from; None where that was not told.
    """

    name: str
    label: str
    report: DetectorReport
    intervals: dict[str, Interval]
    localisation: Localisation | None
    facts: DetectorFacts | None


@dataclass(frozen=True)
class PairFigures:
    """Two detectors compared on a group's images by their fused maps."""

    first: DetectorFigures
    second: DetectorFigures
    group: str
    result: PairedComparison


@dataclass(frozen=True)
class Folder:
    """A folder of test images, and how many ground-truth masks its images have together."""

    name: str
    family: str | None
    images: int
    masks: int


@dataclass(frozen=True)
class FiguresOfMerit:
    """All detectors, each two of them compared on each family and on all images, and methods compared over seeds."""

    name: str
    evaluation: Evaluation
    detectors: tuple[DetectorFigures, ...]
    pairs: tuple[PairFigures, ...]
    seeds: tuple[MethodsOverSeeds, ...]
    computation: dict[str, str]

    @property
    def groups(self) -> list[str]:
        """The groups that are printed (see naming.shown_groups)."""
        return distinct_groups(self.evaluation)

    @property
    def located(self) -> list[DetectorFigures]:
        """Detectors with pixel figures."""
        return [detector for detector in self.detectors if detector.localisation]

    @property
    def folders(self) -> list[Folder]:
        """The folders of test images in the evaluation's order."""
        images = self.evaluation.images
        counts = Counter((image.defect, image.family) for image in images)
        return [
            Folder(name, family, count, sum(len(i.masks) for i in images if (i.defect, i.family) == (name, family)))
            for (name, family), count in counts.items()
        ]

    def as_json(self) -> dict:
        """What the report's Markdown says, and each image's scores."""
        return {
            "data_set": {"name": self.name, "folders": [asdict(folder) for folder in self.folders]},
            "computed_with": self.computation,
            "detectors": [_detector_json(figures) for figures in self.detectors],
            "comparisons": [
                {"first": p.first.name, "second": p.second.name, "group": p.group, **asdict(p.result)}
                for p in self.pairs
            ],
            "over_seeds": [asdict(comparison) | {"mean": comparison.result.mean} for comparison in self.seeds],
            "counts": {group: asdict(count) for group, count in self.evaluation.counts.items()},
            "images": [
                {"image": f"{image.defect}/{image.path.name}", "family": image.family, "scores": self._scores(index)}
                for index, image in enumerate(self.evaluation.images)
            ],
            "unreadable": list(self.evaluation.unreadable),
        }

    def _scores(self, index: int) -> dict[str, float]:
        return {figures.name: float(figures.report.scores[FUSED][index]) for figures in self.detectors}


def figures_of_merit(
    name: str, evaluation: Evaluation, localisations: Sequence[Localisation] = (), detectors: Sequence[Detector] = ()
) -> FiguresOfMerit:
    """Intervals and comparisons of an evaluation of the data set `name`.

    Args:
        localisations: one a detector in the evaluation's order, or none.
        detectors: those that were evaluated, in the same order, for where they come from; or none. What reports are of
            networks with their partners comes after them.
    """
    members = _members(evaluation)
    reports = evaluation.detectors
    figures = tuple(
        DetectorFigures(
            unique, label, report, _intervals(report, members), localisation, facts(source) if source else None
        )
        for unique, label, report, localisation, source in zip(
            unique_names(reports),
            labels(reports),
            reports,
            localisations or [None] * len(reports),
            [*detectors, *[None] * (len(reports) - len(detectors))],
            strict=True,
        )
    )
    pairs = (
        PairFigures(a, b, group, _compared(a.report, b.report, *used))
        for a, b in combinations(figures, 2)
        for group, used in members.items()
    )
    seeds = over_seeds(evaluation, detectors, members)
    return FiguresOfMerit(name, evaluation, figures, tuple(pairs), tuple(seeds), computation(evaluation))


def _members(evaluation: Evaluation) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """For each family and all images: which images take part, and which of these are anomalous."""
    good = np.array([image.is_good for image in evaluation.images])
    families = sorted({image.family for image in evaluation.images if image.family and not image.is_good})
    groups = {family: np.array([image.family == family for image in evaluation.images]) & ~good for family in families}
    groups[ALL] = ~good
    return {name: (good | bad, bad[good | bad]) for name, bad in groups.items()}


def _intervals(report: DetectorReport, members: dict[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, Interval]:
    scores = report.scores[FUSED]
    return {group: bootstrap_interval(scores[used], anomalous) for group, (used, anomalous) in members.items()}


def _compared(a: DetectorReport, b: DetectorReport, used: np.ndarray, anomalous: np.ndarray) -> PairedComparison:
    return compare(a.scores[FUSED][used], b.scores[FUSED][used], anomalous)


def _detector_json(figures: DetectorFigures) -> dict:
    report = figures.report
    entry = {"detector": figures.name, "method": report.method, "auroc": report.auroc}
    entry["interval_95"] = {group: [i.low, i.high] for group, i in figures.intervals.items()}
    if figures.localisation:
        entry["localisation"] = figures.localisation.as_json()
    if figures.facts:
        entry["checkpoint"] = asdict(figures.facts)
    return entry
