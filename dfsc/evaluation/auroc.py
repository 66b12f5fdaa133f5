"""How well scores tell good images from anomalous ones."""

import numpy as np

from dfsc.errors import DFSCError


def image_auroc(scores: np.ndarray, anomalous: np.ndarray) -> float:
    """Area under the ROC curve: the chance that an anomalous image scores higher than a good one, ties counting half.

    Computed exactly, as the Mann-Whitney statistic over mid-ranks (Hanley & McNeil, Radiology 143, 1982), without a
    curve and its trapezoids.

    Args:
        scores: N values, higher for what looks more anomalous; infinities are values like others.
        anomalous: N booleans (or 0 and 1), true for anomalous images.

    Returns:
        A value in [0, 1]; 0.5 is chance.

    Raises:
        DFSCError: when only one of the two classes is there, lengths differ, or a score is not a number.
    """
    scores, anomalous = checked(scores, anomalous)
    positives = int(anomalous.sum())
    negatives = len(anomalous) - positives
    # Twice the ranks are whole numbers even for ties, so that nothing is rounded before the last division.
    doubled_rank_sum = int(_doubled_mid_ranks(scores)[anomalous].sum())
    return (doubled_rank_sum - positives * (positives + 1)) / (2 * positives * negatives)


def checked(scores: np.ndarray, anomalous: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores and boolean labels as arrays; raises DFSCError unless AUROC can be computed of them."""
    scores, anomalous = np.asarray(scores), np.asarray(anomalous, dtype=bool)
    if scores.ndim != 1 or scores.shape != anomalous.shape:
        raise DFSCError(f"AUROC needs one label a score, not {anomalous.shape} labels for {scores.shape} scores.")
    if np.isnan(scores).any():
        raise DFSCError("AUROC can't be computed, because a score is not a number.")
    positives = int(anomalous.sum())
    negatives = len(anomalous) - positives
    if not positives or not negatives:
        raise DFSCError(f"AUROC needs good and anomalous images, not {negatives} good and {positives} anomalous ones.")
    return scores, anomalous


def roc_points(scores: np.ndarray, anomalous: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of good and of anomalous images at or above each threshold, falling thresholds, from (0, 0) to (1, 1).

    Raises:
        DFSCError: as image_auroc does.
    """
    scores, anomalous = checked(scores, anomalous)
    thresholds, group = np.unique(-scores, return_inverse=True)
    counts = np.stack([np.bincount(group, part, len(thresholds)) for part in (~anomalous, anomalous)])
    shares = np.cumsum(counts, axis=1) / counts.sum(axis=1, keepdims=True)
    return np.insert(shares[0], 0, 0.0), np.insert(shares[1], 0, 0.0)


def mid_ranks(values: np.ndarray) -> np.ndarray:
    """float64 N: each value's rank from 1 on, equal values sharing the mean of their ranks."""
    return _doubled_mid_ranks(values) / 2


def _doubled_mid_ranks(values: np.ndarray) -> np.ndarray:
    """int64 N: twice each value's rank from 1 on, equal values sharing the mean of their ranks."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    return (2 * last - sizes + 1)[group]
