"""A product's images of interest as a small JSON file without images, and the way back to their pixels."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from dfsc.checkpoints.weights import weights_folder
from dfsc.errors import DatasetError
from dfsc.files import read_json, replacing
from dfsc.images.decoding import read_image
from dfsc.models.methods import PAIR
from dfsc.scenes.rendering import render
from dfsc.study.cases import Case, Drawn, Outcome, Shipped

FORMAT = "dfsc-study-images-1"
FOLDER = "images"


@dataclass(frozen=True)
class AtSameRate:
    """The same test images with limits at which both methods reject `rejected` of the `good` ones (see matching)."""

    rejected: int
    good: int
    counts: dict[Outcome, int]
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Selection:
    """What was chosen of a data set's test images for one product.

    Attributes:
        dataset: the data set's name.
        weights: "sha256:…" of both detectors' weights files, in the order of PAIR.
        counts: test images by outcome, whether chosen or not.
        cases: the chosen ones, in the order of Outcome.
        same_rate: counted and chosen anew with other limits; None in an older file, and without good test images.
    """

    product: str
    dataset: str
    weights: tuple[str | None, ...]
    counts: dict[Outcome, int]
    cases: tuple[Case, ...]
    same_rate: AtSameRate | None = None

    def at(self, same_rate: AtSameRate) -> "Selection":
        """The same selection as counted and chosen with those limits."""
        return replace(self, counts=same_rate.counts, cases=same_rate.cases)

    @property
    def total(self) -> int:
        """Test images that were judged."""
        return sum(self.counts.values())

    def of(self, outcome: Outcome) -> list[tuple[int, Case]]:
        """The chosen cases of one outcome, each with its place in `cases`."""
        return [(index, case) for index, case in enumerate(self.cases) if case.outcome == outcome]


def study_folder() -> Path:
    """Where the page looks for a study."""
    return weights_folder() / "study"


def case_picture(product: str, case: Case) -> tuple[np.ndarray, np.ndarray | None]:
    """A chosen image, RGB uint8 H×W×3, drawn again or read from the embedded examples, and where its faults are.

    That is bool H×W, None where nothing is wrong or it isn't known.

    Raises:
        DFSCError: when the product can't be drawn any more, or the example is gone.
    """
    if isinstance(case.origin, Drawn):
        drawn = render(product, case.origin.seed, case.origin.defects)
        masks = [mask for _, mask in drawn.masks]
        return drawn.image, np.any(masks, axis=0) if masks else None
    if isinstance(case.origin, Shipped):
        return read_image(weights_folder() / "examples" / product / case.origin.file), None
    raise DatasetError(f"{case.image} can't be shown without its data set.")


def selected_products(folder: Path) -> list[str]:
    """The products with a selection in a study's folder."""
    return sorted(path.stem for path in (folder / FOLDER).glob("*.json"))


def write_selection(selection: Selection, folder: Path) -> Path:
    """Write a selection into a study's folder, in place of an older one, and return its file."""
    file = folder / FOLDER / f"{selection.product}.json"
    content = {
        "format": FORMAT,
        "product": selection.product,
        "dataset": selection.dataset,
        "weights": dict(zip(PAIR, selection.weights, strict=True)),
        "counts": selection.counts,
        "images": [_record(case) for case in selection.cases],
    }
    if same := selection.same_rate:
        content["same_rate"] = asdict(same) | {"cases": [_record(case) for case in same.cases]}
    with replacing(file) as unfinished:
        unfinished.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return file


def read_selection(folder: Path, product: str) -> Selection:
    """Raises DatasetError when a product's file in a study's folder is not one of `write_selection`."""
    file = folder / FOLDER / f"{product}.json"
    try:
        content = read_json(file)
        if content.pop("format") != FORMAT or content["product"] != product or content["counts"].keys() != set(Outcome):
            raise ValueError
        by_method = content.pop("weights")
        content["weights"] = [by_method[method] for method in PAIR]
        content["cases"] = [_case(record) for record in content.pop("images")]
        if same := content.get("same_rate"):
            same["cases"] = [_case(record) for record in same["cases"]]
        return TypeAdapter(Selection).validate_python(content, extra="forbid")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"{file.name} is not a selection of images; write it again with `study images`.") from error


def _record(case: Case) -> dict:
    kind = "drawn" if isinstance(case.origin, Drawn) else "shipped"
    findings = {method: asdict(finding) for method, finding in zip(PAIR, case.findings, strict=True)}
    return {
        "image": case.image,
        "family": case.family,
        "defects": case.defects,
        kind: asdict(case.origin),
        "findings": findings,
    }


def _case(record: dict) -> dict:
    """A record as `Case` has its fields."""
    origin = record.pop("drawn", None) or record.pop("shipped")
    return record | {"origin": origin, "findings": [record["findings"][method] for method in PAIR]}
