"""Good images and defects in folders, masks in folders of the same names: MVTec's sets, BTAD and their like.

Capitals don't matter, and good images may lie in good, ok or normal. What is wrong with a part of a data set is no
reason to refuse the others: only train/ is needed for a training, and only test/ for an evaluation.
"""

from collections.abc import Iterator
from pathlib import Path

from dfsc.annotations.outlines import labels_of
from dfsc.datasets.model import GOOD, GOOD_NAMES, Dataset, Layout, TestImage, family_of
from dfsc.datasets.pairing import MaskFolder, bare_name, masks_beside, outline_files
from dfsc.datasets.wording import contents, subfolder, subfolders
from dfsc.errors import DatasetError
from dfsc.images.decoding import image_files

CONFIG_NAME = "defects_config.json"

_TRAIN, _VALIDATION, _TEST, _TEST_PUBLIC = "train", "validation", "test", "test_public"
_TRUTH_NAMES = ("ground_truth", "groundtruth", "gt", "masks", "mask")
_LOCO_DEFECTS = ("logical_anomalies", "structural_anomalies")


def is_product(folder: Path) -> bool:
    """Whether a folder looks like one product: train/, or test/ where it holds no images of its own."""
    return has_training(folder) or (_test_folder(folder) is not None and not image_files(folder))


def has_training(folder: Path) -> bool:
    """Whether a folder has the folder train."""
    return subfolder(folder, _TRAIN) is not None


def open_product(root: Path) -> Dataset:
    """List a product's images; either train/ or test/ may be missing or unfit for its purpose.

    Raises:
        DatasetError: where neither holds an image, with one sentence on what was expected of train/ and was found.
    """
    train, lack = _good_images(root, _TRAIN)
    validation, without = _good_images(root, _VALIDATION) if subfolder(root, _VALIDATION) else ((), "")
    test = _test_folder(root)
    kinds, problems = _kinds(test) if test else ({}, [])
    problems += [without] if without else []
    if lack and not kinds:
        raise DatasetError(lack)
    layout = _layout(root, test)
    images = tuple(
        TestImage(path, kind, family_of(kind), masks)
        for kind, folders in kinds.items()
        for folder in folders
        for path, masks in _with_masks(root, folder, kind, layout)
    )
    return Dataset(root, layout, train, validation, images, lack, tuple(problems))


def unpaired_masks(root: Path) -> list[str]:
    """A sentence for each mask that belongs to no image in test/, or to one that has another.

    A misnamed mask or a folder that was only half copied would else go unnoticed. What counts are the files and not a
    Dataset's test images, because a caller may have chosen some of these.
    """
    test = _test_folder(root)
    truth = _truth(root, test) if test else None
    if not test or not truth:
        return []
    return [
        _unpaired(path, images, folder)
        for masks, folder, images in _mask_folders(truth, test)
        for path in masks.unused(images)
    ]


def _unpaired(mask: Path, images: list[Path], folder: Path) -> str:
    """The sentence about a mask that none of a folder's images takes."""
    name = bare_name(mask) if mask.suffix else mask.name
    if name.lower() in {image.stem.lower() for image in images}:
        return f"{mask} is not used, because {name} in {folder} has another mask."
    return f"{mask} was expected to belong to an image in {folder}, but there is no {name}."


def _layout(root: Path, test: Path | None) -> Layout:
    names = {name.lower() for name in subfolders(test)} if test else set()
    if (root / CONFIG_NAME).is_file() or names & set(_LOCO_DEFECTS):
        return Layout.LOCO
    return Layout.MVTEC_AD_2 if test and test.name.lower() == _TEST_PUBLIC else Layout.MVTEC_AD


def _test_folder(root: Path) -> Path | None:
    return subfolder(root, _TEST) or subfolder(root, _TEST_PUBLIC)


def _truth(root: Path, test: Path) -> Path | None:
    """The folder of masks: beside test/, or as MVTec AD 2 has it in there."""
    return subfolder(root, *_TRUTH_NAMES) or subfolder(test, *_TRUTH_NAMES)


def _good_images(root: Path, part: str) -> tuple[tuple[Path, ...], str]:
    """Images of <part>/good, or a sentence why there are none."""
    folder = subfolder(root, part)
    if not folder:
        return (), f"{root} was expected to hold {part}/{GOOD} to train on, but holds {contents(root)}."
    good = subfolder(folder, *GOOD_NAMES)
    if not good:
        return (), f"{folder} was expected to hold the folder {GOOD}, but holds {contents(folder)}."
    images = tuple(image_files(good))
    return images, "" if images else f"{good} was expected to hold good images, but holds {contents(good)}."


def _kinds(test: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """Folders with images by kind, "good" first, and a sentence for what is left out.

    A folder without images is passed over, but not without a word if its images lie a level deeper.
    """
    kinds: dict[str, list[Path]] = {}
    problems = []
    loose = len(image_files(test))
    if loose:
        several = f"{loose} images" if loose > 1 else "an image"
        problems.append(f"{test} holds {several} outside of {GOOD} and of a defect's folder, which can't be used.")
    for name in subfolders(test):
        folder = test / name
        if name.lower() in _TRUTH_NAMES:
            continue
        if image_files(folder):
            kinds.setdefault(GOOD if name.lower() in GOOD_NAMES else name, []).append(folder)
        elif subfolders(folder):
            problems.append(f"{folder} was expected to hold images, but holds {contents(folder)}; it is left out.")
    return dict(sorted(kinds.items(), key=lambda item: (item[0] != GOOD, item[0]))), problems


def _tested_images(folder: Path) -> list[Path]:
    """The photographs in a folder of test/, without the masks that lie beside them."""
    images = image_files(folder) if folder.is_dir() else []
    masks = set(masks_beside(images))
    return [image for image in images if image not in masks]


def _mask_folders(truth: Path, test: Path) -> Iterator[tuple[MaskFolder, Path, list[Path]]]:
    """Folders of masks, each with that of its images and these; masks that lie in `truth` itself are those of all."""
    for name in subfolders(truth):
        folder = subfolder(test, name.lower()) or test / name
        yield MaskFolder(truth / name), folder, _tested_images(folder)
    if not subfolders(truth):
        tested = [test / name for name in subfolders(test) if name.lower() not in _TRUTH_NAMES]
        yield MaskFolder(truth), test, [image for folder in tested for image in _tested_images(folder)]


def _with_masks(root: Path, folder: Path, kind: str, layout: Layout) -> Iterator[tuple[Path, tuple[Path, ...]]]:
    """A folder's photographs with their masks. One that is missing beside others is named all the same."""
    images = _tested_images(folder)
    truth = _truth(root, folder.parent)
    if kind == GOOD:
        yield from ((image, ()) for image in images)
    elif not truth:
        outlines = [file for file in outline_files(folder) if labels_of(file) is not None]
        masks = MaskFolder(folder, [*masks_beside(image_files(folder)), *outlines])
        yield from ((image, masks.of(image)) for image in images)
    else:
        kind_folder = subfolder(truth, folder.name.lower())
        masks = MaskFolder(kind_folder or truth)
        missing = kind_folder or truth / folder.name
        for image in images:
            expected = missing / (image.stem if layout is Layout.LOCO else f"{image.stem}_mask.png")
            yield image, masks.of(image) or (expected,)
