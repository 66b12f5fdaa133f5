"""What README promises and what CI runs are the same."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from dfsc.__main__ import main, parser
from dfsc.checkpoints import weights_folder

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [shlex.split(line, comments=True)[3:] for line in re.findall(r"^python -m dfsc .*$", README, re.MULTILINE)]
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, draw) -> Path:
    """A folder with the photographs that the examples name, and the weights that ship."""
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DFSC_WEIGHTS", raising=False)
    example = next((weights_folder() / "examples" / "terminal_block" / "logical").glob("*.jpg"))
    for name in ("photo.jpg", "photo.png"):
        shutil.copyfile(example, tmp_path / name)
    (tmp_path / "photographs").mkdir()
    for seed in range(12):
        Image.fromarray(draw(seed, width=200, height=150)).save(tmp_path / "photographs" / f"{seed}.png")
    return tmp_path


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_every_command_is_one(arguments):
    assert callable(parser().parse_args(arguments).run)


def test_the_commands_that_need_nothing_else_run(desk, capsys):
    assert main(["inspect", "photo.png", "--product", "terminal_block"]) == 0
    assert "terminal_block-dfsc: reject" in capsys.readouterr().out


@pytest.mark.parametrize("snippet", [s for s in SNIPPETS if "gradio_client" not in s])
def test_python_examples_run(desk, capsys, snippet):
    scope: dict = {}
    if "load_photographs" in snippet:
        exec(SNIPPETS[0], scope)
    exec(snippet.replace("seconds=120", "seconds=40"), scope)
    assert len(scope["inspector"].detectors) == 2
    assert capsys.readouterr().out


def test_ci_runs_the_readmes_test_command_and_the_space_has_the_required_gradio():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    start, test = re.findall(r"^python3 -m venv .*$", readme, re.MULTILINE)
    assert test in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert start.endswith(".venv/bin/python app.py")
    version = re.search(r"^sdk_version: (\S+)$", readme, re.MULTILINE).group(1)
    assert f"gradio=={version}" in (ROOT / "requirements.txt").read_text(encoding="utf-8").split()
    description = re.search(r"^short_description: (.+)$", readme, re.MULTILINE).group(1)
    assert len(description) <= 60
