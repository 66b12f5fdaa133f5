"""Which files are photos of good parts to train on, by the names of their folders.

A whole data set stands for its good training images: not the faulty ones, the test images or the masks. Supported are
train/good beside test and ground_truth (MVTec AD, LOCO AD, AD 2), train/ok (BTAD), Data/Images/Normal
(VisA), and a folder of good ones beside folders of others.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

GOOD = {"good", "ok", "normal", "nominal"}
TRAIN = {"train", "training"}
# Folders of these names never hold good photographs to train on.
FAULTY = {"bad", "ng", "ko", "nok", "defect", "defects", "defective", "faulty", "faults", "anomaly", "anomalies"}
FAULTY |= {"anomalous", "abnormal", "logical_anomalies", "structural_anomalies", "reject", "rejects", "not_ok"}
MASKS = {"ground_truth", "groundtruth", "gt", "mask", "masks", "annotations", "segmentation"}
TEST = {"test", "testing", "test_public", "test_private", "test_private_mixed", "val", "valid", "validation"}
NOT_GOOD = FAULTY | MASKS | TEST
MAX_LISTED = 4

Folders = tuple[str, ...]


def good_training(places: Sequence[str]) -> tuple[list[int], str]:
    """Which files to train on.

    Args:
        places: each file's path within the upload, with "/" between folders.

    Returns:
        ascending indices, and one sentence on what is left out and why, empty if all are used.
    """
    folders = [tuple(place.split("/")[:-1]) for place in places]
    sources = _sources(set(folders))
    if len(sources) > 1 and len({source[:-2] for source in sources}) > 1:
        products = ", ".join(sorted("/".join(source[:-2]) or "." for source in sources)[:MAX_LISTED])
        return [], f"These are data sets of several products ({products}), so nothing was used; choose one of them."
    if sources:
        indices = [i for i, folder in enumerate(folders) if any(folder[: len(source)] == source for source in sources)]
        return indices, _sentence(folders, indices, " and ".join(sorted("/".join(source) for source in sources)))
    indices = [i for i, folder in enumerate(folders) if not any(_lower(name) in NOT_GOOD for name in folder)]
    return indices, _sentence(folders, indices)


def _sources(folders: set[Folders]) -> set[Folders]:
    """The folders with a data set's good training images; none without such a layout."""
    every = {folder[:depth] for folder in folders for depth in range(1, len(folder) + 1)}
    good = {folder for folder in every if _is_good(folder[-1])}
    inner = {folder for folder in good if not any(_lower(name) in NOT_GOOD for name in folder[:-1])}
    trained = {folder for folder in inner if len(folder) > 1 and _lower(folder[-2]) in TRAIN}
    if trained:
        return trained
    loose = {
        f for f in every if _lower(f[-1]) in TRAIN and any(_lower(o[-1]) in TEST | MASKS for o in _beside(f, every))
    }
    if loose:
        return loose
    # Good ones beside others are told apart from them, whatever those are called.
    return {folder for folder in inner if _beside(folder, every)} or {
        folder for folder in good - inner if not inner and _lower(folder[-2]) in TEST and _beside(folder, every)
    }


def _beside(folder: Folders, every: Iterable[Folders]) -> list[Folders]:
    return [other for other in every if len(other) == len(folder) and other[:-1] == folder[:-1] and other != folder]


def _sentence(folders: list[Folders], indices: list[int], source: str = "") -> str:
    """How many files are used, and which are not; empty if all are."""
    left = Counter(_place(folders[i]) for i in set(range(len(folders))) - set(indices))
    if not left:
        return ""
    others = ", ".join(f"{number} in {place}" for place, number in left.most_common(MAX_LISTED)) + ", …" * (
        len(left) > MAX_LISTED
    )
    if not indices:
        return f"Nothing here counts as a good photograph: {others}."
    what = f"of this data set the {len(indices)} in {source}" if source else f"the {len(indices)} not marked as others"
    return f"Only good training images are used, {what}, but not {others}."


def _place(folder: Folders) -> str:
    """The part of a path that explains why its files are not used."""
    for depth, name in enumerate(folder, start=1):
        if _lower(name) in NOT_GOOD:
            return "/".join(folder[:depth])
    return "/".join(folder) or "no folder"


def _is_good(name: str) -> bool:
    lower = _lower(name)
    return lower in GOOD or lower.startswith(("good_", "ok_", "normal_"))


def _lower(name: str) -> str:
    return name.casefold().replace(" ", "_").replace("-", "_")
