"""Checkpoints to the Hugging Face Hub and back: a repository holds a folder a detector and their teacher once."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from dfsc.checkpoints.bundles import free_name
from dfsc.checkpoints.cards import detector_card, repository_card
from dfsc.checkpoints.detectors import detector_folders, load_folder, save_detector, teacher_folder
from dfsc.checkpoints.files import check_replaceable
from dfsc.checkpoints.format import FILES, TEACHER
from dfsc.errors import CheckpointError
from dfsc.hub.names import hub_name
from dfsc.hub.repository import fetch
from dfsc.hub.upload import upload
from dfsc.models.detector import Detector


def push(source: Path, repository: str, private: bool = False) -> str:
    """Upload a detector's folder, or all detectors in a folder, with their teacher; returns the commit's address.

    Raises:
        CheckpointError: for a folder without detectors, detectors of different teachers, a name that is none, or when
            the Hub refuses.
    """
    folders = detector_folders(source)
    if not folders:
        raise CheckpointError(f"{source} holds no detector; name a folder that `train` has written.")
    detectors = [load_folder(folder) for folder in folders]
    with TemporaryDirectory() as staging:
        stage(detectors, teacher_folder(detectors[0].config, folders[0]), repository, Path(staging))
        return upload(Path(staging), repository, private)


def stage(detectors: Sequence[Detector], teacher: Path, repository: str, into: Path) -> None:
    """Lay out a repository: a folder a method, the teacher, and a card for all."""
    if len({detector.config.teacher_digest for detector in detectors}) > 1:
        raise CheckpointError(
            "These detectors have different teachers; push each teacher's to a repository of its own."
        )
    for detector in detectors:
        taken = {path.name for path in into.iterdir()}
        folder = into / free_name(detector.config.method, taken)
        save_detector(detector, folder, detector_card(detector.config, detector.calibration.count))
    (into / TEACHER).mkdir()
    for name in FILES:
        shutil.copyfile(teacher / name, into / TEACHER / name)
    card = repository_card(repository, [detector.config for detector in detectors])
    (into / "README.md").write_text(card, encoding="utf-8")


def pull(source: str, out: Path, refresh: bool = True) -> list[Path]:
    """Copy detectors and their teacher from a Hub repository into a folder; returns the detectors' folders.

    Raises:
        CheckpointError: for a name that is none, a folder in use, or when the Hub refuses; nothing is half there then.
    """
    name = hub_name(source)
    if name is None:
        raise CheckpointError(
            f'"{source}" is no name on the Hub; it should look like org/name, org/name@v1 or org/name:dfsc.'
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
