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
    scores, anomalous = np.asarray(scores), np.asarray(anomalous, dtype=bool)
    if scores.ndim != 1 or scores.shape != anomalous.shape:
        raise DFSCError(f"AUROC needs one label a score, not {anomalous.shape} labels for {scores.shape} scores.")
    if np.isnan(scores).any():
        raise DFSCError("AUROC can't be computed, because a score is not a number.")
    positives = int(anomalous.sum())
    negatives = len(anomalous) - positives
    if not positives or not negatives:
        raise DFSCError(f"AUROC needs good and anomalous images, not {negatives} good and {positives} anomalous ones.")
    # Twice the ranks are whole numbers even for ties, so that nothing is rounded before the last division.
    doubled_rank_sum = int(_doubled_mid_ranks(scores)[anomalous].sum())
    return (doubled_rank_sum - positives * (positives + 1)) / (2 * positives * negatives)


def _doubled_mid_ranks(values: np.ndarray) -> np.ndarray:
    """int64 N: twice each value's rank from 1 on, equal values sharing the mean of their ranks."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    return (2 * last - sizes + 1)[group]
