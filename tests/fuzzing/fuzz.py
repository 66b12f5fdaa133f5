"""Fuzzing of what comes from outside, with atheris (an extra for tests: pip install atheris).

    python tests/fuzzing/fuzz.py TARGET [libFuzzer's options, as -max_total_time=300]

A finding is any error but the library's own, and any sentence that is none. Findings become tests of their own.
"""

import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "images")]

import atheris  # noqa: E402

with atheris.instrument_imports(
    include=["dfsc.images", "dfsc.files", "dfsc.annotations", "dfsc.datasets", "dfsc.checkpoints", "dfsc.hub", "PIL"]
):
    from hostile_files import READ, picture
    from hub_server import LoopbackHub

    from dfsc.annotations.masks import read_mask
    from dfsc.checkpoints.bundles import open_bundle
    from dfsc.checkpoints.config import detector_config, position_entries, typical_error_entry
    from dfsc.checkpoints.files import read_tensors
    from dfsc.datasets import open_dataset
    from dfsc.errors import DFSCError
    from dfsc.files import parsed
    from dfsc.hub.names import HubName, hub_name
    from dfsc.hub.repository import fetch
    from dfsc.images.decoding import read_image
    from dfsc.images.uploads import Listing, display_path
    from dfsc.study.file import read_study

BETWEEN = b"\n\n\n"
INFO = b'{"id": "org/name", "sha": "' + b"0" * 40 + b'", "cardData": {"license": "mit"}, "siblings": [], "tags": []}'
TREE = b'[{"type": "file", "path": "dfsc/config.json", "size": 9, "oid": "' + b"0" * 40 + b'"}]'
SHARED = ROOT / "weights" / "dosing_vial" / "fre"


def _in_folder(name: str, use: Callable[[Path], object]) -> Callable[[bytes], object]:
    place = Path(tempfile.mkdtemp())

    def target(data: bytes) -> None:
        (place / name).write_bytes(data)
        use(place)

    return target


def _config(data: bytes) -> None:
    try:
        config = parsed(data)
    except ValueError:
        return
    if isinstance(config, dict):
        detector_config(config, Path("x"))
        position_entries(config, Path("x"))
        typical_error_entry(config, Path("x"))


def _zip(place: Path) -> None:
    with Listing([(place / "z.zip", "z.zip")]) as listing:
        for file in listing.files[:20]:
            file.read()


def _hub() -> Callable[[bytes], object]:
    """A Hub that answers with the input: about a repository, about its files, and each file, with a line between."""
    hub = LoopbackHub()
    os.environ |= {"HF_ENDPOINT": hub.address, "HF_HUB_CACHE": tempfile.mkdtemp(), "HF_HUB_DISABLE_XET": "1"}

    def target(data: bytes) -> None:
        parts = [*data.split(BETWEEN, 2), b"", b""]
        hub.said = dict(zip(("/tree/", "/resolve/", ""), (parts[1], parts[2], parts[0]), strict=True))
        hub.asked.clear()
        fetch(HubName("org/name"), refresh=True, progress=lambda _: None)

    return target


def _names(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    hub_name(text)
    assert display_path(text).isprintable()


# What is tried, and what it starts from.
TARGETS: dict[str, tuple[Callable[[bytes], object], list[bytes]]] = {
    "images": (lambda data: read_image(data, "n"), [picture(kind) for kind in READ]),
    "zips": (_in_folder("z.zip", _zip), []),
    "bundles": (_in_folder("z.zip", lambda place: open_bundle(place / "z.zip", "z.zip")), []),
    "weights": (_in_folder("model.safetensors", read_tensors), []),
    "configs": (_config, [(SHARED / "config.json").read_bytes()]),
    "tables": (_in_folder("t.csv", open_dataset), [b"path,label,split,mask\na.png,good,train,\n"]),
    "annotations": (
        _in_folder("a.json", lambda place: read_mask(place / "a.json", place / "a.png")),
        [b'{"shapes": [{"label": "x", "points": [[1, 1], [9, 1], [9, 9]]}], "imageHeight": 20, "imageWidth": 20}'],
    ),
    "masks": (_in_folder("m.png", lambda place: read_mask(place / "m.png", place / "a.png")), [picture("PNG")]),
    "studies": (_in_folder("study.json", lambda place: read_study(place)), []),
    "hub": (_hub(), [BETWEEN.join((INFO, TREE, (SHARED / "config.json").read_bytes()))]),
    "names": (_names, [b"org/name@main:folder"]),
}


def main() -> None:
    target, seeds = TARGETS[sys.argv.pop(1)]
    warnings.simplefilter("ignore")
    corpus = tempfile.mkdtemp()
    for number, seed in enumerate(seeds):
        Path(corpus, str(number)).write_bytes(seed)

    def tried(data: bytes) -> None:
        said = "."
        try:
            target(data)
        except DFSCError as error:
            said = str(error)
        assert said.endswith("."), said

    os.chdir(tempfile.mkdtemp())
    atheris.Setup([*sys.argv, "-rss_limit_mb=1500", "-timeout=20", "-max_len=65536", corpus], tried)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
