"""How a repository on the Hub is named; needs no client of the Hub."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

# The environment variable for the repository that `dfsc.products` looks at first.
VARIABLE = "DFSC_HUB_REPO"
MAIN = "main"

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


def hub_name(text: str) -> HubName | None:
    """Parse a name; None if it is invalid."""
    match = _NAME.fullmatch(text.strip())
    if match is None:
        return None
    folder = PurePosixPath(match["folder"] or ".")
    if ".." in folder.parts or folder.is_absolute():
        return None
    return HubName(match["repository"], match["revision"] or MAIN, folder_text(folder))


def folder_text(folder: PurePosixPath) -> str:
    """A folder of a repository as the Hub writes it, "" for the root."""
    return "" if str(folder) == "." else str(folder)
