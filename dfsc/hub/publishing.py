"""Checkpoints to the Hugging Face Hub and back, data sets to it, and the only writes to it.

A repository contains a folder for each detector and their teacher once.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from huggingface_hub import CommitOperationAdd

from dfsc.checkpoints.bundles import free_name
from dfsc.checkpoints.cards import detector_card, repository_card
from dfsc.checkpoints.detectors import detector_folders, load_folder, save_detector, teacher_folder
from dfsc.checkpoints.files import check_replaceable, replacing_checkpoint
from dfsc.checkpoints.format import FILES, TEACHER
from dfsc.errors import CheckpointError
from dfsc.hub.names import hub_name
from dfsc.hub.refusals import hub_errors
from dfsc.hub.repository import api, fetch
from dfsc.models.detector import Detector

Draw = Callable[[list[Detector]], Mapping[str, bytes]]
_NONE: Mapping[str, bytes] = MappingProxyType({})


def push(source: Path, repository: str, private: bool = False, draw: Draw | None = None) -> str:
    """Upload a detector's folder, or all detectors in a folder, with their teacher; returns the commit's address.

    Args:
        draw: gives the pictures of the card from the detectors, as dfsc.reporting.card_picture does; none if empty.

    Raises:
        CheckpointError: for a folder without detectors, detectors of different teachers, an invalid name, or if the Hub
            refuses.
    """
    folders = detector_folders(source)
    if not folders:
        raise CheckpointError(f"{source} contains no detector; name a folder that `train` has written.")
    detectors = [load_folder(folder) for folder in folders]
    with TemporaryDirectory() as staging:
        pictures = draw(detectors) if draw else {}
        stage(detectors, teacher_folder(detectors[0].config, folders[0]), repository, Path(staging), pictures)
        return upload(Path(staging), repository, private)


def stage(
    detectors: Sequence[Detector], teacher: Path, repository: str, into: Path, pictures: Mapping[str, bytes] = _NONE
) -> None:
    """Write the contents of a repository: a folder per detector, the teacher, and one card with its pictures."""
    if len({detector.config.teacher_digest for detector in detectors}) > 1:
        raise CheckpointError(
            "These detectors have different teachers; push those of each teacher to a separate repository."
        )
    folders: list[str] = []
    for detector in detectors:
        folders.append(free_name(detector.config.method, folders))
        save_detector(detector, into / folders[-1], detector_card(detector.config, detector.calibration.count))
    (into / TEACHER).mkdir()
    for name in FILES:
        shutil.copyfile(teacher / name, into / TEACHER / name)
    for name, picture in pictures.items():
        (into / name).write_bytes(picture)
    address = f"{api().endpoint}/{repository}/resolve/main" if pictures else ""
    card = repository_card(repository, [detector.config for detector in detectors], folders, address)
    (into / "README.md").write_text(card, encoding="utf-8")


def pull(source: str, out: Path, refresh: bool = True) -> list[Path]:
    """Copy detectors and their teacher from a Hub repository into a folder; returns the detectors' folders.

    Raises:
        CheckpointError: for an invalid name, a folder in use, or if the Hub refuses; nothing is written then.
    """
    name = hub_name(source)
    if name is None:
        raise CheckpointError(
            f'"{source}" is not a name on the Hub; it should look like org/name, org/name@v1 or org/name:dfsc.'
        )
    place = fetch(name, refresh).folder
    folders = detector_folders(place)
    teacher = (place.parent if name.folder else place) / TEACHER
    wanted = [*folders, teacher] if teacher.is_dir() else folders
    for folder in wanted:
        check_replaceable(out / folder.name)
    for folder in folders:
        load_folder(folder)
    for folder in wanted:
        with replacing_checkpoint(out / folder.name) as unfinished:
            shutil.copytree(folder, unfinished, dirs_exist_ok=True)
    return [out / folder.name for folder in folders]


def upload(folder: Path, repository: str, private: bool) -> str:
    """Make a folder's files the newest version of a model repository, creating it if necessary.

    Returns:
        The commit's address.

    Raises:
        CheckpointError: if the name is invalid or the Hub refuses.
    """
    check_name(repository)
    with hub_errors(repository, writing=True):
        api().create_repo(repository, private=private, exist_ok=True)
        commit = api().upload_folder(repo_id=repository, folder_path=folder, commit_message="Upload detectors")
    return str(commit.commit_url)


def push_dataset(source: Path, card: str, repository: str, private: bool = False) -> str:
    """Upload a rendered data set's folder with its card as a data set; returns the commit's address.

    Raises:
        CheckpointError: if the name is invalid or the Hub refuses.
    """
    check_name(repository)
    files = [file for file in sorted(source.rglob("*")) if file.is_file() and file.suffix in (".png", ".json")]
    operations = [CommitOperationAdd(file.relative_to(source).as_posix(), file) for file in files]
    with hub_errors(repository, writing=True):
        api().create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        commit = api().create_commit(
            repository,
            [CommitOperationAdd("README.md", card.encode()), *operations],
            commit_message="Upload rendered data set",
            repo_type="dataset",
        )
    return str(commit.commit_url)


def upload_space(folder: Path, space: str, private: bool, folders: Iterable[str], variables: Mapping[str, str]) -> str:
    """Make a folder's files the newest version of a Gradio Space, creating it if necessary.

    Args:
        folders: names of folders in which files missing from the upload are deleted; other files of the Space stay.
        variables: environment variables of the Space.

    Returns:
        The Space's address.

    Raises:
        CheckpointError: if the name is invalid or the Hub refuses.
    """
    check_name(space)
    with hub_errors(space, writing=True):
        address = api().create_repo(space, repo_type="space", space_sdk="gradio", private=private, exist_ok=True)
        # Before the files, because their arrival is what builds the Space.
        for key, value in variables.items():
            api().add_space_variable(space, key, value)
        api().upload_folder(
            repo_id=space,
            repo_type="space",
            folder_path=folder,
            delete_patterns=[f"{name}/*" for name in folders],
            commit_message="Upload DFSC Inspector",
        )
    return str(address)


def check_name(repository: str) -> None:
    """Raises CheckpointError unless this is a plain org/name."""
    name = hub_name(repository)
    if name is None or str(name) != name.repository:
        raise CheckpointError(f'"{repository}" is not the name of a repository; it should look like org/name.')
