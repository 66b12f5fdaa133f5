"""Where detectors find defects: sPRO (LOCO's layout) or AUPRO (others), and pixel AUROC, over an evaluation's maps.

Maps are compared with masks at each image's own size; the areas are those of dfsc.evaluation.overlap.
"""

from collections.abc import Callable, Container, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dfsc.datasets import GOOD, TestImage
from dfsc.errors import DatasetError
from dfsc.evaluation.evaluation import ALL, Evaluation, with_mean
from dfsc.evaluation.ground_truth import GroundTruth
from dfsc.evaluation.overlap import Curve, LabelledMap, curves
from dfsc.evaluation.scoring import FUSED
from dfsc.geometry import place_on_image
from dfsc.images.decoding import image_size

LIMITS = (0.01, 0.05, 0.1, 0.3, 1.0)
USUAL_LIMIT = {"sPRO": 0.05, "AUPRO": 0.3}

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Localisation:
    """One detector's pixel figures, each in [0, 1].

    Attributes:
        metric: "sPRO" or "AUPRO".
        areas: by group ("logical", "structural", their "mean", "all") and limit of the false positive rate.
        pixel_auroc: by group.
        curves: by group, the points from which they were computed.
        left_out: how many of the evaluation's images are not in them, because their masks can't be used.
    """

    metric: str
    areas: dict[str, dict[float, float]]
    pixel_auroc: dict[str, float]
    curves: dict[str, Curve]
    left_out: int = 0

    @property
    def usual(self) -> dict[str, float]:
        """By group, the area at the limit at which the metric is usually given: 0.05 for sPRO, 0.3 for AUPRO."""
        return {group: areas[USUAL_LIMIT[self.metric]] for group, areas in self.areas.items()}

    def as_json(self) -> dict:
        areas = {group: {f"{limit:g}": area for limit, area in values.items()} for group, values in self.areas.items()}
        extra = {"left_out": self.left_out} if self.left_out else {}
        return {"metric": self.metric, "areas": areas, "pixel_auroc": self.pixel_auroc} | extra

    def table(self, title: str) -> str:
        """The figures in percent as lines of text for people; ends without a line break."""
        heads = "".join(f"{f'FPR {limit:g}':>10}" for limit in LIMITS)
        width = max(len(f"{self.metric} in %"), *map(len, self.areas))
        lines = [title, f"{f'{self.metric} in %':<{width}}{heads}{'pixel AUROC':>13}"]
        for group, areas in self.areas.items():
            figures = "".join(f"{100 * areas[limit]:10.1f}" for limit in LIMITS)
            lines.append(f"{group:<{width}}{figures}{100 * self.pixel_auroc[group]:13.1f}")
        return "\n".join(lines)


def has_masks(images: Iterable[TestImage]) -> bool:
    """Whether every anomalous image comes with ground truth; without it there is nothing to localise against."""
    return all(image.masks for image in images if not image.is_good)


def localise(
    truth: GroundTruth,
    evaluation: Evaluation,
    map_name: str = FUSED,
    progress: Progress | None = None,
    leave_out: Container[Path] = (),
) -> list[Localisation]:
    """Pixel figures of every detector of an evaluation, by its "local", "global" or "fused" maps.

    Args:
        progress: called with (images done, images in all).
        leave_out: paths of images whose ground truth can't be used (GroundTruth.faults).

    Raises:
        DatasetError: for other masks that are missing, damaged or don't fit their image, and where none is left.
        ImageError: for a mask that can't be read.
    """
    used = [(index, image) for index, image in enumerate(evaluation.images) if image.path not in leave_out]
    families = {image.family for _, image in used if not image.is_good}
    if not families:
        raise DatasetError("No anomalous image has a mask that can be used.")
    groups = {family: (GOOD, family) for family in sorted(filter(None, families))} | {ALL: (GOOD, *families)}

    def labelled() -> Iterator[LabelledMap]:
        for done, (index, image) in enumerate(used, start=1):
            width, height = image_size(image.path)
            defects = truth.defects(image, width, height)
            for number, report in enumerate(evaluation.detectors):
                scores = place_on_image(report.maps[map_name][index], width, height)
                yield LabelledMap(scores, defects, (number, GOOD if image.is_good else image.family))
            if progress:
                progress(done, len(used))

    wanted: dict[Hashable, list[Hashable]] = {
        (number, group): [(number, part) for part in parts]
        for number in range(len(evaluation.detectors))
        for group, parts in groups.items()
    }
    all_curves = curves(labelled(), wanted)
    return [
        replace(
            _localisation(truth.metric, {group: all_curves[number, group] for group in groups}),
            left_out=len(evaluation.images) - len(used),
        )
        for number in range(len(evaluation.detectors))
    ]


def _localisation(metric: str, by_group: dict[str, Curve]) -> Localisation:
    areas = {group: {limit: curve.overlap_area(limit) for limit in LIMITS} for group, curve in by_group.items()}
    by_limit = {limit: with_mean({group: values[limit] for group, values in areas.items()}) for limit in LIMITS}
    return Localisation(
        metric=metric,
        areas={group: {limit: by_limit[limit][group] for limit in LIMITS} for group in by_limit[LIMITS[0]]},
        pixel_auroc=with_mean({group: curve.pixel_auroc for group, curve in by_group.items()}),
        curves=by_group,
    )
