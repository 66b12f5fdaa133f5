"""Published teachers: a file of one, or anomalib's zip of two, and whether it is the published one."""

import shutil
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from dfsc.errors import CheckpointError
from dfsc.exchange.origins import Origin, file_digest, read_origin
from dfsc.exchange.pickles import MAX_BYTES

# What others measured with; a checkpoint names its teacher, as detectors differ much by it.
PUBLISHED = {
    "sha256:b98a6a139087a0d743783ee59f367f0284af6003eb1a5fed0ce92bd9c0acd337": "nelson1425/EfficientAD's small one",
    "sha256:a66e1513cbc252e7907531ef4536155e338a48e8edf3a5e6a66498f661414b9c": "nelson1425/EfficientAD's medium one",
    "sha256:c09aeaa2b33f244b3261a5efdaeae8f8284a949470a4c5a526c61275fe62684a": "anomalib's pretrained teachers",
}


def published(digest: str) -> str:
    """What a digest is known as, "" where it is not."""
    return PUBLISHED.get(digest, "")


def recognised(digest: str) -> str:
    """A sentence on a teacher's file: its digest, and what that is known as."""
    known = published(digest)
    return f"{digest} is {known}." if known else f"{digest} is none of the published teachers known here."


def read_source(source: Path, size: str) -> tuple[Origin, str]:
    """A detector or teacher, and the digest of what it came in; of a zip of teachers the one of a size.

    Raises:
        CheckpointError: as `read_origin` does, and for a zip without a teacher of that size.
    """
    names = _teachers(source)
    if not names:
        origin = read_origin(source)
        return origin, origin.digest
    chosen = [name for name in names if size in Path(name).name]
    if not chosen:
        raise CheckpointError(f"{source.name} has no teacher of size {size}; it has {', '.join(names)}.")
    with TemporaryDirectory() as folder, zipfile.ZipFile(source) as archive:
        entry = archive.getinfo(chosen[0])
        if entry.file_size > MAX_BYTES:
            raise CheckpointError(f"{entry.filename} is larger than any teacher, so it was not read.")
        file = Path(folder) / Path(entry.filename).name
        with archive.open(entry) as packed, file.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
        return read_origin(file), file_digest(source)


def _teachers(source: Path) -> list[str]:
    """The files of torch.save in a zip; none in what torch.save itself wrote, which is a zip as well."""
    if source.is_dir() or not zipfile.is_zipfile(source):
        return []
    with zipfile.ZipFile(source) as archive:
        return sorted(name for name in archive.namelist() if name.endswith((".pth", ".pt")))
