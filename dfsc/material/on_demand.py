"""Rows that are made when they are first asked for and then kept, so that a training can begin at once."""

import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any


class Memory:
    """What several stacks may keep together: rows up to so many bytes; what was not asked for longest goes first."""

    def __init__(self, limit: int):
        self.limit, self.used = limit, 0
        self._sizes: OrderedDict[tuple[weakref.ref, int], int] = OrderedDict()

    def note(self, stack: weakref.ref, number: int, size: int) -> None:
        """A stack has just made a row of so many bytes."""
        self._sizes[stack, number] = size
        self.used += size
        while self.used > self.limit and len(self._sizes) > 1:
            (oldest, row), freed = self._sizes.popitem(last=False)
            self.used -= freed
            if (owner := oldest()) is not None:
                owner.drop(row)

    def touch(self, stack: weakref.ref, number: int) -> None:
        """A row was asked for again."""
        self._sizes.move_to_end((stack, number))

    def forget(self, stack: weakref.ref, number: int) -> None:
        """A stack has let go of a row."""
        self.used -= self._sizes.pop((stack, number))


class OnDemand:
    """A stack of `count` equal arrays or tensors, each made by its number; for one thread at a time."""

    def __init__(
        self,
        count: int,
        make: Callable[[int], Any],
        join: Callable[[list[Any]], Any],
        kept: int | None = None,
        memory: Memory | None = None,
        same: Callable[[int], int] = int,
    ):
        """Args:
        make: number (0 to count − 1) → row, the same for the same number.
        join: rows → their stack, e.g. numpy.stack.
        kept: how many rows to keep, those that were made last; None for as many as `memory` holds, or all without one.
        memory: shared with other stacks, where `kept` says nothing.
        same: number → the first whose row is equal, which is made and kept instead.
        """
        self._rows: dict[int, Any] = {}
        self._count, self._make, self._join, self._same, self.kept = count, make, join, same, kept
        self._memory, self._reference = memory if kept is None else None, weakref.ref(self)
        self._source: OnDemand | None = None

    def copied(self, copy: Callable[[Any], Any], join: Callable[[list[Any]], Any], memory: Memory) -> "OnDemand":
        """A stack of copies of the rows, as `copy` makes them; what it has no room for is copied again from here."""
        copies = OnDemand(self._count, lambda number: copy(self.row(number)), join, self.kept, memory, self._same)
        copies._source = self
        return copies

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, numbers: Iterable[int]) -> Any:
        """The stack of the rows with these numbers, in their order."""
        return self._join([self.row(int(number)) for number in numbers])

    def row(self, number: int) -> Any:
        number = self._same(number)
        if number in self._rows:
            if self._memory:
                self._memory.touch(self._reference, number)
            return self._rows[number]
        row = self._rows[number] = self._make(number)
        if self._memory:
            self._memory.note(self._reference, number, row.nbytes)
        elif self.kept and len(self._rows) > self.kept:
            del self._rows[next(iter(self._rows))]
        return row

    def drop(self, number: int) -> None:
        """Let go of one row; it is made anew when it is asked for again."""
        del self._rows[number]

    def forget(self) -> None:
        """Let go of all rows."""
        if self._memory:
            for number in self._rows:
                self._memory.forget(self._reference, number)
        self._rows.clear()
        if self._source:
            self._source.forget()
