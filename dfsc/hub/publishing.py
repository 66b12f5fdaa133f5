"""Checkpoints to the Hugging Face Hub and back, and the only writes to it.

A repository contains a folder for each detector and their teacher once.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from dfsc.checkpoints.bundles import free_name
from dfsc.checkpoints.cards import detector_card, repository_card
from dfsc.checkpoints.detectors import detector_folders, load_folder, save_detector, teacher_folder
from dfsc.checkpoints.files import check_replaceable
from dfsc.checkpoints.format import FILES, TEACHER
from dfsc.errors import CheckpointError
from dfsc.hub.names import hub_name
from dfsc.hub.refusals import hub_errors
from dfsc.hub.repository import api, fetch
from dfsc.models.detector import Detector


def push(source: Path, repository: str, private: bool = False) -> str:
    """Upload a detector's folder, or all detectors in a folder, with their teacher; returns the commit's address.

    Raises:
        CheckpointError: for a folder without detectors, detectors of different teachers, an invalid name, or if the Hub
            refuses.
    """
    folders = detector_folders(source)
    if not folders:
        raise CheckpointError(f"{source} contains no detector; name a folder that `train` has written.")
    detectors = [load_folder(folder) for folder in folders]
    with TemporaryDirectory() as staging:
        stage(detectors, teacher_folder(detectors[0].config, folders[0]), repository, Path(staging))
        return upload(Path(staging), repository, private)


def stage(detectors: Sequence[Detector], teacher: Path, repository: str, into: Path) -> None:
    """Write the contents of a repository: a folder per detector, the teacher, and one card."""
    if len({detector.config.teacher_digest for detector in detectors}) > 1:
        raise CheckpointError(
            "These detectors have different teachers; push those of each teacher to a separate repository."
        )
    for detector in detectors:
        names_in_use = {path.name for path in into.iterdir()}
        folder = into / free_name(detector.config.method, names_in_use)
        save_detector(detector, folder, detector_card(detector.config, detector.calibration.count))
    (into / TEACHER).mkdir()
    for name in FILES:
        shutil.copyfile(teacher / name, into / TEACHER / name)
    card = repository_card(repository, [detector.config for detector in detectors])
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
        shutil.copytree(folder, out / folder.name, dirs_exist_ok=True)
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
