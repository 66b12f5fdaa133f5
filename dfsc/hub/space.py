"""The app as a Hugging Face Space: the files that the page needs and people read, and a README that names its models.

The Hub reads a Space's settings from the front matter of README.md. What only the upload knows is written there: the
models' repository, which of its files are to lie in the cache before the first start, and the thumbnail's address.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from huggingface_hub import metadata_load, metadata_save

from dfsc.errors import CheckpointError
from dfsc.hub.names import VARIABLE, hub_name
from dfsc.hub.repository import Listed, api, listed
from dfsc.hub.upload import check_name, upload_space

ROOT = Path(__file__).parents[2]
SINGLE = ("app.py", "requirements.txt", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md")
WHOLE = ("dfsc", "docs", "weights")


def push_space(space: str, models: str = "", private: bool = False, root: Path = ROOT) -> str:
    """Upload the app as a Space, which is made if need be; returns its address.

    Args:
        space: org/name of the Space.
        models: org/name[@revision] of the repository whose detectors the Space shows, as it is now; without it the
            embedded ones alone.
        root: the app's folder.

    Raises:
        CheckpointError: when a name is none, the models' repository holds no detector, the app's files are not all
            here, or the Hub refuses; nothing is uploaded then.
    """
    check_name(space)
    found = _models(models) if models else None
    with TemporaryDirectory() as staging:
        stage_space(space, found, Path(staging), root)
        variables = {VARIABLE: f"{found.repository}@{found.commit}"} if found else {}
        return upload_space(Path(staging), space, private, WHOLE, variables)


def stage_space(space: str, models: Listed | None, into: Path, root: Path = ROOT) -> None:
    """Lay out a Space in a folder."""
    missing = [name for name in (*SINGLE, *WHOLE) if not (root / name).exists()]
    if missing:
        raise CheckpointError(f"The app's {missing[0]} is not in {root}; a Space is pushed from a checkout of it.")
    for file in _files(root):
        target = into / file.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    _complete(into / "README.md", space, models)


def _complete(readme: Path, space: str, models: Listed | None) -> None:
    """Write into a README's front matter what belongs to this Space alone."""
    settings = metadata_load(readme) or {}
    picture = settings.get("thumbnail", "")
    if picture and "://" not in picture:
        settings["thumbnail"] = f"{api().endpoint}/spaces/{space}/resolve/main/{picture}"
    if models:
        settings["models"] = [models.repository]
        settings["preload_from_hub"] = [f"{models.repository} {','.join(models.files)} {models.commit}"]
    metadata_save(readme, settings)


def _models(text: str) -> Listed:
    name = hub_name(text)
    if name is None or name.folder:
        raise CheckpointError(f'"{text}" is no name of a repository; it should look like org/name or org/name@v1.')
    return listed(name)


def _files(root: Path) -> Iterator[Path]:
    yield from (root / name for name in SINGLE)
    for name in WHOLE:
        yield from (file for file in sorted((root / name).rglob("*")) if file.is_file() and _belongs(file, root))


def _belongs(file: Path, root: Path) -> bool:
    """Whether a file is the app's own, and not a cache, an unfinished training or download, or hidden."""
    path = PurePosixPath(file.relative_to(root))
    passing = any(part == "__pycache__" or part.startswith(".") or part.endswith(".part") for part in path.parts)
    return not passing and path.suffix != ".pyc"
