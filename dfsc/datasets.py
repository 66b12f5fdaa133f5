"""Folders of images as data sets: MVTec LOCO AD, MVTec AD, and a plain folder of good images.

| layout     | good images                 | test images                          | masks                    |
|------------|-----------------------------|--------------------------------------|--------------------------|
| mvtec-loco | train/good, validation/good | test/good, test/logical_anomalies, … | <defect>/<stem>/*.png    |
| mvtec-ad   | train/good                  | test/good, test/<defect> …           | <defect>/<stem>_mask.png |
| plain      | the folder's own images     | none                                 | none                     |

Masks lie in ground_truth/. Sources: Bergmann et al., "Beyond Dents and Scratches" (IJCV 2022) for LOCO, "The MVTec
Anomaly Detection Dataset" (IJCV 2021) for MVTec AD. Only paths are collected here; nothing is decoded.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from dfsc.errors import DatasetError
from dfsc.images import image_files

GOOD = "good"
LOGICAL = "logical"
STRUCTURAL = "structural"
FAMILIES = (LOGICAL, STRUCTURAL)

# Every other folder counts as structural. MVTec AD's authors do not divide their defects into families; theirs are
# scratches, dents, holes and contaminations but for those named here, in which a part that is sound in itself lies
# elsewhere, is exchanged or is not there at all.
_FAMILY_OF_DEFECT = {
    "logical_anomalies": LOGICAL,  # MVTec LOCO AD
    "logical": LOGICAL,
    "misplaced": LOGICAL,  # MVTec AD, transistor
    "cable_swap": LOGICAL,  # MVTec AD, cable
    "missing_cable": LOGICAL,  # MVTec AD, cable
    "missing": LOGICAL,  # screw_block
}

_SHOWN_NAMES = 5


class Layout(StrEnum):
    """How a data set's folders are arranged."""

    LOCO = "mvtec-loco"
    MVTEC_AD = "mvtec-ad"
    PLAIN = "plain"


@dataclass(frozen=True)
class TestImage:
    """An image whose label is known.

    Attributes:
        path: the image file.
        defect: name of its folder, "good" for a good one.
        family: "good", "logical" or "structural"; None where that is not known.
        masks: ground-truth files, none for good images; several where an image has several defects (LOCO).
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
        validation: good images that the data set itself sets apart; only LOCO does.
        test: labelled images, good ones first; empty for a plain folder.
    """

    root: Path
    layout: Layout
    train: tuple[Path, ...]
    validation: tuple[Path, ...] = ()
    test: tuple[TestImage, ...] = ()

    @property
    def name(self) -> str:
        """The product: the root folder's own name."""
        return self.root.resolve().name


def open_dataset(folder: str | Path) -> Dataset:
    """Recognise a folder's layout and list its images.

    A folder with train/good but without test/ is a data set too: one can train on it, not evaluate.

    Raises:
        DatasetError: with one sentence that says which folder was expected and what was found.
    """
    root = Path(folder)
    if not root.is_dir():
        found = "is a file" if root.exists() else "does not exist"
        raise DatasetError(f"{root} {found}; name a data set's folder or a folder of good images.")
    if (root / "train").is_dir():
        return _open_mvtec(root)
    images = image_files(root)
    if images:
        return Dataset(root, Layout.PLAIN, tuple(images))
    raise DatasetError(_not_a_dataset(root))


def good_images(folder: str | Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """What a training takes from a data set's root or from a plain folder: images to fit, and held-out ones.

    The held-out ones are LOCO's validation images; they are empty for the other layouts, where the training splits.

    Raises:
        DatasetError: as open_dataset does.
    """
    dataset = open_dataset(folder)
    return dataset.train, dataset.validation


def family_of(defect: str) -> str:
    """Family of a defect folder's name: "good", "logical" or "structural" (the default for names not known)."""
    return GOOD if defect == GOOD else _FAMILY_OF_DEFECT.get(defect, STRUCTURAL)


def _open_mvtec(root: Path) -> Dataset:
    train = _good_folder(root, "train")
    validation = _good_folder(root, "validation") if (root / "validation").is_dir() else ()
    defects = _defects(root)
    loco = bool(validation) or any(defect in ("logical_anomalies", "structural_anomalies") for defect in defects)
    test = tuple(_test_image(root, defect, path) for defect, paths in defects.items() for path in paths)
    return Dataset(root, Layout.LOCO if loco else Layout.MVTEC_AD, train, validation, test)


def _good_folder(root: Path, part: str) -> tuple[Path, ...]:
    """Images of <part>/good, at least one."""
    folder = root / part / GOOD
    if not folder.is_dir():
        raise DatasetError(f"{root / part} was expected to hold the folder good, but holds {_contents(root / part)}.")
    images = image_files(folder)
    if not images:
        raise DatasetError(f"{folder} was expected to hold good images, but holds {_contents(folder)}.")
    return tuple(images)


def _defects(root: Path) -> dict[str, list[Path]]:
    """Images by folder of test/, good first; folders without images are passed over."""
    if not (root / "test").is_dir():
        return {}
    _good_folder(root, "test")
    names = sorted(_subfolders(root / "test"), key=lambda name: (name != GOOD, name))
    images = {name: image_files(root / "test" / name) for name in names}
    return {name: paths for name, paths in images.items() if paths}


def _test_image(root: Path, defect: str, path: Path) -> TestImage:
    truth = root / "ground_truth" / defect
    single = truth / f"{path.stem}_mask.png"
    if defect == GOOD:
        masks = ()
    elif (truth / path.stem).is_dir():
        masks = tuple(image_files(truth / path.stem))
    else:
        masks = (single,) if single.is_file() else ()
    return TestImage(path, defect, family_of(defect), masks)


def _not_a_dataset(root: Path) -> str:
    products = [name for name in _subfolders(root) if (root / name / "train").is_dir()]
    hint = f"; name one product, as in {root / products[0]}" if products else ""
    return f"{root} was expected to hold train/good or images of its own, but holds {_contents(root)}{hint}."


def _subfolders(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _contents(folder: Path) -> str:
    """What a folder holds, in words: its subfolders by name, else how many images or other files."""
    folders = _subfolders(folder)
    if folders:
        more = " …" if len(folders) > _SHOWN_NAMES else ""
        return f"the folder{'s' * (len(folders) > 1)} {', '.join(folders[:_SHOWN_NAMES])}{more}"
    images = len(image_files(folder))
    if images:
        return f"{images} image{'s' * (images > 1)}"
    return "no images" if any(folder.iterdir()) else "nothing"
