"""Files as attackers, broken disks and odd programs make them: each becomes a picture or one plain sentence."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_files import BOMBS, LARGE, ODD, ODD_NAMES, READ, STARTS, WRITTEN, picture
from PIL import Image

from dfsc.errors import ImageError
from dfsc.images.decoding import FORMATS, check_array, highest_value, read_image
from dfsc.images.photo_files import photograph_files
from dfsc.images.structure import costly
from dfsc.material.photographs import load_photographs

ACCEPTED = "use JPEG, PNG, WebP, TIFF, BMP or GIF."
# Of all bombs together, on any machine that is not broken; one that goes off takes minutes.
PROCESSOR_SECONDS = 90
MEMORY = 1_000_000_000


def is_sentence(text: str) -> bool:
    return text.isprintable() and text.endswith(".") and "Traceback" not in text and "/tmp" not in text


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.filterwarnings("ignore")
def test_an_odd_file_gives_a_picture_or_a_sentence(name: str):
    data = ODD[name]()
    said, image = "", None
    try:
        image = read_image(data, name)
    except ImageError as error:
        said = str(error)
    assert (said.startswith(f"{name} ") and is_sentence(said)) or check_array(image) is image
    assert highest_value(data) is None or highest_value(data) >= 0


@pytest.mark.parametrize("kind", [*WRITTEN, *STARTS])
def test_kinds_that_nobody_needs_are_not_opened(kind: str, monkeypatch: pytest.MonkeyPatch):
    Image.init()
    opened = []
    for known, (_, accept) in list(Image.OPEN.items()):
        if known not in FORMATS:
            monkeypatch.setitem(Image.OPEN, known, (lambda *_, known=known: opened.append(known), accept))
    data = STARTS.get(kind) or picture(kind)
    with pytest.raises(ImageError) as caught:
        read_image(data, "photo")
    assert str(caught.value) == f"photo is not an image that can be read; {ACCEPTED}"
    assert not opened


def test_every_kind_that_pillow_opens_is_in_the_corpus():
    Image.init()
    assert set(FORMATS) <= set(READ)
    assert set(Image.OPEN) <= {*READ, *WRITTEN, *STARTS}


@pytest.mark.filterwarnings("ignore")
def test_all_of_them_in_one_folder(tmp_path: Path):
    for number, name in enumerate(ODD_NAMES):
        (tmp_path / f"{number:03} {name}").write_bytes(ODD[name]())
    photographs = load_photographs(tmp_path, most=len(ODD_NAMES))
    assert len(photographs) > 60
    assert len(photographs) + len(photographs.left_out) == len(ODD_NAMES)
    assert all(map(is_sentence, photographs.left_out))
    assert all(map(is_sentence, photograph_files(tmp_path).left_out))
    assert len(list(tmp_path.iterdir())) == len(ODD_NAMES)


def test_a_sound_picture_is_never_called_costly():
    assert not any(costly(picture(kind)) for kind in READ)
    for seen in (Path(__file__).parents[2] / "weights" / "examples").rglob("*.jpg"):
        assert not costly(seen.read_bytes())


BOMB_SQUAD = """
import json, resource, sys, warnings
warnings.simplefilter("ignore")
from hostile_files import BOMBS, LARGE
from dfsc.errors import ImageError
from dfsc.images.decoding import read_image, highest_value
from PIL import features
import numpy as np

names, memory = json.loads(sys.argv[1]), int(sys.argv[2])
made = {name: (LARGE[name] if name in LARGE else BOMBS[name][0])() for name in names}
np.zeros((256, 256)) @ np.zeros((256, 256))
in_use = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (in_use + memory,) * 2)
for name, data in made.items():
    try:
        said = str(read_image(data, name).shape)
    except ImageError as error:
        said = str(error)
    highest_value(data)
    print(json.dumps([name, said]), flush=True)
"""


def squad(names: list[str]) -> dict[str, str]:
    """What is said of each of these files in a process that may take so much memory and time, and no more."""
    ran = subprocess.run(
        [sys.executable, "-c", BOMB_SQUAD, json.dumps(names), str(MEMORY)],
        env={"PYTHONPATH": f"{Path(__file__).parents[2]}:{Path(__file__).parent}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS,) * 2),
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return dict(map(json.loads, ran.stdout.splitlines()))


@pytest.mark.skipif(sys.platform != "linux", reason="limits a process's memory as Linux does")
def test_bombs_do_not_go_off():
    said = squad(list(BOMBS))
    assert said.keys() == BOMBS.keys()
    for name, (_, end) in BOMBS.items():
        assert end in said[name], said[name]
        assert not end or is_sentence(said[name])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits a process's memory as Linux does")
@pytest.mark.parametrize("name", LARGE)
def test_the_largest_photographs_take_less_than_a_gigabyte(name: str):
    assert squad([name])[name].endswith(", 3)")
