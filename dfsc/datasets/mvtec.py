"""The layouts of MVTec LOCO AD and MVTec AD: good images and defects in folders, masks in folders of the same names."""

from pathlib import Path

from dfsc.datasets.model import GOOD, Dataset, Layout, TestImage, family_of
from dfsc.datasets.wording import contents, subfolders
from dfsc.errors import DatasetError
from dfsc.images import image_files

GROUND_TRUTH = "ground_truth"
_LOCO_DEFECTS = ("logical_anomalies", "structural_anomalies")


def is_product(folder: Path) -> bool:
    """Whether a folder looks like one product of either data set."""
    return (folder / "train").is_dir()


def open_product(root: Path) -> Dataset:
    """List a product's images; test/ may be missing.

    Raises:
        DatasetError: with one sentence that says which folder was expected and what was found.
    """
    train = _good_images(root, "train")
    validation = _good_images(root, "validation") if (root / "validation").is_dir() else ()
    defects = _defects(root)
    loco = bool(validation) or any(defect in _LOCO_DEFECTS for defect in defects)
    layout = Layout.LOCO if loco else Layout.MVTEC_AD
    test = tuple(
        TestImage(path, defect, family_of(defect), _masks(root, layout, defect, path.stem))
        for defect, paths in defects.items()
        for path in paths
    )
    return Dataset(root, layout, train, validation, test)


def check_masks(root: Path) -> None:
    """Raise DatasetError for a mask in ground_truth/ that belongs to no image in test/.

    A misnamed mask or a folder that was only half copied would else go unnoticed. What counts are the files and not a
    Dataset's test images, because a caller may have chosen some of these.
    """
    truth = root / GROUND_TRUTH
    paired = truth.is_dir() and (root / "test").is_dir()
    for defect in subfolders(truth) if paired else ():
        tested = root / "test" / defect
        stems = {path.stem for path in image_files(tested)} if tested.is_dir() else set()
        masks = {name: name for name in subfolders(truth / defect) if image_files(truth / defect / name)}
        masks |= {path.name: path.stem for path in image_files(truth / defect)}
        for name, stem in masks.items():
            if not {stem, stem.removesuffix("_mask")} & stems:
                raise DatasetError(
                    f"{truth / defect / name} was expected to belong to an image in {tested}, "
                    f"but there is no {stem.removesuffix('_mask')}."
                )


def _good_images(root: Path, part: str) -> tuple[Path, ...]:
    """Images of <part>/good, at least one."""
    folder = root / part / GOOD
    if not folder.is_dir():
        raise DatasetError(f"{root / part} was expected to hold the folder good, but holds {contents(root / part)}.")
    images = image_files(folder)
    if not images:
        raise DatasetError(f"{folder} was expected to hold good images, but holds {contents(folder)}.")
    return tuple(images)


def _defects(root: Path) -> dict[str, list[Path]]:
    """Images by folder of test/, good first."""
    if not (root / "test").is_dir():
        return {}
    _good_images(root, "test")
    names = sorted(subfolders(root / "test"), key=lambda name: (name != GOOD, name))
    images = {name: _defect_images(root / "test" / name) for name in names}
    return {name: paths for name, paths in images.items() if paths}


def _defect_images(folder: Path) -> list[Path]:
    """A folder without images is passed over, but not one whose images lie a level deeper: they would be missed."""
    images = image_files(folder)
    if not images and subfolders(folder):
        raise DatasetError(f"{folder} was expected to hold images, but holds {contents(folder)}.")
    return images


def _masks(root: Path, layout: Layout, defect: str, stem: str) -> tuple[Path, ...]:
    """<stem>/*.png as in LOCO, <stem>_mask.png as in MVTec AD, or <stem>.png as VisA's authors rearrange theirs."""
    if defect == GOOD or not (root / GROUND_TRUTH).is_dir():
        return ()
    folder = root / GROUND_TRUTH / defect
    single = [folder / f"{stem}_mask.png", folder / f"{stem}.png"]
    expected = folder / stem if layout is Layout.LOCO else single[0]
    if (folder / stem).is_dir():
        return tuple(image_files(folder / stem)) or (expected,)
    return (next((path for path in single if path.is_file()), expected),)
