"""Detectors over labelled images: image AUROC by kind of defect, for the local, the global and the fused map.

An image's score is its map's maximum on the 56×56 grid (Batzner et al., arXiv 2303.14535, section 3.4); AUROC always
sets a group's anomalous images against all good ones. MVTec LOCO AD's authors report logical and structural anomalies
apart (Bergmann et al., IJCV 2022), so the pooled figure is never the only one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from dfsc.datasets import FAMILIES, Dataset, TestImage, open_dataset
from dfsc.errors import DatasetError
from dfsc.evaluation.auroc import image_auroc
from dfsc.evaluation.scoring import FUSED, MAPS, Progress, Read, score_all
from dfsc.inspection.inspector import Inspector
from dfsc.inspection.results import some_partners
from dfsc.machine import Device, described
from dfsc.models.calibration import BranchMaps, peak
from dfsc.models.detector import DetectorConfig, Detectors
from dfsc.models.partner import HigherMaps, PartnerLevel, evidence

ALL = "all"
MEAN = "mean"

Auroc = dict[str, float]


@dataclass(frozen=True)
class GroupCount:
    """How many images a group's AUROC is about."""

    good: int
    anomalous: int


@dataclass(frozen=True)
class DetectorReport:
    """One detector's figures.

    Attributes:
        detector: its name, product-method; of a network together with its partner product-method+fre.
        method: key of the method, likewise.
        auroc: by group (a defect's folder, "logical", "structural", the "mean" of these two, "all") and map ("local",
            "global", "fused"), each in [0, 1].
        maps: by map, float32 N×56×56 for the evaluation's N images.
    """

    detector: str
    method: str
    auroc: dict[str, Auroc]
    maps: dict[str, np.ndarray]

    @cached_property
    def scores(self) -> dict[str, np.ndarray]:
        """By map, a float32 array with a score for each of the evaluation's images."""
        return {name: peak(maps) for name, maps in self.maps.items()}


@dataclass(frozen=True)
class Evaluation:
    """The results of all detectors on the same images.

    Attributes:
        detectors: one report each, in the given order.
        images: the readable ones, in the order of the scores.
        counts: size of each group, by the names used in the reports.
        unreadable: a sentence for each file that was left out.
        device, arithmetic: where and in what the networks ran, in words; "" if unknown.
    """

    detectors: tuple[DetectorReport, ...]
    images: tuple[TestImage, ...]
    counts: dict[str, GroupCount]
    unreadable: tuple[str, ...]
    device: str = ""
    arithmetic: str = ""

    def as_json(self) -> dict:
        """{"detectors": [{"detector", "method", "auroc": {group: {"local", "global", "fused"}}}]}."""
        reports = [{"detector": r.detector, "method": r.method, "auroc": r.auroc} for r in self.detectors]
        return {"detectors": reports}

    def table(self) -> str:
        """The AUROCs in percent as lines of text, without a final line break."""
        return "\n\n".join(_table(report, self.counts) for report in self.detectors)


def evaluate(
    images: Dataset | str | Path | TestImage | Sequence[TestImage],
    detectors: Detectors,
    progress: Progress | None = None,
    read: Read | None = None,
    partner: bool = False,
    device: Device | None = None,
    backend: str | None = None,
) -> Evaluation:
    """Score all test images with all detectors and compute their AUROCs.

    Args:
        images: a data set or its folder, whose test images are used, or one or several test images.
        detectors: one or several.
        progress: called with (images done, total) after each batch.
        read: returns an image's pixels (RGB uint8 256×256×3) for a path and a name for errors; may cache.
        partner: report each network together with FRE too, after all detectors.
        device, backend: where the networks run, and what computes them (see Inspector).

    Raises:
        DatasetError: unless there are both good and anomalous readable images.
        DFSCError: without a detector, or if one gives scores that are not numbers; for `partner` where no detector has
            FRE beside it, of the same good images.
    """
    images = open_dataset(images) if isinstance(images, (str, Path)) else images
    where = f"{images.root} has" if isinstance(images, Dataset) else "there are"
    images = _test_images(images)
    _check_classes(images, where)
    inspector = Inspector(detectors, device=device, backend=backend)
    configs = [detector.config for detector in inspector.detectors]
    together = _together(configs) if partner else {}
    scored = score_all(images, inspector, progress, read or inspector.read)
    _check_classes(scored.images, f"{len(scored.unreadable)} could not be read, which leaves")
    good = np.array([image.is_good for image in scored.images])
    groups = _groups(scored.images)
    reports = [
        _report(config.name, config.method, maps, good, groups)
        for config, maps in zip(configs, scored.maps, strict=True)
    ]
    parts = [detector.calibration.good_parts for detector in inspector.detectors]
    for (network, mate), (name, method) in together.items():
        clear = evidence(configs[network].self_test, configs[mate].self_test)
        level = PartnerLevel(parts[network], parts[mate], clear)
        maps = HigherMaps(_branches(scored.maps[network]), _branches(scored.maps[mate]), level)
        reports.append(_report(name, method, np.stack([maps.local, maps.global_, maps.fused()], axis=1), good, groups))
    return Evaluation(
        detectors=tuple(reports),
        images=tuple(scored.images),
        counts=_counts(good, groups),
        unreadable=tuple(scored.unreadable),
        device=described(inspector.device),
        arithmetic=inspector.arithmetic,
    )


def _test_images(images: object) -> tuple[TestImage, ...]:
    source = images.test if isinstance(images, Dataset) else images
    items = tuple(source) if isinstance(source, Iterable) else (source,)
    if not all(isinstance(image, TestImage) for image in items):
        raise DatasetError(
            "An evaluation takes a data set, its folder, or test images as dfsc.open_dataset lists them."
        )
    return items


def _groups(images: Sequence[TestImage]) -> dict[str, np.ndarray]:
    """Names of the groups in a report's order, each with a boolean for every image: anomalous and a member.

    A family's name and "all" mean the whole family and all images even where a defect's folder is called the same.
    """
    defects = sorted({image.defect for image in images if not image.is_good})
    groups = {defect: np.array([image.defect == defect for image in images]) for defect in defects}
    for family in FAMILIES:
        members = np.array([image.family == family for image in images])
        if members.any():
            groups[family] = members
    groups[ALL] = np.array([not image.is_good for image in images])
    return groups


def with_mean(figures: dict[str, float]) -> dict[str, float]:
    """Figures by group with the mean of "logical" and "structural", where both are there, before "all"."""
    if not all(family in figures for family in FAMILIES):
        return figures
    mean = float(np.mean([figures[family] for family in FAMILIES]))
    return {name: value for name, value in figures.items() if name != ALL} | {MEAN: mean, ALL: figures[ALL]}


def group_aurocs(scores: np.ndarray, images: Sequence[TestImage]) -> dict[str, float]:
    """Image AUROC of any N scores by group, for the N images that they belong to; see DetectorReport.auroc.

    Raises:
        DFSCError: when there are not both good and anomalous images, or a score is not a number.
    """
    return with_mean(_aurocs(scores, np.array([image.is_good for image in images]), _groups(images)))


def _together(configs: Sequence[DetectorConfig]) -> dict[tuple[int, int], tuple[str, str]]:
    """By the numbers of a network and of its partner the name and the method of both together."""
    numbers = {id(config): number for number, config in enumerate(configs)}
    return {
        (number, numbers[id(mate)]): (f"{config.name}+{mate.method}", f"{config.method}+{mate.method}")
        for number, (config, mate) in enumerate(zip(configs, some_partners(configs), strict=True))
        if mate
    }


def _branches(maps: np.ndarray) -> BranchMaps:
    """Of maps N×3×56×56 in the order of MAPS."""
    return BranchMaps(maps[:, MAPS.index("local")], maps[:, MAPS.index("global")])


def _report(
    name: str, method: str, maps: np.ndarray, good: np.ndarray, groups: dict[str, np.ndarray]
) -> DetectorReport:
    """From maps N×3×56×56 (in the order of MAPS), the good images' mask (N booleans) and the groups'."""
    report = DetectorReport(name, method, {}, dict(zip(MAPS, maps.swapaxes(0, 1), strict=True)))
    by_map = {key: with_mean(_aurocs(scores, good, groups)) for key, scores in report.scores.items()}
    names = by_map[FUSED]
    return replace(report, auroc={name: {key: by_map[key][name] for key in MAPS} for name in names})


def _aurocs(scores: np.ndarray, good: np.ndarray, groups: dict[str, np.ndarray]) -> dict[str, float]:
    return {name: image_auroc(scores[good | members], members[good | members]) for name, members in groups.items()}


def _counts(good: np.ndarray, groups: dict[str, np.ndarray]) -> dict[str, GroupCount]:
    anomalous = with_mean({name: int(members.sum()) for name, members in groups.items()})
    if MEAN in anomalous:
        anomalous[MEAN] = sum(anomalous[family] for family in FAMILIES)
    return {name: GroupCount(int(good.sum()), int(count)) for name, count in anomalous.items()}


def _check_classes(images: Sequence[TestImage], lead: str) -> None:
    good = sum(image.is_good for image in images)
    if not good or good == len(images):
        raise DatasetError(
            "An evaluation needs good and anomalous test images (mostly in test/good and test/<defect>), "
            f"but {lead} {good} good and {len(images) - good} anomalous ones."
        )


def _table(report: DetectorReport, counts: dict[str, GroupCount]) -> str:
    width = max(len("AUROC in %"), *map(len, report.auroc))
    heading = "".join(f"{name:>9}" for name in MAPS)
    lines = [report.detector, f"{'AUROC in %':<{width}}{'good':>7}{'bad':>6}{heading}"]
    for name, auroc in report.auroc.items():
        figures = "".join(f"{100 * auroc[key]:9.1f}" for key in MAPS)
        lines.append(f"{name:<{width}}{counts[name].good:>7}{counts[name].anomalous:>6}{figures}")
    return "\n".join(lines)
