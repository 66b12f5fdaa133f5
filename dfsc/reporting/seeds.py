"""Methods compared over seeds, where the evaluated detectors are several trainings of each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np

from dfsc.evaluation.evaluation import DetectorReport, Evaluation
from dfsc.evaluation.scoring import FUSED
from dfsc.evaluation.significance import Seed, SeedsComparison, compare_over_seeds
from dfsc.models.detector import Detector
from dfsc.models.methods import method_title
from dfsc.models.separation import SeparationSettings

COMPARED_NOTES = (
    "steps",
    "copies",
    "movement",
    "penalty",
    "optimiser",
    "data",
    "calibration",
    "quick",
    "hardest_share",
    "rates",
)

Members = Mapping[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class MethodsOverSeeds:
    """Two methods on a group's images, by their fused maps, each trained with all of `seeds`."""

    first: str
    second: str
    group: str
    seeds: tuple[int, ...]
    result: SeedsComparison


def over_seeds(evaluation: Evaluation, detectors: Sequence[Detector], members: Members) -> list[MethodsOverSeeds]:
    """Every two methods that were trained with two or more seeds in common.

    Args:
        detectors: in the evaluation's order; their checkpoints say with which seed they were trained.
        members: by group, which images take part and which of these are anomalous.
    """
    comparisons = []
    for (first, of_first), (second, of_second) in combinations(_by_method(evaluation, detectors).items(), 2):
        seeds = tuple(sorted(of_first.keys() & of_second.keys()))
        if len(seeds) < 2:
            continue
        for group, (used, anomalous) in members.items():
            names = [str(index) for index in np.flatnonzero(used)]
            trained = [
                Seed(names, anomalous, *(of[seed].scores[FUSED][used] for of in (of_first, of_second)))
                for seed in seeds
            ]
            comparisons.append(MethodsOverSeeds(first, second, group, seeds, compare_over_seeds(trained)))
    return comparisons


def _by_method(evaluation: Evaluation, detectors: Sequence[Detector]) -> dict[str, dict[int, DetectorReport]]:
    """Reports by method with its settings and by seed; those without a noted seed are left out."""
    methods: dict[str, dict[int, DetectorReport]] = {}
    titles: dict[str, str] = {}
    for detector, report in zip(detectors, evaluation.detectors, strict=False):
        seed = detector.config.training.get("seed")
        if isinstance(seed, int):
            title = titles.setdefault(_settings(detector), _new_title(detector, titles))
            methods.setdefault(title, {})[seed] = report
    return methods


def _settings(detector: Detector) -> str:
    """All that tells two ways of training apart, but for the seed and what came of it."""
    config = detector.config
    settings = {name: value for name, value in config.training.items() if name in COMPARED_NOTES}
    separation = asdict(config.separation) if config.separation else None
    coding = asdict(config.consistency) if config.consistency else None
    told = [config.method, config.size, config.schedule, separation, coding, settings]
    return json.dumps(told, sort_keys=True, default=str)


def _new_title(detector: Detector, titles: Mapping[str, str]) -> str:
    config = detector.config
    title = f"{method_title(config)}{_constraint(config.separation)}, {config.size}"
    alike = sum(other.startswith(title) for other in titles.values())
    return f"{title}, setting {alike + 1}" if alike else title


def _constraint(separation: SeparationSettings | None) -> str:
    if separation is None:
        return ""
    margin = f"κ {separation.margin_ratio:g}" if separation.margin is None else f"m {separation.margin:g}"
    return f" (τ′ {separation.tau:g}, {margin})"
