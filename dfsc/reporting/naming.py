"""How a report calls detectors and groups of images."""

from collections.abc import Sequence

from dfsc.datasets import LOGICAL, STRUCTURAL, TestImage
from dfsc.datasets.model import UNDIVIDED
from dfsc.evaluation.evaluation import ALL, MEAN, DetectorReport, Evaluation
from dfsc.models.methods import METHODS

_TITLES = {
    LOGICAL: "Logical",
    STRUCTURAL: "Structural",
    UNDIVIDED: "Anomalous, not divided",
    MEAN: "Mean of both",
    ALL: "All, pooled",
}


def group_title(group: str) -> str:
    """A group's name for people: families by their titles, a defect's folder without its underscores."""
    readable = group.replace("_", " ").strip() or group
    return _TITLES.get(group, readable[:1].upper() + readable[1:])


def distinct_groups(evaluation: Evaluation) -> list[str]:
    """The groups of an evaluation in its order; of those with the same images only the most general one.

    So "logical" is not printed once more as LOCO's folder "logical_anomalies", nor a data set's only family beside all.
    """
    member_sets, groups = [], []
    for group in reversed(evaluation.counts):  # the most general ones come last
        members = group if group == MEAN else _members(group, evaluation.images)
        if members not in member_sets:
            member_sets.append(members)
            groups.append(group)
    return groups[::-1]


def main_groups(evaluation: Evaluation) -> list[str]:
    """The groups by which detectors are usually compared: logical, structural and their mean, or all anomalies."""
    return [LOGICAL, STRUCTURAL, MEAN] if MEAN in evaluation.counts else [ALL]


def unique_names(reports: Sequence[DetectorReport]) -> list[str]:
    """The detectors' names, numbered where several are called alike: the second "a-dfsc" becomes "a-dfsc-2"."""
    names = [report.detector for report in reports]
    return [
        name if names.index(name) == place else f"{name}-{names[: place + 1].count(name)}"
        for place, name in enumerate(names)
    ]


def labels(reports: Sequence[DetectorReport]) -> list[str]:
    """The shortest names that tell the detectors apart: their methods' titles, else their unique names."""
    titles = [_title(report) for report in reports]
    return titles if len(set(titles)) == len(titles) else unique_names(reports)


def _title(report: DetectorReport) -> str:
    """The method's, or those of a network's and its partner's; of another program's method the detector's name."""
    methods = report.method.split("+")
    known = all(method in METHODS for method in methods)
    return " + ".join(METHODS[method].title for method in methods) if known else report.detector


def _members(group: str, images: Sequence[TestImage]) -> frozenset[int]:
    """Indices of a group's anomalous images; a family's name goes before a folder's, as in the evaluation."""
    families = {image.family for image in images}
    return frozenset(
        index
        for index, image in enumerate(images)
        if not image.is_good and group in (ALL, image.family if group in families else image.defect)
    )
