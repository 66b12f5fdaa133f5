"""The card of a rendered data set on the Hub: what it shows, how it was drawn, and how it is used."""

from pathlib import Path

from dfsc.errors import DatasetError
from dfsc.files import read_json
from dfsc.scenes.dataset import CONFIG, PARTS, RECORD
from dfsc.scenes.product import Product
from dfsc.scenes.rendering import find_product

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"))


def dataset_card(folder: Path, repository: str) -> str:
    """The README.md of a folder that write_dataset wrote, for the repository org/name.

    Raises:
        DatasetError: for a folder that holds no rendered data set.
    """
    try:
        record = read_json(folder / RECORD)
        product, seed = find_product(record["product"]), int(record["seed"])
        graded = bool(record.get("graded", False))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"{folder} holds no rendered data set; name one that `render` has written.") from error
    counts = {place: len(list((folder / place).glob("*.png"))) for place, _ in PARTS.values()}
    return "\n".join(
        [
            *_front_matter(product, counts),
            f"# {repository.partition('/')[2]}",
            "",
            f"Rendered photographs of the product `{product.name}`. {product.summary} Good ones for training, good and "
            "anomalous ones for testing, with a mask for every defect, in the layout of MVTec LOCO AD.",
            "",
            "| folder | images |",
            "|---|---|",
            *(f"| `{place}` | {count} |" for place, count in counts.items()),
            "",
            f"- logical anomalies: {_names(product, 'logical', graded)}",
            f"- structural anomalies: {_names(product, 'structural', graded)}",
            f"- masks: `ground_truth/KIND/IMAGE/NUMBER.png`; `{CONFIG}` says which value is which defect, and how much "
            "of it has to be found",
            "",
            "No photograph of anybody or anything was used. Every image depends on seed, part and number alone, so "
            "the same are drawn by",
            "",
            "```sh",
            f"dfsc render {product.name} --seed {seed}{' --graded' if graded else ''} --out {product.name}",
            "```",
            "",
            "or fetched, and used, by",
            "",
            "```sh",
            f"hf download {repository} --repo-type dataset --local-dir {product.name}",
            f"dfsc train {product.name} --method fre --out my_fre",
            f"dfsc evaluate {product.name} --checkpoint my_fre",
            "```",
            "",
        ]
    )


def _front_matter(product: Product, counts: dict[str, int]) -> list[str]:
    size = next((name for most, name in _SIZES if sum(counts.values()) < most), "100K<n<1M")
    # The Hub's viewer refuses a split without files.
    splits = dict.fromkeys(place.partition("/")[0] for place, count in counts.items() if count)
    return [
        "---",
        "license: apache-2.0",
        f"pretty_name: {product.name.replace('_', ' ').capitalize()}, rendered",
        "task_categories:",
        "  - image-classification",
        "  - image-segmentation",
        f"size_categories: [{size}]",
        "tags:",
        *(f"  - {tag}" for tag in ("anomaly-detection", "industrial-inspection", "synthetic", "dfsc")),
        "configs:",
        "  - config_name: default",
        "    data_files:",
        *(f"      - {{split: {split}, path: {split}/**/*.png}}" for split in splits),
        "---",
        "",
    ]


def _names(product: Product, family: str, graded: bool) -> str:
    kinds = [kind for kind in product.kinds if kind.family == family and (family != "logical" or kind.graded == graded)]
    return ", ".join(kind.name.replace("_", " ") for kind in kinds)
