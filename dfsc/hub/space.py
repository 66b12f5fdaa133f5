"""The app as a Hugging Face Space: the page's files, its documents, and a README that names its models.

The Hub reads a Space's settings from the front matter of README.md. The upload adds the models' repository, the files
to preload into the cache before the first start, and the thumbnail's address.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from huggingface_hub import metadata_load, metadata_save

from dfsc.errors import CheckpointError
from dfsc.hub.names import VARIABLE, hub_name
from dfsc.hub.publishing import check_name, upload_space
from dfsc.hub.repository import RepositoryInfo, api, repository_info

ROOT = Path(__file__).parents[2]
SINGLE = ("app.py", "requirements.txt", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
WHOLE = ("dfsc", "docs", "weights")


def push_space(space: str, models: str = "", private: bool = False, root: Path = ROOT) -> str:
    """Upload the app as a Space, creating it if necessary; returns its address.

    Args:
        space: org/name of the Space.
        models: org/name[@revision] of the repository whose detectors the Space shows, in their current version;
            without it, only the embedded ones.
        root: the app's folder.

    Raises:
        CheckpointError: if a name is invalid, the models' repository has no detector, files of the app are missing, or
            the Hub refuses; nothing is uploaded then.
    """
    check_name(space)
    version = _models(models) if models else None
    with TemporaryDirectory() as staging:
        stage_space(space, version, Path(staging), root)
        variables = {VARIABLE: f"{version.repository}@{version.commit}"} if version else {}
        return upload_space(Path(staging), space, private, WHOLE, variables)


def stage_space(space: str, models: RepositoryInfo | None, into: Path, root: Path = ROOT) -> None:
    """Write the files of a Space into a folder."""
    missing = [name for name in (*SINGLE, *WHOLE) if not (root / name).exists()]
    if missing:
        raise CheckpointError(f"The app's {missing[0]} is not in {root}; a Space is pushed from a checkout of it.")
    for file in _files(root):
        target = into / file.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    _complete(into / "README.md", space, models)


def _complete(readme: Path, space: str, models: RepositoryInfo | None) -> None:
    """Add this Space's settings to a README's front matter."""
    settings = metadata_load(readme) or {}
    picture = settings.get("thumbnail", "")
    if picture and "://" not in picture:
        settings["thumbnail"] = f"{api().endpoint}/spaces/{space}/resolve/main/{picture}"
    if models:
        settings["models"] = [models.repository]
        settings["preload_from_hub"] = [f"{models.repository} {','.join(models.files)} {models.commit}"]
    metadata_save(readme, settings)


def _models(text: str) -> RepositoryInfo:
    name = hub_name(text)
    if name is None or name.folder:
        raise CheckpointError(f'"{text}" is not the name of a repository; it should look like org/name or org/name@v1.')
    return repository_info(name)


def _files(root: Path) -> Iterator[Path]:
    yield from (root / name for name in SINGLE)
    for name in WHOLE:
        yield from (file for file in sorted((root / name).rglob("*")) if file.is_file() and _belongs(file, root))


def _belongs(file: Path, root: Path) -> bool:
    """Whether a file is the app's own, and not a cache, an unfinished training or download, or hidden."""
    path = PurePosixPath(file.relative_to(root))
    passing = any(part == "__pycache__" or part.startswith(".") or part.endswith(".part") for part in path.parts)
    return not passing and path.suffix != ".pyc"
