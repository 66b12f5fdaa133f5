"""A visitor's photographs of good parts: read one by one, in two small sizes, with what is to be said about them.

Reading is a generator of records that page, command line and tests share. Bad files are named and left out, the rest
goes on; too few photographs, copies and strays are told, never raised.
"""

import os
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np

from dfsc.errors import ImageError
from dfsc.geometry import INPUT_SIZE
from dfsc.images.archives import ZIP_STARTS
from dfsc.images.decoding import (
    FULL_BITS,
    bits_of,
    check_bits,
    highest_value,
    read_image,
    recognised_bits,
    resize_for_network,
)
from dfsc.images.display import display_copy
from dfsc.images.photo_files import summary
from dfsc.images.uploads import Listing, SourceFile
from dfsc.material.lookalikes import near_duplicates, unlike_the_others
from dfsc.material.training_set import MIN_IMAGES, is_blank

MAX_PHOTOGRAPHS = 200
THUMBNAIL_EDGE = 160
MOST_COMPARED = 1000  # each with all others
DECODERS = 2

OTHER_ARCHIVES = (b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")

Upload = str | Path | tuple[str | Path, str]
Uploads = Upload | Iterable[Upload]


@dataclass(frozen=True)
class Unlike:
    """A photograph that is unlike the others, and why: a clause in plain words."""

    name: str
    why: str


@dataclass(frozen=True, eq=False)
class PhotoSet:
    """N photos, in the visitor's order; N may be too small for a training.

    Names are the visitor's: without folders, printable and unique, but not safe in HTML, also within sentences.

    Attributes:
        names: N names.
        images: uint8 N×256×256×3, resized from the originals by the detectors' rule.
        thumbnails: N times RGB uint8 h×w×3, longer side at most 160, in the original's proportions.
        sizes: width and height of the N originals, upright, in pixels.
        left_out: one sentence for each file, folder or zip that could not be used.
        unread: how many files were not read, because the maximum was reached.
        near_duplicates: groups of names of the same photo, saved again or scaled.
        unlike: outliers among the photos.
        bits: significant bits of 16-bit photos; None without such photos.
    """

    names: tuple[str, ...]
    images: np.ndarray
    thumbnails: tuple[np.ndarray, ...]
    sizes: tuple[tuple[int, int], ...]
    left_out: tuple[str, ...]
    unread: int
    near_duplicates: tuple[tuple[str, ...], ...]
    unlike: tuple[Unlike, ...]
    bits: int | None = None

    def __len__(self) -> int:
        return len(self.names)

    @property
    def shortage(self) -> str:
        """One sentence on what a training still needs; empty if nothing."""
        blank = len(self._blank)
        if len(self) - blank >= MIN_IMAGES:
            return ""
        if len(self) >= MIN_IMAGES:
            return (
                f"Of the {len(self)} photographs, {blank} are of a single colour, black, white or transparent; a "
                f"training needs at least {MIN_IMAGES} that show the part."
            )
        need = f"a training needs at least {MIN_IMAGES} photographs of good parts"
        if not len(self):
            return f"There is no photograph yet that could be read; {need}."
        many = "is only 1 photograph" if len(self) == 1 else f"are only {len(self)} photographs"
        return f"There {many}, and {need}, so please add {MIN_IMAGES - len(self)} more."

    @property
    def surplus(self) -> str:
        """One sentence on files not read; empty if all were."""
        if not self.unread:
            return ""
        others = "1 more file was" if self.unread == 1 else f"{self.unread} more files were"
        return f"The first {len(self)} photographs are used; {others} not looked at."

    @property
    def summary(self) -> str:
        """One sentence: how many photos are used, and which are left out and why."""
        rest = (f"{self.unread} more files were not looked at",) if self.unread else ()
        return summary(len(self), (*rest, *self.left_out))

    @property
    def hints(self) -> tuple[str, ...]:
        """One sentence on the bits of 16-bit photographs, on those that show nothing, and on how few differ, if so.

        Then one for each group of copies and each photograph unlike the others.
        """
        if len(self) and len(self._blank) == len(self):
            return tuple(self._of_the_set())
        copies = (
            f"{_enumeration(group)} are nearly identical; one of them is enough." for group in self.near_duplicates
        )
        strays = (f"{one.name} looks unlike the others: {one.why}; is it one of these parts?" for one in self.unlike)
        return (*self._of_the_set(), *copies, *strays)

    @property
    def _blank(self) -> tuple[str, ...]:
        return tuple(name for name, image in zip(self.names, self.images, strict=True) if is_blank(image))

    def _of_the_set(self) -> Iterator[str]:
        if self.bits and self.bits < FULL_BITS:
            yield (
                f"The 16-bit photographs are read as values of {self.bits} bits, up to {(1 << self.bits) - 1}; so will "
                "those be that are inspected later."
            )
        blank = self._blank
        if len(self) and len(blank) == len(self):
            if len(self) < MIN_IMAGES:  # else the shortage says so
                yield "All of them are of a single colour, so they show no part."
            return
        if blank:
            what = "is of a single colour, so it shows" if len(blank) == 1 else "are of a single colour, so they show"
            yield f"{_enumeration(blank)} {what} no part."
        different = len(self) - sum(len(group) - 1 for group in self.near_duplicates)
        if different < MIN_IMAGES <= len(self):
            yield (
                f"Only {different} of these {len(self)} photographs differ, and copies teach nothing; at least "
                f"{MIN_IMAGES} different ones are needed."
            )


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
    highest: int | None = None  # value, where it has 16 bits


def read_photographs(uploads: Uploads, most: int | None = None, bits: int | None = None) -> Iterator[ReadingProgress]:
    """Read pictures, folders and zips in any mixture, two at a time; nothing is extracted to disk.

    Only the small sizes are kept: full-size pixels of at most two photographs exist at once. Closing the generator
    stops the reading. Of whole data sets the good training images alone are taken (see dfsc.images.good_parts).

    Args:
        uploads: one path or several, each alone or with the name that the visitor gave it.
        most: photographs that are taken; by default 200.
        bits: by how many bits 16-bit photographs are read; by default as many as their values fill, all together.

    Yields:
        a record for each file, and a last one with the PhotoSet. No bad file raises.
    """
    check_bits(bits)
    most = MAX_PHOTOGRAPHS if most is None else most
    with Listing(map(_named, _upload_list(uploads)), good=True) as listing:
        total, problems = len(listing.files), list(listing.problems)
        photographs: list[_Photograph] = []
        done = 0
        with closing(_decoded(listing.files, bits)) as decoded:
            for name, result in decoded:
                done += 1
                if isinstance(result, _Photograph):
                    photographs.append(result)
                else:
                    problems.append(result)
                yield ReadingProgress(done, total, name)
                if len(photographs) == most:
                    break
        photo_bits = bits or bits_of(photo.highest for photo in photographs if photo.highest is not None)
        if bits is None and photo_bits and photo_bits < FULL_BITS:
            photographs = _read_again(photographs, listing.files[:done], photo_bits)
    last = photographs[-1].name if photographs else ""
    yield ReadingProgress(done, total, last, _photo_set(photographs, problems, total - done, photo_bits))


def load_photographs(uploads: Uploads, most: int | None = None, bits: int | None = None) -> PhotoSet:
    """Read photos for a training: files, folders and zips, one or several (see `read_photographs`).

    Warns:
        UserWarning: if there are more than `most`; the rest is not read.
    """
    *_, photo_bits = (progress.photographs for progress in read_photographs(uploads, most, bits))
    assert photo_bits is not None, "the last record has it"
    if photo_bits.surplus:
        warnings.warn(f"{photo_bits.surplus} `most` takes more.", stacklevel=2)
    return photo_bits


def read_files(
    files: Sequence[tuple[Path, str]], bits: int | None = None, progress: Callable[[int, int], None] | None = None
) -> PhotoSet:
    """Photographs by path and name, all of them whatever folders they lie in; `bits` as for read_photographs.

    Args:
        progress: called after each file with how many were read, of how many.
    """
    sources = [SourceFile(name, name, path.read_bytes) for path, name in files]
    bits = bits or recognised_bits(path for path, _ in files)
    results = []
    for _, result in _decoded(sources, bits):
        results.append(result)
        if progress:
            progress(len(results), len(files))
    photographs = [result for result in results if isinstance(result, _Photograph)]
    return _photo_set(photographs, [result for result in results if isinstance(result, str)], 0, bits)


def joined(first: PhotoSet, second: PhotoSet) -> PhotoSet:
    """Both sets' photographs as one, at most 200; names that both have are numbered in the second."""
    taken, photographs = set(), []
    for of in (first, second):
        for name, size, image, thumbnail in zip(of.names, of.sizes, of.images, of.thumbnails, strict=True):
            numbered = chain([name], (f"{name} ({number})" for number in count(2)))
            unique = next(candidate for candidate in numbered if candidate not in taken)
            taken.add(unique)
            photographs.append(_Photograph(unique, size, image, thumbnail))
    bits = [of.bits for of in (first, second) if of.bits is not None]
    unread = first.unread + second.unread + max(0, len(photographs) - MAX_PHOTOGRAPHS)
    return _photo_set(
        photographs[:MAX_PHOTOGRAPHS], [*first.left_out, *second.left_out], unread, max(bits, default=None)
    )


def photo_set(images: Iterable[tuple[str, np.ndarray]]) -> PhotoSet:
    """A set of photographs that are decoded already: names and RGB uint8 H×W×3 arrays."""
    return _photo_set([_photograph(name, image) for name, image in images], [], 0)


def _named(upload: Upload) -> tuple[Path, str]:
    path, name = upload if isinstance(upload, tuple) else (upload, os.path.basename(os.path.abspath(upload)))
    return Path(path), name


def _upload_list(uploads: Uploads) -> list[Upload]:
    """Raises ImageError for what is neither a path, nor one with a name, nor several."""
    source: Any = uploads
    pair = isinstance(source, tuple) and len(source) == 2 and type(source[1]) is str and _is_upload(source)
    single = isinstance(source, (str, Path)) or (pair and not Path(source[1]).exists())
    items = [source] if single or not isinstance(source, Iterable) else list(source)
    for upload in items:
        if not _is_upload(upload):
            raise ImageError(
                "Photographs are read from paths of files, folders or zips, one or several, "
                f"not {type(upload).__name__}."
            )
        if "" in (upload, upload[0] if isinstance(upload, tuple) else None):
            raise ImageError('An empty path names no photographs; "." is the current folder.')
    return items


def _is_upload(upload: object) -> bool:
    parts = upload if isinstance(upload, tuple) and len(upload) == 2 else (upload, "")
    return isinstance(parts[0], (str, Path)) and isinstance(parts[1], str)


def _read_again(photographs: list[_Photograph], files: list[SourceFile], bits: int) -> list[_Photograph]:
    """The same photographs, those of 16 bits by fewer bits; only now is it known that all of them have no more."""
    deep = {photograph.name for photograph in photographs if photograph.highest is not None}
    again = dict(_decoded([file for file in files if file.name in deep], bits))
    photo_bits = (again.get(photograph.name, photograph) for photograph in photographs)
    return [one if isinstance(one, _Photograph) else old for one, old in zip(photo_bits, photographs, strict=True)]


def _decoded(files: list[SourceFile], bits: int | None) -> Generator[tuple[str, _Photograph | str]]:
    """Each file's name with its photograph, or with the sentence why there is none, in order, decoded ahead."""
    waiting: deque[tuple[str, Future]] = deque()
    pool = ThreadPoolExecutor(DECODERS, thread_name_prefix="photographs")
    try:
        for file in files:
            waiting.append((file.name, pool.submit(_read, file, *([bits] if bits else []))))
            if len(waiting) > DECODERS:
                yield _next(waiting)
        while waiting:
            yield _next(waiting)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _next(waiting: deque[tuple[str, Future]]) -> tuple[str, _Photograph | str]:
    name, future = waiting.popleft()
    return name, future.result()


def _read(file: SourceFile, *bits: int) -> _Photograph | str:
    try:
        data = file.read()
        _refuse_archive(data, file.name)
        image = read_image(data, file.name, *bits)
    except ImageError as error:
        return str(error)
    except OSError:
        return f"{file.name} could not be read; check that it is there, and its permissions."
    return _photograph(file.name, image, None if bits else highest_value(data))


def _photograph(name: str, image: np.ndarray, highest: int | None = None) -> _Photograph:
    height, width = image.shape[:2]
    thumbnail = display_copy(image, THUMBNAIL_EDGE)
    return _Photograph(name, (width, height), resize_for_network(image), thumbnail, highest)


def _refuse_archive(data: bytes, name: str) -> None:
    if data.startswith(ZIP_STARTS):
        raise ImageError(f"{name} is a zip inside a zip, which is not opened; unpack it, or choose it by itself.")
    if data.startswith(OTHER_ARCHIVES):
        raise ImageError(f"{name} is an archive of a kind that is not opened; pack the photographs into a zip.")


def _photo_set(photographs: list[_Photograph], problems: list[str], unread: int, bits: int | None = None) -> PhotoSet:
    names = tuple(photograph.name for photograph in photographs)
    images = np.empty((len(photographs), INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
    for row, photograph in zip(images, photographs, strict=True):
        row[:] = photograph.network
    sizes = tuple(photograph.size for photograph in photographs)
    compared = images[:MOST_COMPARED]
    return PhotoSet(
        names=names,
        images=images,
        thumbnails=tuple(photograph.thumbnail for photograph in photographs),
        sizes=sizes,
        left_out=tuple(problems),
        unread=unread,
        near_duplicates=tuple(tuple(names[i] for i in group) for group in near_duplicates(compared)),
        unlike=tuple(Unlike(names[i], why) for i, why in unlike_the_others(compared, sizes[:MOST_COMPARED]).items()),
        bits=bits,
    )


def _enumeration(names: tuple[str, ...]) -> str:
    """a, b and c; of many, the first three and a number."""
    if len(names) == 1:
        return names[0]
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} others"
    return f"{', '.join(names[:-1])} and {names[-1]}"
