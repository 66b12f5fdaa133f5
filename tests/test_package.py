"""What pip installs, from a wheel that is built from this tree."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# What is imported under another name than it is installed by.
INSTALLED_AS = {"PIL": "pillow", "cv2": "opencv-python-headless"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder with the package as pip unpacks it, away from the checkout."""
    place = tmp_path_factory.mktemp("package")
    tree = place / "tree"
    shutil.copytree(ROOT / "dfsc", tree / "dfsc", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "weights" / "teacher", tree / "weights" / "teacher")
    for name in ("pyproject.toml", "requirements.txt", "LICENSE"):
        shutil.copyfile(ROOT / name, tree / name)
    # As pip does it, with the backend that pyproject.toml names, but without asking an index for that.
    build = "from hatchling.build import build_wheel; build_wheel('..')"
    subprocess.run([sys.executable, "-c", build], cwd=tree, capture_output=True, check=True)
    with zipfile.ZipFile(next(place.glob("*.whl"))) as wheel:
        wheel.extractall(place / "site")
    return place / "site"


def run(installed: Path, folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "DFSC_WEIGHTS"}
    command = [sys.executable, "-m", "dfsc", *arguments]
    told = subprocess.run(
        command, cwd=folder, env=environment | {"PYTHONPATH": str(installed)}, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_it_trains_and_inspects_in_an_empty_folder(installed, draw, tmp_path):
    from PIL import Image

    (tmp_path / "photos").mkdir()
    for seed in range(12):
        Image.fromarray(draw(seed)).save(tmp_path / "photos" / f"{seed}.png")
    run(installed, tmp_path, "train", "photos", "--method", "fre", "--out", "my_part")
    assert "photos-fre: " in run(installed, tmp_path, "inspect", "photos/0.png", "--checkpoint", "my_part")


def test_the_page_has_its_files_and_no_product(installed):
    assert {path.suffix for path in (installed / "dfsc" / "interface" / "static").iterdir()} == {".js", ".css", ".jpg"}
    assert {path.name for path in (installed / "dfsc" / "weights").iterdir()} == {"teacher"}
    assert {path.name for path in (installed / "dfsc" / "weights" / "teacher").iterdir()} == {"demo", "small"}
    assert (installed / "dfsc" / "py.typed").is_file()


def test_every_package_that_is_imported_is_named():
    required = {re.split(r"[=<>]", line)[0] for line in (ROOT / "requirements.txt").read_text().split()}
    optional = {re.split(r"[=<>]", line)[0] for extra in PROJECT["optional-dependencies"].values() for line in extra}
    modules = {
        module.partition(".")[0]
        for path in (ROOT / "dfsc").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for module in imported(node)
    }
    others = {INSTALLED_AS.get(name, name) for name in modules - sys.stdlib_module_names - {"dfsc"}}
    named = {name.lower().replace("_", "-") for name in required | optional}
    # What gradio and the Hub's client bring; on ZeroGPU Spaces only, which have it; in a Python of its own.
    known = {"starlette", "anyio", "gradio-client", "fsspec", "spaces", "anomalib"}
    assert {name.lower().replace("_", "-") for name in others} - named == known


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
