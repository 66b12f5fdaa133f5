"""What is in a folder or a table, in words that fit into one line of an error."""

from pathlib import Path

from dfsc.images.decoding import image_files, one_line

_MAX_NAMES = 5
_MAX_CHARACTERS = 120


def subfolders(folder: Path) -> list[str]:
    """Names of a folder's visible folders, sorted."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def subfolder(folder: Path, *names: str) -> Path | None:
    """The first visible folder with one of these names, which are in small letters; capitals don't matter."""
    present = {name.lower(): folder / name for name in reversed(subfolders(folder))}
    return next((present[name] for name in names if name in present), None)


def contents(folder: Path) -> str:
    """What a folder holds: its subfolders by name, else how many images or other files."""
    folders = subfolders(folder)
    if folders:
        return f"the folder{'s' * (len(folders) > 1)} {enumeration(folders)}"
    images = len(image_files(folder))
    if images:
        return f"{images} image{'s' * (images > 1)}"
    return "no images" if any(folder.iterdir()) else "nothing"


def enumeration(names: list[str]) -> str:
    """The first few names, separated by commas."""
    return ", ".join(names[:_MAX_NAMES]) + " …" * (len(names) > _MAX_NAMES)


def printable(text: str) -> str:
    """A value from a file as it fits into a sentence: one line, not endless."""
    return one_line(text, _MAX_CHARACTERS)
