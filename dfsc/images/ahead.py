"""Pictures in batches: while one batch is looked at, a thread decodes the next, and no more than that."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

from dfsc.errors import ImageError

Item = TypeVar("Item")
Pixels = TypeVar("Pixels")


@dataclass(frozen=True)
class Batch(Generic[Item, Pixels]):
    """Items that could be read with what was read of each, and the others, each with a sentence why not."""

    items: list[Item] = field(default_factory=list)
    pixels: list[Pixels] = field(default_factory=list)
    left_out: list[tuple[Item, str]] = field(default_factory=list)


def decoded_ahead(items: Iterable[Item], read: Callable[[Item], Pixels], size: int) -> Iterator[Batch[Item, Pixels]]:
    """Batches of `size` items in order; `read` raises ImageError for what can't be read."""
    items = iter(items)
    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead = pool.submit(_read, list(islice(items, size)), read)
        while following := list(islice(items, size)):
            batch = ahead.result()
            ahead = pool.submit(_read, following, read)
            yield batch
        yield ahead.result()


def _read(items: list[Item], read: Callable[[Item], Pixels]) -> Batch[Item, Pixels]:
    batch: Batch[Item, Pixels] = Batch()
    for item in items:
        try:
            pixels = read(item)
        except ImageError as error:
            batch.left_out.append((item, str(error)))
        else:
            batch.items.append(item)
            batch.pixels.append(pixels)
    return batch
