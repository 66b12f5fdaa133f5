"""Images as data sets: MVTec's and VisA's layouts, tables, labelled folders, and a plain folder of good images.

| layout     | good images                   | test images                          | masks                    |
|------------|-------------------------------|--------------------------------------|--------------------------|
| mvtec-loco | train/good, validation/good   | test/good, test/logical_anomalies, … | <defect>/<stem>/*.png    |
| mvtec-ad   | train/good, validation/good   | test/good, test/<defect> …           | <defect>/<stem>_mask.png |
| mvtec-ad-2 | train/good, validation/good   | test_public/good, test_public/bad    | <defect>/<stem>_mask.png |
| visa       | Data/Images, as 1cls.csv says | Data/Images, as 1cls.csv says        | as 1cls.csv says         |
| table      | as a CSV or Real-IAD's JSON says (dfsc.datasets.tables)                                         |
| coco       | images without annotations    | all that its file names              | annotations              |
| labelme    | images without outlines       | the folder's own images              | outlines beside them     |
| plain      | the folder's own images       | none                                 | none                     |

MVTec's masks lie in ground_truth/, in AD 2 within test_public; VisA's table in split_csv/ beside the opened folder
(dfsc.datasets.visa). BTAD's good images lie in ok instead of good (dfsc.datasets.mvtec). Sources: Bergmann et al.,
"Beyond Dents and Scratches" (IJCV 2022) for LOCO, "The MVTec Anomaly Detection Dataset" (IJCV 2021) for MVTec AD,
Heckler-Kram et al., "The MVTec AD 2 Dataset" (2025), Zou et al., "SPot-the-Difference" (ECCV 2022) for VisA. Only paths
are collected here; nothing is decoded.
"""

from pathlib import Path

from dfsc.annotations.coco import annotated_images
from dfsc.datasets import coco, labelme, mvtec, tables, visa
from dfsc.datasets.model import (
    FAMILIES,
    GOOD,
    LOGICAL,
    STRUCTURAL,
    UNDIVIDED,
    Dataset,
    Layout,
    TestImage,
    as_logical,
    family_of,
)
from dfsc.datasets.wording import contents, subfolders
from dfsc.errors import DatasetError
from dfsc.images.decoding import image_files
from dfsc.images.photo_files import FolderListing, photograph_files

__all__ = [
    "FAMILIES",
    "GOOD",
    "LOGICAL",
    "STRUCTURAL",
    "UNDIVIDED",
    "Dataset",
    "Layout",
    "TestImage",
    "as_logical",
    "check_divided",
    "check_trainable",
    "family_of",
    "good_images",
    "open_dataset",
    "unpaired_masks",
]


def open_dataset(folder: str | Path) -> Dataset:
    """Recognise a folder's layout, or a table, and list the images.

    A folder with train/good but no test/ is a data set for training only; one with only test/ is for evaluation only
    (see check_trainable).

    Raises:
        DatasetError: with one sentence on which folder or file was expected and what was found.
    """
    if not isinstance(folder, (str, Path)):
        raise DatasetError(f"A data set is opened by the path of one folder, not {type(folder).__name__}.")
    root = Path(folder)
    if root.is_file() and tables.is_table(root):
        return coco.open_file(root) if annotated_images(root) else tables.open_table(root)
    if not root.is_dir():
        listing = "is a file" if root.exists() else "does not exist"
        raise DatasetError(f"{root} {listing}; name a data set's folder or a folder of good images.")
    try:
        return _opened(root)
    except OSError as error:
        raise DatasetError(f"{error.filename or root} can't be read; check its permissions.") from error


def good_images(folder: str | Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """What a training takes from a data set's root or from a plain folder: images to fit, and held-out ones.

    The held-out ones are LOCO's validation images; they are empty for the other layouts, where the training splits.

    Raises:
        DatasetError: as open_dataset and check_trainable do.
    """
    dataset = open_dataset(folder)
    check_trainable(dataset)
    return dataset.train, dataset.validation


def check_trainable(dataset: Dataset) -> None:
    """Raise DatasetError where there are no good images to train on: a data set can be there to evaluate on alone."""
    if dataset.unfit:
        raise DatasetError(dataset.unfit)


def check_divided(dataset: Dataset) -> None:
    """Raise DatasetError where images to train on are tested too, so that figures would mean nothing."""
    if {*dataset.train, *dataset.validation} & {image.path for image in dataset.test}:
        raise DatasetError(
            f"{dataset.root} does not say which images are for testing; list them in a table with a split."
        )


def unpaired_masks(dataset: Dataset) -> list[str]:
    """A sentence for each mask that belongs to no image, in the layouts that pair them by their names."""
    paired = dataset.layout in (Layout.LOCO, Layout.MVTEC_AD, Layout.MVTEC_AD_2)
    return mvtec.unpaired_masks(dataset.root) if paired else []


def _opened(root: Path) -> Dataset:
    if mvtec.is_product(root):
        return mvtec.open_product(root)
    if visa.is_class(root):
        return visa.open_class(root)
    table = tables.table_in(root)
    if table:
        return tables.open_table(table)
    annotations = coco.file_in(root)
    if annotations:
        return coco.open_file(annotations)
    if labelme.is_labelled(root):
        return labelme.open_folder(root)
    direct = bool(image_files(root))
    listing = photograph_files(root, good=True) if direct or not _hint(root) else FolderListing()
    if listing.files:
        return Dataset(root, Layout.PLAIN, listing.files)
    raise DatasetError(" ".join([_not_a_dataset(root), *listing.left_out[:1]]))


def _not_a_dataset(root: Path) -> str:
    return (
        f"{root} was expected to hold train/good, VisA's Data/Images or images of its own, "
        f"but holds {contents(root)}{_hint(root)}."
    )


def _hint(root: Path) -> str:
    """Where a data set of several products was opened, or a part of one: what to name instead."""
    if mvtec.has_training(root.parent) or visa.is_class(root.parent):
        return f"; name {root.parent} itself"
    for name in subfolders(root):
        if mvtec.is_product(root / name):
            return f"; name one product, as in {root / name}"
        if visa.is_class(root / name):
            return f"; name one class, as in {root / name}"
    return ""
