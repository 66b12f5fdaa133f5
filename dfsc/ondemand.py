"""Rows that are made when they are first asked for and then kept, so that a training can begin at once."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any


class OnDemand:
    """A stack of `count` equal arrays or tensors, each made by its number; for one thread at a time."""

    def __init__(
        self, count: int, make: Callable[[int], Any], join: Callable[[Sequence[Any]], Any], kept: int | None = None
    ):
        """Args:
        make: number (0 to count − 1) → row, the same for the same number.
        join: rows → their stack, e.g. numpy.stack.
        kept: how many rows to keep, those that were made last; None for all.
        """
        self._rows: dict[int, Any] = {}
        self._count, self._make, self._join, self.kept = count, make, join, kept

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, numbers: Iterable[int]) -> Any:
        """The stack of the rows with these numbers, in their order."""
        return self._join([self.row(int(number)) for number in numbers])

    def row(self, number: int) -> Any:
        if number not in self._rows:
            self._rows[number] = self._make(number)
            if self.kept and len(self._rows) > self.kept:
                del self._rows[next(iter(self._rows))]
        return self._rows[number]

    def forget(self) -> None:
        """Drop all rows; they are made anew when they are asked for again."""
        self._rows.clear()
