"""What a data set is, whatever its layout: good images, labelled test images, and families of defects."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from dfsc.errors import DatasetError

GOOD = "good"
GOOD_NAMES = (GOOD, "ok", "normal")  # of folders and labels; BTAD has ok
LOGICAL = "logical"
STRUCTURAL = "structural"
FAMILIES = (LOGICAL, STRUCTURAL)

# The family of defects that are only told to be some: their authors don't divide them, and neither half would be right
# for all. VisA's, for one, go from scratches to parts that are missing or lie in a wrong place.
UNDIVIDED = "anomaly"

# Every other folder counts as structural. MVTec AD's authors do not divide their defects into families; theirs are
# scratches, dents, holes and contaminations but for those named here, in which a part that is sound in itself lies
# elsewhere, is exchanged or is not there at all.
_FAMILY_OF_DEFECT = {
    GOOD: GOOD,
    "logical_anomalies": LOGICAL,  # MVTec LOCO AD
    "logical": LOGICAL,
    "misplaced": LOGICAL,  # MVTec AD, transistor
    "cable_swap": LOGICAL,  # MVTec AD, cable
    "missing_cable": LOGICAL,  # MVTec AD, cable
    "missing": LOGICAL,  # screw_block
    "anomaly": UNDIVIDED,  # VisA
    "bad": UNDIVIDED,  # VisA, rearranged into MVTec AD's layout by its authors' script, and MVTec AD 2
    "ko": UNDIVIDED,  # BTAD
} | dict.fromkeys(("ng", "nok", "defective", "anomalous", "abnormal"), UNDIVIDED)


class Layout(StrEnum):
    """How a data set's folders are arranged."""

    LOCO = "mvtec-loco"
    MVTEC_AD = "mvtec-ad"
    MVTEC_AD_2 = "mvtec-ad-2"
    VISA = "visa"
    TABLE = "table"
    COCO = "coco"
    LABELME = "labelme"
    PLAIN = "plain"


@dataclass(frozen=True)
class TestImage:
    """An image whose label is known.

    Attributes:
        path: the image file.
        defect: name of its folder, "good" for a good one; "anomaly" for any defect of VisA.
        family: "good", "logical", "structural", or "anomaly" where the data set makes no such division; None where
            that is not known.
        masks: ground-truth files, none for good images and where a data set has none at all; several where an image
            has several defects (LOCO). A mask that is missing from a data set with others is named all the same, so
            that its absence comes out when it is read.
    """

    __test__: ClassVar[bool] = False  # or pytest would collect a class of this name

    path: Path
    defect: str
    family: str | None
    masks: tuple[Path, ...] = ()

    @property
    def is_good(self) -> bool:
        return self.defect == GOOD


@dataclass(frozen=True)
class Dataset:
    """A product's images.

    Attributes:
        root: the folder that was opened.
        layout: how it was recognised.
        train: good images to fit.
        validation: good images that the data set itself sets apart, as LOCO and MVTec AD 2 do.
        test: labelled images, good ones first; empty for a plain folder.
        unfit: why one can't train on it, in one sentence; empty where one can.
        problems: a sentence for each part that is left out, or that a reader of its figures has to know.
    """

    root: Path
    layout: Layout
    train: tuple[Path, ...]
    validation: tuple[Path, ...] = ()
    test: tuple[TestImage, ...] = ()
    unfit: str = ""
    problems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The product: the root folder's own name."""
        return self.root.resolve().name


def family_of(defect: str) -> str:
    """Family of a defect folder's name, whose capitals don't matter.

    Returns:
        "good", "logical", "structural" (also for names not known), or "anomaly" for names that don't say what is wrong.
    """
    return _FAMILY_OF_DEFECT.get(defect.lower(), STRUCTURAL)


def as_logical(dataset: Dataset, kinds: Iterable[str]) -> Dataset:
    """The data set with these kinds of defects in the logical family, whatever they are called.

    Raises:
        DatasetError: for a kind that it does not have.
    """
    kinds = set(kinds)
    kinds_present = sorted({image.defect for image in dataset.test if not image.is_good})
    for kind in sorted(kinds - set(kinds_present)):
        raise DatasetError(
            f"{dataset.root} has no kind of defect called {kind}; it has {', '.join(kinds_present) or 'none'}."
        )
    test = (replace(image, family=LOGICAL) if image.defect in kinds else image for image in dataset.test)
    return replace(dataset, test=tuple(test))
