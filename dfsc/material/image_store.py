"""Network images that don't all lie in memory: a few do, of many a file keeps them."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from dfsc.geometry import INPUT_SIZE

# 100 MB
IN_MEMORY = 512
_SHAPE = (INPUT_SIZE, INPUT_SIZE, 3)
_BYTES = INPUT_SIZE * INPUT_SIZE * 3


class ImageStore:
    """Images uint8 256×256×3 that are read again by number, used as an array N×256×256×3; for one thread at a time.

    From 513 images on they lie in a file that vanishes with the process or with the last reference.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, near: Path):
        """Args:
        near: a path on the disk to use; the file will lie in the nearest folder of it that exists.
        """
        folder = next(place for place in (near, *near.absolute().parents) if place.is_dir())
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY * _BYTES, dir=str(folder), prefix=".dfsc-")  # noqa: SIM115
        self._count = 0

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self._count, *_SHAPE

    def __len__(self) -> int:
        return self._count

    def append(self, image: np.ndarray) -> None:
        """Add an image, uint8 256×256×3."""
        self._file.seek(self._count * _BYTES)
        self._file.write(np.ascontiguousarray(image).tobytes())
        self._count += 1

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int | np.integer | Sequence[int] | np.ndarray) -> np.ndarray:
        """An image by its number, or several as N×256×256×3."""
        if not isinstance(number, int | np.integer):
            return np.stack([self[int(one)] for one in number]) if len(number) else np.empty((0, *_SHAPE), np.uint8)
        if not 0 <= number < self._count:
            raise IndexError(number)
        self._file.seek(int(number) * _BYTES)
        return np.frombuffer(self._file.read(_BYTES), np.uint8).reshape(_SHAPE)


def stored(images: np.ndarray, near: Path) -> ImageStore:
    """Images N×256×256×3 in a store on the disk of a path."""
    store = ImageStore(near)
    for image in images:
        store.append(image)
    return store


class Chosen:
    """Some of the images of an array or a store, by their numbers, without a copy of them."""

    def __init__(self, images: "np.ndarray | ImageStore", numbers: Sequence[int]):
        self._images, self._numbers = images, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, number: int) -> np.ndarray:
        return self._images[self._numbers[number]]
