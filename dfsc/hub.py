"""Checkpoints on the Hugging Face Hub: found, described, fetched once and checked; nothing else asks the Hub.

A repository holds a folder a detector and one folder `teacher`, each with the three files by which the Hub knows a
model. Only these names are ever fetched, so no pickle can be. A version counts as fetched when all its files have the
hashes that the Hub tells; until then the version before stays what the name means.
"""

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
from huggingface_hub.hf_api import ModelInfo, RepoFile
from huggingface_hub.utils import tqdm

from dfsc.errors import CheckpointError
from dfsc.hub_refusals import said
from dfsc.version import __version__

CONFIG_FILE, WEIGHTS_FILE, CARD_FILE = FILES = ("config.json", "model.safetensors", "README.md")
TEACHER = "teacher"
MAIN = "main"
MAX_BYTES = 500_000_000
SECONDS = 10.0

_NAME = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?(?::(?P<folder>[\w./ -]+))?")


@dataclass(frozen=True)
class HubName:
    """org/name[@revision][:folder]: a repository, a branch, tag or commit of it, and a detector's folder in it."""

    repository: str
    revision: str = MAIN
    folder: str = ""

    def __str__(self) -> str:
        revision = "" if self.revision == MAIN else f"@{self.revision}"
        return f"{self.repository}{revision}{':' + self.folder if self.folder else ''}"


@dataclass(frozen=True)
class Listed:
    """What the Hub tells of a repository's version before anything is fetched.

    Attributes:
        commit: the version, 40 hex digits.
        licence: as its card says, or "" where it does not.
        folders: where detectors lie ("" is the root).
        files: path → hash ("sha256:…" of large files, "git:…" of small ones) of all that would be fetched.
        size: bytes of these files.
    """

    name: HubName
    commit: str
    licence: str
    folders: tuple[str, ...]
    files: dict[str, str]
    size: int


def hub_name(text: str) -> HubName | None:
    """The name that a text spells, or None."""
    found = _NAME.fullmatch(text.strip())
    if found is None:
        return None
    folder = PurePosixPath(found["folder"] or ".")
    if ".." in folder.parts or folder.is_absolute():
        return None
    return HubName(found["repository"], found["revision"] or MAIN, _text(folder))


def cached(name: HubName) -> Path | None:
    """The folder of a version that was fetched and checked before; the network is not asked."""
    try:
        snapshot = snapshot_download(
            name.repository,
            revision=name.revision,
            cache_dir=_cache(),
            local_files_only=True,
            allow_patterns=_patterns(name),
        )
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    folder = Path(snapshot) / name.folder
    return folder if folder.is_dir() else None


def listed(name: HubName) -> Listed:
    """Ask the Hub what a repository's version holds.

    Raises:
        CheckpointError: with one sentence: not there, private, without a detector, or the Hub does not answer.
    """
    with said(name):
        info = _api().model_info(name.repository, revision=name.revision, timeout=SECONDS)
        tree = _api().list_repo_tree(name.repository, recursive=True, revision=info.sha)
        wanted = [file for file in tree if isinstance(file, RepoFile) and _wanted(file.path, name)]
    configs = (PurePosixPath(file.path) for file in wanted if PurePosixPath(file.path).name == CONFIG_FILE)
    folders = sorted(_text(config.parent) for config in configs if config.parent.name != TEACHER)
    if not folders:
        where = f'a folder "{name.folder}" with a detector' if name.folder else "a detector"
        raise CheckpointError(f"{name.repository} on the Hub does not hold {where} of this library; check the name.")
    size = sum(file.size for file in wanted)
    if size > MAX_BYTES:
        raise CheckpointError(
            f"{name} would take {size // 1_000_000} MB; at most {MAX_BYTES // 1_000_000} are fetched."
        )
    return Listed(name, info.sha, _licence(info), tuple(folders), {f.path: _hash(f) for f in wanted}, size)


def fetch(name: HubName, refresh: bool = False, told: Callable[[int], None] | None = None) -> Path:
    """The folder of a version: from the cache, else (or to refresh it) from the Hub, checked file by file.

    Args:
        refresh: look for a newer version of a branch, though one is in the cache.
        told: called with the number of bytes that have arrived since its last call; without it a bar is drawn.

    Raises:
        CheckpointError: with one sentence; the version before, if any, is left in place.
    """
    known = cached(name)
    if known is not None and not refresh:
        return known
    found = listed(name)
    with said(name):
        snapshot = Path(
            snapshot_download(
                name.repository,
                revision=found.commit,
                cache_dir=_cache(),
                endpoint=_endpoint(),
                allow_patterns=list(found.files),
                etag_timeout=SECONDS,
                library_name="dfsc",
                library_version=__version__,
                tqdm_class=_counting(told) if told else None,
            )
        )
    _check(snapshot, found)
    _point(snapshot, name, found.commit)
    return snapshot / name.folder


def upload(folder: Path, repository: str, private: bool) -> str:
    """Make a folder's files the newest version of a repository, which is made if need be; returns its address.

    Raises:
        CheckpointError: with one sentence, when the name is none or the Hub refuses.
    """
    name = hub_name(repository)
    if name is None or str(name) != name.repository:
        raise CheckpointError(f'"{repository}" is no name of a repository; it should look like org/name.')
    with said(name):
        api = _api()
        api.create_repo(repository, private=private, exist_ok=True)
        return str(
            api.upload_folder(repo_id=repository, folder_path=folder, commit_message="Upload detectors").commit_url
        )


def _check(snapshot: Path, found: Listed) -> None:
    """Compare every file with the Hub's hash; what differs is deleted, so that the next try fetches it anew."""
    wrong = [path for path, expected in found.files.items() if _file_hash(snapshot / path, expected) != expected]
    for path in wrong:
        (snapshot / path).resolve().unlink(missing_ok=True)
        (snapshot / path).unlink(missing_ok=True)
    if wrong:
        raise CheckpointError(
            f"{wrong[0]} of {found.name} arrived other than the Hub says it is, so it was thrown away; try once more."
        )


def _point(snapshot: Path, name: HubName, commit: str) -> None:
    """Let a branch's or tag's name mean this version from now on."""
    if name.revision == commit:
        return
    reference = snapshot.parent.parent / "refs" / name.revision
    reference.parent.mkdir(parents=True, exist_ok=True)
    unfinished = reference.with_name(reference.name + ".part")
    unfinished.write_text(commit)
    unfinished.replace(reference)


def _counting(told: Callable[[int], None]) -> type[tqdm]:
    """A progress bar that is not drawn, and tells of the bytes that arrive."""

    class Counting(tqdm):
        def __init__(self, *arguments: object, **options: object):
            self._counts = options.get("unit") == "B" and options.get("name") == "huggingface_hub.snapshot_download"
            super().__init__(*arguments, **(options | {"disable": True}))

        def update(self, n: float | None = 1) -> bool | None:
            if self._counts and n:
                told(int(n))
            return super().update(n)

    return Counting


def _patterns(name: HubName) -> list[str]:
    folders = _asked_for(name) or ("", "*")
    return [f"{folder}/{file}".removeprefix("/") for folder in folders for file in FILES]


def _wanted(path: str, name: HubName) -> bool:
    """Whether a file of a repository is one of the three of a detector that is asked for, or of its teacher."""
    file, folders = PurePosixPath(path), _asked_for(name)
    return file.name in FILES and (not folders or _text(file.parent) in folders)


def _asked_for(name: HubName) -> tuple[str, ...]:
    """A named detector's folder and that of the teacher beside it; none when all detectors are asked for."""
    return (name.folder, _text(PurePosixPath(name.folder).parent / TEACHER)) if name.folder else ()


def _text(folder: PurePosixPath) -> str:
    return "" if str(folder) == "." else str(folder)


def _hash(file: RepoFile) -> str:
    return f"sha256:{file.lfs.sha256}" if file.lfs else f"git:{file.blob_id}"


def _file_hash(path: Path, like: str) -> str:
    """A file's hash of the kind of another one; "" when it is not there."""
    if not path.is_file():
        return ""
    if like.startswith("git:"):
        data = path.read_bytes()
        return f"git:{hashlib.sha1(b'blob %d' % len(data) + bytes(1) + data).hexdigest()}"
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _licence(info: ModelInfo) -> str:
    return str((info.card_data or {}).get("license") or "")


def _api() -> HfApi:
    return HfApi(endpoint=_endpoint(), library_name="dfsc", library_version=__version__)


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT")


def _cache() -> str:
    return os.environ.get("HF_HUB_CACHE", constants.HF_HUB_CACHE)
