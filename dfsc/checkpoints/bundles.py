"""Several checkpoints at once: a folder of checkpoint folders, or a zip of them for downloading and sharing.

A zip has a folder for each detector with the three files of a checkpoint. The teacher is identified by its digest and
not packed, but used if it is in the zip. A zip is as untrusted as any upload: only files with these three names are
read, and nothing is ever unpickled.
"""

import re
import zipfile
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from dfsc.checkpoints.cards import detector_card
from dfsc.checkpoints.detectors import load_folder, save_detector
from dfsc.checkpoints.format import CONFIG_FILE, FILES, TEACHER
from dfsc.errors import CheckpointError, ImageError
from dfsc.files import replacing
from dfsc.images.archives import ArchiveError, entry_bytes, is_zip, open_zip
from dfsc.models.detector import Detector, Detectors, several
from dfsc.models.methods import METHODS

MAX_DETECTORS = 8
# The largest size's networks take 25 MB, the maps of 1,000 held-out images 13.
MAX_FILE_BYTES = 60_000_000


def open_folders(folders: Iterable[Path], source: str) -> list[Detector]:
    """The detectors in checkpoint folders; `source` says in words where they come from.

    Raises:
        CheckpointError: if one is incomplete, damaged or made for another teacher.
    """
    return in_order([load_folder(folder, source) for folder in folders])


def write_bundle(detectors: Detectors, file: str | Path) -> None:
    """Pack one or several detectors into a zip for `open_checkpoints` and the page, in place of an existing one.

    Each has a folder named after its method, numbered if there are several.
    """
    detectors = several(detectors)
    with (
        TemporaryDirectory() as temporary,
        replacing(Path(file)) as unfinished,
        zipfile.ZipFile(unfinished, "w") as archive,
    ):
        for detector in detectors:
            name = free_name(detector.config.method, {entry.partition("/")[0] for entry in archive.namelist()})
            folder = Path(temporary) / name
            save_detector(detector, folder, detector_card(detector.config, detector.calibration.count))
            for path in sorted(folder.iterdir()):
                archive.write(path, f"{name}/{path.name}")


def in_order(detectors: list[Detector]) -> list[Detector]:
    """By method as in the registry, so that EAD-S comes before DFSC."""
    return sorted(detectors, key=lambda detector: list(METHODS).index(detector.config.method))


def free_name(method: str, names_in_use: Collection[str]) -> str:
    """The next free folder name for a method: dfsc, dfsc-2, …"""
    names = [method, *(f"{method}-{number}" for number in range(2, len(names_in_use) + 2))]
    return next(name for name in names if name not in names_in_use)


def is_bundle(path: Path) -> bool:
    """Whether a file is a zip in which a checkpoint lies, by its entries' names alone."""
    if not is_zip(path):
        return False
    try:
        with open_zip(path, path.name, "checkpoints") as archive:
            return any(PurePosixPath(name).name == CONFIG_FILE for name in archive.namelist())
    except ArchiveError:
        return False


def open_bundle(path: Path, label: str) -> list[Detector]:
    """All detectors of a zip, which sentences call `label`; raises CheckpointError."""
    if not is_zip(path):
        raise CheckpointError(f"{label} is neither a zip nor a checkpoint folder; choose one that was downloaded here.")
    try:
        with open_zip(path, label, "checkpoints") as archive, TemporaryDirectory() as temporary:
            folders = _extract(archive, Path(temporary), label)
            return open_folders(folders, label)
    except (ArchiveError, ImageError) as error:
        raise CheckpointError(str(error)) from error


def _extract(archive: zipfile.ZipFile, into: Path, label: str) -> list[Path]:
    """Write each detector's three files to a folder, and a teacher's beside them; everything else is ignored."""
    names = sorted(info.filename for info in archive.infolist())
    places = [PurePosixPath(name).parent for name in names if PurePosixPath(name).name == CONFIG_FILE]
    detectors = [place for place in places if place.name != TEACHER]
    if not detectors:
        raise CheckpointError(f"{label} holds no checkpoint: no folder in it has a {CONFIG_FILE}.")
    if len(detectors) > MAX_DETECTORS:
        raise CheckpointError(f"{label} holds {len(detectors)} checkpoints, more than {MAX_DETECTORS} at a time.")
    for teacher in [place for place in places if place.name == TEACHER][:1]:
        _write(archive, teacher, into / TEACHER)
    folders: list[Path] = []
    for place in detectors:
        plain = re.sub(r"[^\w-]", "_", place.name)[:40] or "checkpoint"
        folders.append(into / free_name(plain, [folder.name for folder in folders]))
        _write(archive, place, folders[-1])
    return folders


def _write(archive: zipfile.ZipFile, place: PurePosixPath, folder: Path) -> None:
    """Write those of a checkpoint's three files that a zip has at a place to a new folder."""
    folder.mkdir()
    for name in FILES:
        try:
            info = archive.getinfo(str(place / name))
        except KeyError:
            continue
        if info.file_size > MAX_FILE_BYTES:
            raise CheckpointError(f"{folder.name}/{name} is larger than any checkpoint's; it was not opened.")
        (folder / name).write_bytes(entry_bytes(archive, info, f"{folder.name}/{name}"))
