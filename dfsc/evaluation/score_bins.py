"""Bins for scores of any distribution: a fixed number of them, made finer where it matters.

A score is looked at as the bits of its float, put such that they compare as scores do. Bins tell the upper bits apart;
a split drops all bins but some and divides these by the next bits, as many as there is room for.
"""

import numpy as np

from dfsc.errors import DFSCError

COARSE_BITS = 18
MOST_BINS = 1 << COARSE_BITS
CHUNK = 1 << 18  # scores that are looked at together, so that what is made of them stays in the processor's cache


class ScoreBins:
    """Bins of float32 or float64 scores, ascending; all scores at first, then those of the bins that were split."""

    def __init__(self, width: int):
        """`width` is 32 or 64, the number of bits of a score."""
        self._width, self._told = width, COARSE_BITS
        self._prefixes = np.arange(1 << COARSE_BITS, dtype=np.uint64)
        self._splits: list[tuple[np.ndarray, int]] = []

    @property
    def count(self) -> int:
        """At most MOST_BINS, or twice the number of bins that were split where that is more."""
        return len(self._prefixes)

    @property
    def is_split(self) -> bool:
        return bool(self._splits)

    @property
    def single_values(self) -> bool:
        """Whether each bin holds one value only."""
        return self._told == self._width

    @property
    def lowest_keys(self) -> np.ndarray:
        """The key of each bin's lowest score, uint64."""
        return self._prefixes << np.uint64(self._width - self._told)

    def histogram(self, keys: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """N keys (see `ordered_keys`) → how many lie in each bin, or the sum of their weights; float64."""
        sums = np.zeros(self.count)
        for start in range(0, len(keys), CHUNK):
            chunk = slice(start, start + CHUNK)
            of_chunk = None if weights is None else weights[chunk]
            sums += np.bincount(self._bins(keys[chunk]), of_chunk, self.count)[: self.count]
        return sums

    def split(self, bins: np.ndarray) -> None:
        """Keep only these bins (ascending, at least one), each divided by as many further bits as MOST_BINS allows."""
        bits = min(max(1, (MOST_BINS // len(bins)).bit_length() - 1), self._width - self._told)
        spare = 1 << self._splits[-1][1] if self._splits else 0  # bins behind the last, for what is in none
        places = np.full(self.count + spare, len(bins), np.intp)
        places[bins] = np.arange(len(bins))
        self._splits.append((places << bits, bits))
        further = np.arange(1 << bits, dtype=np.uint64)
        self._prefixes = ((self._prefixes[bins] << np.uint64(bits))[:, None] | further).ravel()
        self._told += bits

    def _bins(self, keys: np.ndarray) -> np.ndarray:
        """N keys → N bins; `count` and above for those that are in no bin any more."""
        shift = self._width - COARSE_BITS
        bins = (keys >> shift).astype(np.intp)
        for places, bits in self._splits:
            shift -= bits
            bins = places[bins] | ((keys >> shift).astype(np.intp) & ((1 << bits) - 1))
        return bins


def ordered_keys(scores: np.ndarray, width: int) -> np.ndarray:
    """Scores of any shape → unsigned integers of 32 or 64 bits that compare as the scores, as floats of that width, do.

    Raises:
        DFSCError: when a score is not a number.
    """
    number, signed, unsigned = (np.float32, np.int32, np.uint32) if width == 32 else (np.float64, np.int64, np.uint64)
    values = scores.astype(number, copy=False) + number(0)  # a copy, in which -0 is 0
    if np.isnan(values).any():
        raise DFSCError("Pixel metrics can't be computed, because a score of an anomaly map is not a number.")
    flipped = values.view(signed) >> (width - 1)  # all bits of a negative score, else only the sign's
    flipped |= np.iinfo(signed).min
    keys = values.view(unsigned)
    keys ^= flipped.view(unsigned)
    return keys
