"""What README promises and what CI runs are the same."""

import json
import re
import shlex
import shutil
from pathlib import Path

import foreign
import pytest

import dfsc
from dfsc.__main__ import main, parsed
from dfsc.benchmarks.loco import CATEGORIES
from dfsc.checkpoints.bundles import write_bundle
from dfsc.checkpoints.weights import weights_folder

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
IN_BLOCKS = re.findall(r"^python -m dfsc .*$", README, re.MULTILINE)
WRITTEN = IN_BLOCKS + re.findall(r"(?<=`)python -m dfsc [^`]+(?=`)", README)
COMMANDS = list(map(list, dict.fromkeys(tuple(shlex.split(line, comments=True)[3:]) for line in WRITTEN)))
HUB = [command for command in COMMANDS if any(word.startswith("org/") for word in command)]
# Needs a Python that has anomalib.
ELSEWHERE = [command for command in COMMANDS if command[:2] == ["benchmark", "peers"]]
SMALLER = {
    "render terminal_block": "render terminal_block --train 12 --validation 4 --good 2 --logical 1 --structural 1",
    "--steps 400": "--steps 2 --copies 1",
    "--autoencoder-steps 1500 --imitation-steps 1500 --steps 1000": "--steps 2 --copies 1",
    "--seconds 120": "--steps 2 --copies 1",
    "--seconds 240": "--steps 2 --copies 1",
    "--tau 0.7 0.9 0.99 --seed 0 1 2": "--tau 0.99 --seed 0 --steps 2 --copies 1",
    "--steps 700 --copies 2": "--steps 2 --copies 1 --seed 0",
    "benchmark loco": "benchmark loco --steps 2 --copies 1 --seed 0 --method ead-s --size demo",
    "--seconds 180": "--seconds 180 --photographs 12 --seed 0",
    "benchmark speed": "benchmark speed --rounds 1",
    "export terminal_block": "export own_1.zip",
    "--batch 1": "--batch 1 --rounds 1",
}
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
    Image.new("L", (200, 150), 255).save(tmp_path / "region.png")
    return tmp_path


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_every_command_is_one(arguments):
    assert callable(parsed(arguments).run)


@pytest.fixture
def workshop(desk: Path, demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The desk with all that the commands name and do not make themselves.

    The products that ship keep their teachers; trainings find a tiny one.
    """
    shutil.copytree(weights_folder(), desk / "weights")
    for size in ("demo", "small"):
        teacher = shutil.move(desk / "weights" / "teacher" / size, desk)
        for product in desk.glob("weights/*/dfsc"):
            if json.loads((product / "config.json").read_text())["size"] == size:
                shutil.copytree(teacher, product.parent / "teacher")
    shutil.copytree(demo_folder / "teacher", desk / "weights" / "teacher", dirs_exist_ok=True)
    monkeypatch.setenv("DFSC_WEIGHTS", str(desk / "weights"))
    rendered = desk / "data" / "terminal_block"
    monkeypatch.setattr("dfsc.benchmarks.loco.CATEGORIES", CATEGORIES[:1])
    monkeypatch.setattr("dfsc.distillation.targets.HELD_OUT", 4)
    (desk / "other_things").symlink_to(desk / "photographs")
    (desk / "mvtec_loco_anomaly_detection").mkdir()
    for name in ("transistor", "my_data", f"mvtec_loco_anomaly_detection/{CATEGORIES[0]}"):
        (desk / name).symlink_to(rendered)
    write_bundle(dfsc.open_checkpoints(demo_folder / "toy_block"), desk / "own_1.zip")
    foreign.save_checkpoint(foreign.anomalib(), desk / "model.ckpt")
    (desk / "meaning.txt").write_text("It runs.\nIt is small.\nIt says nothing.\n", encoding="utf-8")
    return desk


@pytest.mark.slow
def test_every_other_command_runs_those_in_blocks_first(workshop, capsys, set_pace):
    """With smaller counts where a command draws, trains or measures, and one category; nothing else is changed."""
    said = {}
    set_pace(0.7)
    for command in (shlex.join(command) for command in COMMANDS if command not in HUB + ELSEWHERE):
        smaller = command
        for counts, fewer in SMALLER.items():
            smaller = smaller.replace(counts, fewer)
        assert main(shlex.split(smaller)) == 0, smaller
        said[command] = capsys.readouterr().out
    assert "terminal_block-dfsc: reject" in said["inspect photo.png --product terminal_block"]
    for made in ("weights/my_block/dfsc", "my_part/dfsc", "weights/my_part/dfsc"):
        assert len(dfsc.open_checkpoints(workshop / made)) == 1
    mapped = "for_mvtec/terminal_block-dfsc/terminal_block/test/good/000.tiff"
    for made in ("maps", mapped, "report/report.md", "sweep/sweep.md", "weights/study/study.json"):
        assert (workshop / made).exists()
    assert json.loads((workshop / "weights" / "study" / "images" / "terminal_block.json").read_text())
    assert "EAD-S" in said["benchmark loco mvtec_loco_anomaly_detection"]
    assert "| dfsc | mean |" in said["benchmark retrain data/terminal_block --seconds 180"]


def test_from_the_readme_to_a_space_of_ones_own(desk, hub, demo_folder, monkeypatch, capsys):
    shutil.copytree(demo_folder / "toy_block", desk / "weights" / "my_part")
    shutil.copytree(demo_folder / "teacher" / "demo", desk / "weights" / "my_part" / "teacher")
    assert [command[0] for command in HUB] == ["push", "push", "pull", "inspect"]
    for command in HUB:
        assert main(command) == 0
    assert set(hub.repositories) == {"org/my_part", "spaces/org/inspector"}
    assert f"{hub.address}/spaces/org/inspector\n" in capsys.readouterr().out
    monkeypatch.setenv("DFSC_HUB_REPO", hub.repositories["spaces/org/inspector"].variables["DFSC_HUB_REPO"])
    (source,) = {detector.source for detector in dfsc.product_detectors("toy_block")}
    assert re.fullmatch(r"org/my_part@\w{7} on the Hub, from the cache", source)


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)]+)\)", README))
def test_what_the_readme_points_at_is_there(link):
    assert (ROOT / link).is_file()


@pytest.mark.slow
@pytest.mark.parametrize("snippet", [s for s in SNIPPETS if "gradio_client" not in s])
def test_python_examples_run(workshop, capsys, snippet):
    scope: dict = {}
    if "load_photographs" in snippet:
        exec(SNIPPETS[0], scope)
    exec(snippet.replace("seconds=120", "steps=2, copies=1"), scope)
    assert [detector.config.method for detector in scope["inspector"].detectors][:2] == ["ead-s", "dfsc"]
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
