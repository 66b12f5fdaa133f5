"""Looks up, downloads and checks checkpoints on the Hugging Face Hub; nothing else reads from it.

A repository has a folder for each detector and one folder `teacher`, each with the three files of a model on the Hub.
Only files with these names are ever downloaded, so never a pickle. A version counts as downloaded once all its files
have the Hub's hashes; until then, the name refers to the previous version.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HFValidationError, RevisionNotFoundError
from huggingface_hub.hf_api import ModelInfo, RepoFile

from dfsc.checkpoints.format import CONFIG_FILE, FILES, MAX_CONFIG_BYTES, TEACHER
from dfsc.errors import CheckpointError
from dfsc.files import read_json
from dfsc.hub.cache import counting, places, point, writable_place
from dfsc.hub.names import HubName, folder_text
from dfsc.hub.refusals import hub_errors
from dfsc.version import __version__

MAX_BYTES = 300_000_000
SECONDS = 10.0
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class RepositoryInfo:
    """A version of a repository, as the Hub describes it before anything is downloaded.

    Attributes:
        repository: org/name on the Hub, the new one if the repository was renamed.
        commit: the version, 40 hex digits.
        licence: from its card, or "" if it gives none.
        folders: the detectors' folders ("" is the root).
        files: paths of all files to download.
        size: of these files in bytes.
    """

    name: HubName
    repository: str
    commit: str
    licence: str
    folders: tuple[str, ...]
    files: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class Snapshot:
    """A version on this computer.

    Attributes:
        folder: that of the named detector, or of all detectors.
        commit: the version, 40 hex digits.
        from_cache: whether it was here before, so that the network was not used.
    """

    name: HubName
    folder: Path
    commit: str
    from_cache: bool

    @property
    def source(self) -> str:
        """Where its detectors come from, in words."""
        folder = f":{self.name.folder}" if self.name.folder else ""
        where = "on the Hub, from the cache" if self.from_cache else "on the Hub"
        return f"{self.name.repository}@{self.commit[:7]}{folder} {where}"


def cached_snapshot(name: HubName) -> Snapshot | None:
    """The version downloaded and checked before, or None; the network is not used."""
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
            return Snapshot(name, folder, Path(snapshot).name, from_cache=True)
    return None


def repository_info(name: HubName, public: bool = False) -> RepositoryInfo:
    """Look up a version of a repository on the Hub.

    Args:
        public: ask anonymously, not with this user's token.

    Raises:
        CheckpointError: if it is missing, private or without a detector, or the Hub does not answer.
    """
    with hub_errors(name, public=public):
        info = api(public).model_info(name.repository, revision=name.revision, timeout=SECONDS)
        tree = api(public).list_repo_tree(name.repository, recursive=True, revision=info.sha)
        wanted = [file for file in tree if isinstance(file, RepoFile) and _wanted(file.path, name)]
        configs = [PurePosixPath(file.path) for file in wanted if PurePosixPath(file.path).name == CONFIG_FILE]
        size, licence = sum(file.size for file in wanted), _licence(info)
        if not _COMMIT.fullmatch(str(info.sha)):  # which becomes the name of a folder
            raise ValueError("no commit")
    folders = sorted(folder_text(config.parent) for config in configs if config.parent.name != TEACHER)
    if not folders:
        where = f'folder "{name.folder}" with a detector' if name.folder else "detector"
        raise CheckpointError(f"{name.repository} on the Hub has no {where} of this library; check the name.")
    if size > MAX_BYTES:
        raise CheckpointError(
            f"{name} would take {size // 1_000_000} MB; at most {MAX_BYTES // 1_000_000} are fetched."
        )
    files = tuple(file.path for file in wanted)
    return RepositoryInfo(name, info.id, str(info.sha), licence, tuple(folders), files, size)


def fetch(
    name: HubName, refresh: bool = False, progress: Callable[[int], None] | None = None, public: bool = False
) -> Snapshot:
    """A version from the cache, or else (or to refresh it) from the Hub, checked file by file.

    Args:
        refresh: look for a newer version of a branch even if one is in the cache.
        progress: called with the number of bytes arrived since its last call; without it, a progress bar is drawn.
        public: as for `repository_info`; this bypasses the cache, which may contain private repositories.

    Raises:
        CheckpointError: if it can't be had; a previous version stays in place.
    """
    snapshot = None if public or refresh else cached_snapshot(name)
    return fetch_version(repository_info(name, public), progress, public) if snapshot is None else snapshot


def fetch_version(
    version: RepositoryInfo, progress: Callable[[int], None] | None = None, public: bool = False
) -> Snapshot:
    """Download exactly the version that was looked up, even if its branch or tag has moved since.

    On this computer, the name then refers to this version until a newer one is downloaded.

    Args:
        version: from `repository_info`.
        progress, public: as for `fetch`.

    Raises:
        CheckpointError: if it can't be had, or the Hub no longer has this version; a previous version stays in place.
    """
    name = version.name
    configs = [f"{folder}/{CONFIG_FILE}".removeprefix("/") for folder in version.folders]
    _check_ours(name, _download(version, configs, None, public), configs)
    snapshot = _download(version, version.files, progress, public)
    _check_hashes(version, snapshot, public)
    point(snapshot, name.revision, version.commit)
    return Snapshot(name, snapshot / name.folder, version.commit, from_cache=False)


def _download(
    version: RepositoryInfo, files: Sequence[str], progress: Callable[[int], None] | None, public: bool
) -> Path:
    with hub_errors(version.name, public=public), _still_there(version):
        snapshot = snapshot_download(
            version.name.repository,
            revision=version.commit,
            cache_dir=writable_place(),
            endpoint=_endpoint(),
            token=_token(public),
            allow_patterns=list(files),
            etag_timeout=SECONDS,
            library_name="dfsc",
            library_version=__version__,
            tqdm_class=counting(progress) if progress else None,
        )
    return Path(snapshot)


def _check_hashes(version: RepositoryInfo, snapshot: Path, public: bool) -> None:
    """Compare files with the Hub's hashes and delete those that differ, so that the next try downloads them."""
    with hub_errors(version.name, public=public), _still_there(version):
        checked = api(public).verify_repo_checksums(
            version.name.repository, revision=version.commit, cache_dir=writable_place()
        )
    wrong = [file["path"] for file in checked.mismatches]
    for path in wrong:
        (snapshot / path).resolve().unlink(missing_ok=True)
        (snapshot / path).unlink(missing_ok=True)
    wrong += [path for path in checked.missing_paths if path in version.files]
    if wrong:
        raise CheckpointError(f"{wrong[0]} of {version.name} does not match the Hub's hash and was deleted; try again.")


@contextmanager
def _still_there(version: RepositoryInfo) -> Iterator[None]:
    """Reports that a version has disappeared since it was looked up; the name itself was right."""
    try:
        yield
    except RevisionNotFoundError as error:
        raise CheckpointError(
            f"{version.name} has changed on the Hub since it was looked up; look it up again."
        ) from error


def _check_ours(name: HubName, snapshot: Path, configs: list[str]) -> None:
    """Other libraries' models have a config.json too, and would be a large download for nothing."""
    for config in configs:
        try:
            ours = str(read_json(snapshot / config, MAX_CONFIG_BYTES)["format"]).startswith("dfsc-")
        except (OSError, ValueError, KeyError, TypeError):
            ours = False
        if not ours:
            raise CheckpointError(f"{config} of {name} is not of this library, so nothing else was downloaded.")


def _patterns(name: HubName) -> list[str]:
    folders = _folders(name) or ("", "*")
    return [f"{folder}/{file}".removeprefix("/") for folder in folders for file in FILES]


def _wanted(path: str, name: HubName) -> bool:
    """Whether a file is one of the three of a requested detector, or of its teacher."""
    file, folders = PurePosixPath(path), _folders(name)
    return file.name in FILES and (not folders or folder_text(file.parent) in folders)


def _folders(name: HubName) -> tuple[str, ...]:
    """A named detector's folder and that of its teacher; empty for all detectors."""
    return (name.folder, folder_text(PurePosixPath(name.folder).parent / TEACHER)) if name.folder else ()


def _licence(info: ModelInfo) -> str:
    return str(info.card_data.get("license") or "") if info.card_data else ""


def api(public: bool = False) -> HfApi:
    """The Hub's client, with this user's token or (`public`) without any."""
    return HfApi(endpoint=_endpoint(), token=_token(public), library_name="dfsc", library_version=__version__)


def _token(public: bool) -> bool | None:
    """For the client: False for no token, None for the one that it finds."""
    return False if public else None


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT")
