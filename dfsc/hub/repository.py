"""Checkpoints on the Hugging Face Hub: found, described, fetched once and checked; nothing else reads from the Hub.

A repository holds a folder a detector and one folder `teacher`, each with the three files by which the Hub knows a
model. Only these names are ever fetched, so no pickle can be. A version counts as fetched when all its files have the
hashes that the Hub tells; until then the version before stays what the name means.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HFValidationError, RevisionNotFoundError
from huggingface_hub.hf_api import ModelInfo, RepoFile

from dfsc.checkpoints.format import CONFIG_FILE, FILES, TEACHER
from dfsc.errors import CheckpointError
from dfsc.files import read_json
from dfsc.hub.cache import counting, places, point, writable_place
from dfsc.hub.names import HubName, folder_text
from dfsc.hub.refusals import said
from dfsc.version import __version__

MAX_BYTES = 300_000_000
SECONDS = 10.0


@dataclass(frozen=True)
class Listed:
    """What the Hub tells of a repository's version before anything is fetched.

    Attributes:
        repository: org/name as the Hub writes it, which follows a repository that was renamed.
        commit: the version, 40 hex digits.
        licence: as its card says, or "" where it does not.
        folders: where detectors lie ("" is the root).
        files: paths of all that would be fetched.
        size: bytes of these files.
    """

    name: HubName
    repository: str
    commit: str
    licence: str
    folders: tuple[str, ...]
    files: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class Fetched:
    """A version that lies on this computer.

    Attributes:
        folder: the named detector's, or that of all detectors.
        commit: the version, 40 hex digits.
        kept: whether it was here before, so that the network was not asked.
    """

    name: HubName
    folder: Path
    commit: str
    kept: bool

    @property
    def source(self) -> str:
        """Where its detectors come from, for people."""
        folder = f":{self.name.folder}" if self.name.folder else ""
        where = "on the Hub, from the cache" if self.kept else "on the Hub"
        return f"{self.name.repository}@{self.commit[:7]}{folder} {where}"


def cached(name: HubName) -> Fetched | None:
    """A version that was fetched and checked before; the network is not asked."""
    for place in places():
        try:
            snapshot = snapshot_download(
                name.repository,
                revision=name.revision,
                cache_dir=place,
                local_files_only=True,
                allow_patterns=_patterns(name),
            )
        except (HFValidationError, OSError):
            continue
        folder = Path(snapshot) / name.folder
        if folder.is_dir():
            return Fetched(name, folder, Path(snapshot).name, kept=True)
    return None


def listed(name: HubName, public: bool = False) -> Listed:
    """Ask the Hub what a repository's version holds.

    Args:
        public: ask as anybody, not with the token of whoever runs this.

    Raises:
        CheckpointError: with one sentence: not there, private, without a detector, or the Hub does not answer.
    """
    with said(name, public=public):
        info = api(public).model_info(name.repository, revision=name.revision, timeout=SECONDS)
        tree = api(public).list_repo_tree(name.repository, recursive=True, revision=info.sha)
        wanted = [file for file in tree if isinstance(file, RepoFile) and _wanted(file.path, name)]
    configs = (PurePosixPath(file.path) for file in wanted if PurePosixPath(file.path).name == CONFIG_FILE)
    folders = sorted(folder_text(config.parent) for config in configs if config.parent.name != TEACHER)
    if not folders:
        where = f'a folder "{name.folder}" with a detector' if name.folder else "a detector"
        raise CheckpointError(f"{name.repository} on the Hub does not hold {where} of this library; check the name.")
    size = sum(file.size for file in wanted)
    if size > MAX_BYTES:
        raise CheckpointError(
            f"{name} would take {size // 1_000_000} MB; at most {MAX_BYTES // 1_000_000} are fetched."
        )
    files = tuple(file.path for file in wanted)
    return Listed(name, info.id, str(info.sha), _licence(info), tuple(folders), files, size)


def fetch(
    name: HubName, refresh: bool = False, told: Callable[[int], None] | None = None, public: bool = False
) -> Fetched:
    """A version from the cache, else (or to refresh it) from the Hub, checked file by file.

    Args:
        refresh: look for a newer version of a branch, though one is in the cache.
        told: called with the number of bytes that have arrived since its last call; without it a bar is drawn.
        public: as for `listed`; the Hub is always asked then, since the cache may hold what is not public.

    Raises:
        CheckpointError: with one sentence; the version before, if any, is left in place.
    """
    known = None if public or refresh else cached(name)
    return fetch_listed(listed(name, public), told, public) if known is None else known


def fetch_listed(found: Listed, told: Callable[[int], None] | None = None, public: bool = False) -> Fetched:
    """Exactly the version that was looked up, whatever its branch or tag has come to mean on the Hub since then.

    From then on the name means this version on this computer, until a newer one is fetched.

    Args:
        found: what `listed` told.
        told, public: as for `fetch`.

    Raises:
        CheckpointError: with one sentence, also when the Hub no longer has that version; the version before, if any, is
            left in place.
    """
    name = found.name
    configs = [f"{folder}/{CONFIG_FILE}".removeprefix("/") for folder in found.folders]
    _check_ours(name, _download(found, configs, None, public), configs)
    snapshot = _download(found, found.files, told, public)
    _check_hashes(found, snapshot, public)
    point(snapshot, name.revision, found.commit)
    return Fetched(name, snapshot / name.folder, found.commit, kept=False)


def _download(found: Listed, files: Sequence[str], told: Callable[[int], None] | None, public: bool) -> Path:
    with said(found.name, public=public), _still_there(found):
        snapshot = snapshot_download(
            found.name.repository,
            revision=found.commit,
            cache_dir=writable_place(),
            endpoint=_endpoint(),
            token=_token(public),
            allow_patterns=list(files),
            etag_timeout=SECONDS,
            library_name="dfsc",
            library_version=__version__,
            tqdm_class=counting(told) if told else None,
        )
    return Path(snapshot)


def _check_hashes(found: Listed, snapshot: Path, public: bool) -> None:
    """Compare files with the Hub's hashes; what differs is deleted, so that the next try fetches it anew."""
    with said(found.name, public=public), _still_there(found):
        checked = api(public).verify_repo_checksums(
            found.name.repository, revision=found.commit, cache_dir=writable_place()
        )
    wrong = [file["path"] for file in checked.mismatches]
    for path in wrong:
        (snapshot / path).resolve().unlink(missing_ok=True)
        (snapshot / path).unlink(missing_ok=True)
    wrong += [path for path in checked.missing_paths if path in found.files]
    if wrong:
        raise CheckpointError(
            f"{wrong[0]} of {found.name} arrived other than the Hub says it is, so it was thrown away; try once more."
        )


@contextmanager
def _still_there(found: Listed) -> Iterator[None]:
    """Tell that a version is gone which was there when it was looked up; no name that somebody wrote is wrong then."""
    try:
        yield
    except RevisionNotFoundError as error:
        raise CheckpointError(
            f"{found.name} has changed on the Hub since it was looked up; look it up once more."
        ) from error


def _check_ours(name: HubName, snapshot: Path, configs: list[str]) -> None:
    """Other libraries' models have a config.json too, and would be large to fetch for nothing."""
    for config in configs:
        try:
            ours = str(read_json(snapshot / config)["format"]).startswith("dfsc-")
        except (OSError, ValueError, KeyError, TypeError):
            ours = False
        if not ours:
            raise CheckpointError(f"{config} of {name} is not of this library, so nothing else was fetched of it.")


def _patterns(name: HubName) -> list[str]:
    folders = _asked_for(name) or ("", "*")
    return [f"{folder}/{file}".removeprefix("/") for folder in folders for file in FILES]


def _wanted(path: str, name: HubName) -> bool:
    """Whether a file of a repository is one of the three of a detector that is asked for, or of its teacher."""
    file, folders = PurePosixPath(path), _asked_for(name)
    return file.name in FILES and (not folders or folder_text(file.parent) in folders)


def _asked_for(name: HubName) -> tuple[str, ...]:
    """A named detector's folder and that of the teacher beside it; none when all detectors are asked for."""
    return (name.folder, folder_text(PurePosixPath(name.folder).parent / TEACHER)) if name.folder else ()


def _licence(info: ModelInfo) -> str:
    return str(info.card_data.get("license") or "") if info.card_data else ""


def api(public: bool = False) -> HfApi:
    """The Hub's client, with the token of whoever runs this or (`public`) without any."""
    return HfApi(endpoint=_endpoint(), token=_token(public), library_name="dfsc", library_version=__version__)


def _token(public: bool) -> bool | None:
    """What the client calls it: False for none, None for the one that it finds."""
    return False if public else None


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT")
