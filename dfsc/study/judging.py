"""Both embedded detectors on every test image of a data set, and a selection of what is worth looking at."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from dfsc.checkpoints.embedded import product_detectors
from dfsc.checkpoints.weights import weights_folder
from dfsc.datasets import Dataset, TestImage
from dfsc.errors import DatasetError
from dfsc.images.decoding import image_files, network_image, read_image
from dfsc.inspection.inspector import Inspector
from dfsc.inspection.results import Result
from dfsc.machine import Device
from dfsc.models.detector import Detector
from dfsc.models.methods import PAIR
from dfsc.scenes.dataset import drawing_of
from dfsc.scenes.rendering import render
from dfsc.study.cases import HANDFUL, Case, Drawn, Finding, Outcome, Shipped, choose
from dfsc.study.matching import matched
from dfsc.study.selection import AtSameRate, Selection

DIGITS = 4

Progress = Callable[[int, int], None]


def select(
    product: str,
    dataset: Dataset,
    handful: int = HANDFUL,
    progress: Progress | None = None,
    device: Device | None = None,
) -> Selection:
    """Judge a data set's test images with a product's embedded pair and choose a handful a kind of outcome.

    Args:
        progress: called with (images done, images in all) after each batch.
        device: where the networks run (see Inspector).

    Raises:
        DFSCError: without test images, without both methods, for an image that can't be read, and where the renderer
            no longer draws what was judged.
    """
    if not dataset.test:
        raise DatasetError(f"{dataset.root} holds no test images, so there is nothing to choose from.")
    inspector = Inspector(_pair(product), device=device)
    shipped = _shipped(product)
    cases = []
    for start in range(0, len(dataset.test), inspector.batch):
        batch = dataset.test[start : start + inspector.batch]
        cases += _judged(dataset, batch, inspector, product, shipped)
        if progress:
            progress(len(cases), len(dataset.test))
    counts, chosen = _counted(cases), choose(cases, handful)
    same_rate = _at_same_rate(cases, handful)
    _check_drawings(product, dataset, [*chosen, *(same_rate.cases if same_rate else ())])
    weights = tuple(detector.weights_digest for detector in inspector.detectors)
    return Selection(product, dataset.name, weights, counts, tuple(chosen), same_rate)


def _at_same_rate(cases: Sequence[Case], handful: int) -> AtSameRate | None:
    same = matched(cases)
    if same is None:
        return None
    return AtSameRate(same.rejected, same.good, _counted(same.cases), tuple(choose(same.cases, handful)))


def _counted(cases: Sequence[Case]) -> dict[Outcome, int]:
    counts = Counter(case.outcome for case in cases)
    return {outcome: counts[outcome] for outcome in Outcome}


def _pair(product: str) -> list[Detector]:
    by_method = {detector.config.method: detector for detector in product_detectors(product)}
    if not set(PAIR) <= by_method.keys():
        raise DatasetError(f"{product} has no embedded pair of EAD-S and DFSC to compare.")
    return [by_method[method] for method in PAIR]


def _judged(
    dataset: Dataset, batch: tuple[TestImage, ...], inspector: Inspector, product: str, shipped: dict[str, str]
) -> list[Case]:
    pixels = [network_image(image.path, f"{image.defect}/{image.path.name}") for image in batch]
    results = inspector.results(np.stack(pixels))
    return [
        _case(dataset, image, _origin(image.path, product, shipped), [of_method[place] for of_method in results])
        for place, image in enumerate(batch)
    ]


def _case(dataset: Dataset, image: TestImage, origin: Drawn | Shipped | None, results: list[Result]) -> Case:
    ead_s, dfsc = (Finding(round(r.score, DIGITS), round(r.threshold, DIGITS), r.verdict) for r in results)
    kinds = () if image.is_good else (image.defect,)
    defects = origin.defects if isinstance(origin, Drawn) else kinds
    return Case(image.path.relative_to(dataset.root).as_posix(), image.family, defects, origin, (ead_s, dfsc))


def _origin(path: Path, product: str, shipped: dict[str, str]) -> Drawn | Shipped | None:
    drawing = drawing_of(path)
    if drawing and drawing.product != product:
        raise DatasetError(f"{path.name} shows a {drawing.product}, not a {product}; name the data set's own product.")
    if drawing:
        return Drawn(drawing.seed, drawing.defects)
    file = shipped.get(_digest(path)) if shipped else None
    return Shipped(file) if file else None


def _shipped(product: str) -> dict[str, str]:
    """The product's embedded examples by digest, since they are the data set's own files under other names."""
    root = weights_folder() / "examples" / product
    folders = [folder for folder in sorted(root.iterdir()) if folder.is_dir()] if root.is_dir() else []
    return {_digest(path): path.relative_to(root).as_posix() for folder in folders for path in image_files(folder)}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _check_drawings(product: str, dataset: Dataset, cases: list[Case]) -> None:
    """What the page will draw has to be what was judged, whatever has happened to the renderer since."""
    for case in cases:
        if not isinstance(case.origin, Drawn):
            continue
        again = render(product, case.origin.seed, case.origin.defects).image
        if not np.array_equal(again, read_image(dataset.root / case.image)):
            raise DatasetError(
                f"{case.image} of {dataset.root} is not what this renderer draws; render the data set again."
            )
