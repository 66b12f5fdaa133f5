"""Repositories on the Hugging Face Hub are made and written here, and nowhere else."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from dfsc.errors import CheckpointError
from dfsc.hub.names import hub_name
from dfsc.hub.refusals import said
from dfsc.hub.repository import api


def upload(folder: Path, repository: str, private: bool) -> str:
    """Make a folder's files the newest version of a model repository, which is made if need be.

    Returns:
        The commit's address.

    Raises:
        CheckpointError: with one sentence, when the name is none or the Hub refuses.
    """
    check_name(repository)
    with said(repository, writing=True):
        api().create_repo(repository, private=private, exist_ok=True)
        commit = api().upload_folder(repo_id=repository, folder_path=folder, commit_message="Upload detectors")
    return str(commit.commit_url)


def upload_space(folder: Path, space: str, private: bool, own: Iterable[str], variables: Mapping[str, str]) -> str:
    """Make a folder's files the newest version of a Gradio Space, which is made if need be.

    Args:
        own: names of folders from which the Space loses whatever is not in the upload; its other files stay.
        variables: what to set in the Space's environment.

    Returns:
        The Space's address.

    Raises:
        CheckpointError: with one sentence, when the name is none or the Hub refuses.
    """
    check_name(space)
    with said(space, writing=True):
        address = api().create_repo(space, repo_type="space", space_sdk="gradio", private=private, exist_ok=True)
        # Before the files, because their arrival is what builds the Space.
        for key, value in variables.items():
            api().add_space_variable(space, key, value)
        api().upload_folder(
            repo_id=space,
            repo_type="space",
            folder_path=folder,
            delete_patterns=[f"{name}/*" for name in own],
            commit_message="Upload DFSC Inspector",
        )
    return str(address)


def check_name(repository: str) -> None:
    """Raise CheckpointError for what is not the plain name of a repository."""
    name = hub_name(repository)
    if name is None or str(name) != name.repository:
        raise CheckpointError(f'"{repository}" is no name of a repository; it should look like org/name.')
