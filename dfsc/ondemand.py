"""Rows that are made when they are first asked for and then kept, so that a training can begin at once."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any


class OnDemand:
    """A stack of `count` equal arrays or tensors, each made by its number; for one thread at a time."""

    def __init__(self, count: int, make: Callable[[int], Any], join: Callable[[Sequence[Any]], Any]):
        """Args:
        make: number (0 to count − 1) → row, the same for the same number.
        join: rows → their stack, e.g. numpy.stack.
        """
        self._rows: list[Any] = [None] * count
        self._make, self._join = make, join

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, numbers: Iterable[int]) -> Any:
        """The stack of the rows with these numbers, in their order."""
        return self._join([self.row(int(number)) for number in numbers])

    def row(self, number: int) -> Any:
        if self._rows[number] is None:
            self._rows[number] = self._make(number)
        return self._rows[number]

    def forget(self) -> None:
        """Drop all rows; they are made anew when they are asked for again."""
        self._rows = [None] * len(self._rows)
