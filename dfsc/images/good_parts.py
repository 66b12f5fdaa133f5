"""Which of many files are photographs of good parts to train on, by the names of the folders that they lie in.

Whoever hands over a whole data set means its good training images: not the faulty ones, not what it is to be tested
with, and not its masks. Known are train/good beside test and ground_truth (MVTec AD, LOCO AD, AD 2), train/ok (BTAD),
Data/Images/Normal (VisA), and a folder of good ones beside folders of others.
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
SHOWN = 4

Folders = tuple[str, ...]


def good_training(places: Sequence[str]) -> tuple[list[int], str]:
    """Which files to train on.

    Args:
        places: each file's path within what was handed over, folders divided by "/".

    Returns:
        ascending indices, and one sentence on what was left and why; empty where all are taken.
    """
    folders = [tuple(place.split("/")[:-1]) for place in places]
    sources = _sources(set(folders))
    if len(sources) > 1 and len({source[:-2] for source in sources}) > 1:
        products = ", ".join(sorted("/".join(source[:-2]) or "." for source in sources)[:SHOWN])
        return [], f"These are data sets of several products ({products}), so nothing was taken; choose one of them."
    if sources:
        taken = [i for i, folder in enumerate(folders) if any(folder[: len(source)] == source for source in sources)]
        return taken, _said(len(taken), folders, taken, " and ".join(sorted("/".join(source) for source in sources)))
    taken = [i for i, folder in enumerate(folders) if not any(_lower(name) in NOT_GOOD for name in folder)]
    return taken, _said(len(taken), folders, taken, "")


def _sources(folders: set[Folders]) -> set[Folders]:
    """The folders that hold a data set's good training images; none where there is no such layout."""
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


def _said(count: int, folders: list[Folders], taken: list[int], source: str) -> str:
    left = Counter(_place(folders[i]) for i in set(range(len(folders))) - set(taken))
    if not left:
        return ""
    others = ", ".join(f"{number} in {place}" for place, number in left.most_common(SHOWN)) + ", …" * (
        len(left) > SHOWN
    )
    if not count:
        return f"Nothing is taken as a good photograph here: {others}."
    what = f"of this data set the {count} in {source}" if source else f"the {count} that are not told to be others"
    return f"Only good training images are taken, {what}, but not {others}."


def _place(folder: Folders) -> str:
    """The part of a path that says why what is in it is not taken."""
    for depth, name in enumerate(folder, start=1):
        if _lower(name) in NOT_GOOD:
            return "/".join(folder[:depth])
    return "/".join(folder) or "no folder"


def _is_good(name: str) -> bool:
    lower = _lower(name)
    return lower in GOOD or lower.startswith(("good_", "ok_", "normal_"))


def _lower(name: str) -> str:
    return name.casefold().replace(" ", "_").replace("-", "_")
