"""A visitor's photographs of good parts: read one by one, in two small sizes, with what is to be said about them.

Reading is a generator of records that page, command line and tests share. Bad files are named and left out, the rest
goes on; too few photographs, copies and strays are told, never raised.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

import numpy as np

from dfsc.archives import ZIP_STARTS
from dfsc.errors import ImageError
from dfsc.figures import display_copy
from dfsc.images import read_image, resize_for_network
from dfsc.likeness import near_duplicates, unlike_the_others
from dfsc.networks import INPUT_SIZE
from dfsc.trainingset import MIN_IMAGES
from dfsc.uploads import Listing, SourceFile

MAX_PHOTOGRAPHS = 200
THUMBNAIL_EDGE = 160
DECODERS = 2

OTHER_ARCHIVES = (b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")

Upload = str | Path | tuple[str | Path, str]


@dataclass(frozen=True)
class Unlike:
    """A photograph that is unlike the others, and why: a clause in plain words."""

    name: str
    why: str


@dataclass(frozen=True, eq=False)
class PhotoSet:
    """Photographs that were read, in the visitor's order; N of them, perhaps too few.

    Names come from the visitor: without folders, printable and different from one another, but not to be trusted in
    HTML. So are those in sentences.

    Attributes:
        names: N names.
        images: uint8 N×256×256×3, resized from the originals by the detectors' rule.
        thumbnails: N times RGB uint8 h×w×3, longer side at most 160, in the original's proportion.
        sizes: width and height of the N originals, upright, in pixels.
        left_out: one sentence for each file, folder or zip that could not be used.
        unread: how many files were not looked at, because there were 200 photographs already.
        near_duplicates: groups of names that show the same photograph, saved again or scaled.
        unlike: photographs unlike the others.
    """

    names: tuple[str, ...]
    images: np.ndarray
    thumbnails: tuple[np.ndarray, ...]
    sizes: tuple[tuple[int, int], ...]
    left_out: tuple[str, ...]
    unread: int
    near_duplicates: tuple[tuple[str, ...], ...]
    unlike: tuple[Unlike, ...]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def shortage(self) -> str:
        """What is missing for a training, in one sentence; empty if nothing is."""
        if len(self) >= MIN_IMAGES:
            return ""
        need = f"a training needs at least {MIN_IMAGES} photographs of good parts"
        if not len(self):
            return f"There is no photograph yet that could be read; {need}."
        many = "is only 1 photograph" if len(self) == 1 else f"are only {len(self)} photographs"
        return f"There {many}, and {need}, so please add {MIN_IMAGES - len(self)} more."

    @property
    def surplus(self) -> str:
        """That not all files were looked at, in one sentence; empty if all were."""
        if not self.unread:
            return ""
        others = "1 more file was" if self.unread == 1 else f"{self.unread} more files were"
        return f"The first {MAX_PHOTOGRAPHS} photographs are used; {others} not looked at."

    @property
    def hints(self) -> tuple[str, ...]:
        """One sentence for each group of copies and each photograph unlike the others."""
        copies = (
            f"{_listed(group)} are nearly the same photograph; one of them is enough." for group in self.near_duplicates
        )
        strays = (f"{one.name} looks unlike the others: {one.why}; is it one of these parts?" for one in self.unlike)
        return (*copies, *strays)


@dataclass(frozen=True)
class ReadingProgress:
    """A file was read or left out: `done` of `total` files; the last record, and only it, has the photographs."""

    done: int
    total: int
    name: str
    photographs: PhotoSet | None = None


@dataclass(frozen=True, eq=False)
class _Photograph:
    name: str
    size: tuple[int, int]
    network: np.ndarray
    thumbnail: np.ndarray


def read_photographs(uploads: Iterable[Upload]) -> Iterator[ReadingProgress]:
    """Read pictures, folders and zips in any mixture, two at a time; nothing is extracted to disk.

    Only the small sizes are kept: full-size pixels of at most two photographs exist at once. Closing the generator
    stops the reading.

    Args:
        uploads: paths, each alone or with the name that the visitor gave it.

    Yields:
        a record for each file, and a last one with the PhotoSet. No bad file raises.
    """
    with Listing(_named(upload) for upload in uploads) as listing:
        total, problems = len(listing.files), list(listing.problems)
        photographs: list[_Photograph] = []
        done = 0
        with closing(_decoded(listing.files)) as decoded:
            for name, result in decoded:
                done += 1
                (photographs if isinstance(result, _Photograph) else problems).append(result)
                yield ReadingProgress(done, total, name)
                if len(photographs) == MAX_PHOTOGRAPHS:
                    break
    last = photographs[-1].name if photographs else ""
    yield ReadingProgress(done, total, last, _photo_set(photographs, problems, total - done))


def load_photographs(uploads: Iterable[Upload]) -> PhotoSet:
    """The photographs of `read_photographs` at once."""
    *_, last = read_photographs(uploads)
    return last.photographs


def joined(first: PhotoSet, second: PhotoSet) -> PhotoSet:
    """Both sets' photographs as one, at most 200; names that both have are numbered in the second."""
    taken, photographs = set(), []
    for of in (first, second):
        for name, size, image, thumbnail in zip(of.names, of.sizes, of.images, of.thumbnails, strict=True):
            numbered = chain([name], (f"{name} ({number})" for number in count(2)))
            own = next(candidate for candidate in numbered if candidate not in taken)
            taken.add(own)
            photographs.append(_Photograph(own, size, image, thumbnail))
    unread = first.unread + second.unread + max(0, len(photographs) - MAX_PHOTOGRAPHS)
    return _photo_set(photographs[:MAX_PHOTOGRAPHS], [*first.left_out, *second.left_out], unread)


def photo_set(images: Iterable[tuple[str, np.ndarray]]) -> PhotoSet:
    """A set of photographs that are decoded already: names and RGB uint8 H×W×3 arrays."""
    return _photo_set([_photograph(name, image) for name, image in images], [], 0)


def _named(upload: Upload) -> tuple[Path, str]:
    path, name = upload if isinstance(upload, tuple) else (upload, os.path.basename(os.path.abspath(upload)))
    return Path(path), name


def _decoded(files: list[SourceFile]) -> Iterator[tuple[str, _Photograph | str]]:
    """Each file's name with its photograph, or with the sentence why there is none, in order, decoded ahead."""
    waiting: deque[tuple[str, Future]] = deque()
    pool = ThreadPoolExecutor(DECODERS, thread_name_prefix="photographs")
    try:
        for file in files:
            waiting.append((file.name, pool.submit(_read, file)))
            if len(waiting) > DECODERS:
                yield _next(waiting)
        while waiting:
            yield _next(waiting)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _next(waiting: deque[tuple[str, Future]]) -> tuple[str, _Photograph | str]:
    name, future = waiting.popleft()
    return name, future.result()


def _read(file: SourceFile) -> _Photograph | str:
    try:
        data = file.read()
        _refuse_archive(data, file.name)
        image = read_image(data, file.name)
    except ImageError as error:
        return str(error)
    return _photograph(file.name, image)


def _photograph(name: str, image: np.ndarray) -> _Photograph:
    height, width = image.shape[:2]
    return _Photograph(name, (width, height), resize_for_network(image), display_copy(image, THUMBNAIL_EDGE))


def _refuse_archive(data: bytes, name: str) -> None:
    if data.startswith(ZIP_STARTS):
        raise ImageError(f"{name} is a zip inside a zip, which is not opened; unpack it, or choose it by itself.")
    if data.startswith(OTHER_ARCHIVES):
        raise ImageError(f"{name} is an archive of a kind that is not opened; pack the photographs into a zip.")


def _photo_set(photographs: list[_Photograph], problems: list[str], unread: int) -> PhotoSet:
    names = tuple(photograph.name for photograph in photographs)
    images = np.empty((len(photographs), INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
    for row, photograph in zip(images, photographs, strict=True):
        row[:] = photograph.network
    sizes = tuple(photograph.size for photograph in photographs)
    return PhotoSet(
        names=names,
        images=images,
        thumbnails=tuple(photograph.thumbnail for photograph in photographs),
        sizes=sizes,
        left_out=tuple(problems),
        unread=unread,
        near_duplicates=tuple(tuple(names[i] for i in group) for group in near_duplicates(images)),
        unlike=tuple(Unlike(names[i], why) for i, why in unlike_the_others(images, sizes).items()),
    )


def _listed(names: tuple[str, ...]) -> str:
    """a, b and c; of many, the first three and a number."""
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} others"
    return f"{', '.join(names[:-1])} and {names[-1]}"
