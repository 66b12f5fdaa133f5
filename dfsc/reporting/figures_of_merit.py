"""Every figure of a report, computed once for Markdown and JSON alike."""

from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np

from dfsc.comparison import Interval, PairedComparison, bootstrap_interval, compare
from dfsc.evaluation import ALL, FUSED, DetectorReport, Evaluation
from dfsc.localisation import Localisation


@dataclass(frozen=True)
class DetectorFigures:
    """One detector's figures; `intervals` are of its fused map's AUROC, by group."""

    report: DetectorReport
    intervals: dict[str, Interval]
    localisation: Localisation | None


@dataclass(frozen=True)
class PairFigures:
    """Two detectors by name, compared on a group's images by their fused maps."""

    first: str
    second: str
    group: str
    result: PairedComparison


@dataclass(frozen=True)
class FiguresOfMerit:
    """All detectors, and each two of them compared on each family and on all images."""

    evaluation: Evaluation
    detectors: tuple[DetectorFigures, ...]
    pairs: tuple[PairFigures, ...]

    def as_json(self) -> dict:
        """What the report's Markdown says, and each image's scores."""
        return {
            "detectors": [self._detector_json(figures) for figures in self.detectors],
            "comparisons": [
                {"first": p.first, "second": p.second, "group": p.group, **asdict(p.result)} for p in self.pairs
            ],
            "counts": {group: asdict(count) for group, count in self.evaluation.counts.items()},
            "images": [
                {"image": f"{image.defect}/{image.path.name}", "family": image.family, "scores": self._scores(index)}
                for index, image in enumerate(self.evaluation.images)
            ],
            "unreadable": list(self.evaluation.unreadable),
        }

    def _detector_json(self, figures: DetectorFigures) -> dict:
        report = figures.report
        entry = {"detector": report.detector, "method": report.method, "auroc": report.auroc}
        entry["interval_95"] = {group: [i.low, i.high] for group, i in figures.intervals.items()}
        if figures.localisation:
            entry["localisation"] = figures.localisation.as_json()
        return entry

    def _scores(self, index: int) -> dict[str, float]:
        return {f.report.detector: float(f.report.scores[FUSED][index]) for f in self.detectors}


def figures_of_merit(evaluation: Evaluation, localisations: list[Localisation]) -> FiguresOfMerit:
    """Intervals and comparisons of an evaluation; `localisations` are one a detector, or none."""
    members = _members(evaluation)
    reports = evaluation.detectors
    located = localisations or [None] * len(reports)
    pairs = (
        PairFigures(a.detector, b.detector, group, _compared(a, b, *used))
        for a, b in combinations(reports, 2)
        for group, used in members.items()
    )
    detectors = (
        DetectorFigures(report, {group: _interval(report, *used) for group, used in members.items()}, localisation)
        for report, localisation in zip(reports, located, strict=True)
    )
    return FiguresOfMerit(evaluation, tuple(detectors), tuple(pairs))


def _members(evaluation: Evaluation) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """For each family and all images: which images take part, and which of these are anomalous."""
    good = np.array([image.is_good for image in evaluation.images])
    families = sorted({image.family for image in evaluation.images if not image.is_good})
    groups = {family: np.array([image.family == family for image in evaluation.images]) for family in families}
    groups[ALL] = ~good
    return {name: (good | bad, bad[good | bad]) for name, bad in groups.items()}


def _interval(report: DetectorReport, used: np.ndarray, anomalous: np.ndarray) -> Interval:
    return bootstrap_interval(report.scores[FUSED][used], anomalous)


def _compared(a: DetectorReport, b: DetectorReport, used: np.ndarray, anomalous: np.ndarray) -> PairedComparison:
    return compare(a.scores[FUSED][used], b.scores[FUSED][used], anomalous)
