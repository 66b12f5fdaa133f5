"""The command line as a user types it; once in a process of its own, else in this one, which starts faster."""

import csv
import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from dfsc.__main__ import main, parsed
from dfsc.benchmarks import retrain
from dfsc.checkpoints.detectors import save_detector, save_teacher
from dfsc.checkpoints.files import digest, halved
from dfsc.commands.recipe_options import recipe
from dfsc.errors import DivergenceError
from dfsc.evaluation.evaluation import DetectorReport
from dfsc.models.calibration import FOREIGN
from dfsc.models.methods import METHODS
from dfsc.models.networks import SIZES, teacher_network
from dfsc.sources import load
from dfsc.training.closed_form import closed_form_detector
from dfsc.training.recipe import Recipe, planned

ROOT = Path(__file__).parents[2]


@pytest.fixture
def dfsc(capsys, monkeypatch):
    """dfsc(*arguments, cwd) → returncode, stdout and stderr of a command."""

    def run(*arguments, cwd=ROOT):
        monkeypatch.chdir(cwd)
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=status, stdout=out, stderr=err)

    return run


@pytest.fixture
def trio(demo_detectors, good_pictures, tmp_path):
    """A folder of EAD-S, DFSC and FRE that were calibrated on the same pictures."""
    teacher, digest_ = demo_detectors[0].teacher, "sha256:the-same"
    fre = closed_form_detector(np.stack(good_pictures), teacher, "toy_block", {}, held_out_digest=digest_)
    for one in (*demo_detectors, fre):
        known = replace(one, config=replace(one.config, held_out=digest_))
        save_detector(known, tmp_path / "trio" / known.config.method, "# Card\n")
    return tmp_path / "trio"


@pytest.fixture
def photographs(tmp_path, draw, demo_weights):
    """A working folder with pictures, some of which clash or can't be read."""
    (tmp_path / "line 1").mkdir()
    (tmp_path / "line 2").mkdir()
    Image.fromarray(draw(1, width=320, height=200)).save(tmp_path / "line 1" / "part.png")
    Image.fromarray(draw(2)).save(tmp_path / "line 1" / "part.jpg")
    Image.fromarray(draw(3)).save(tmp_path / "line 2" / "part.png")
    (tmp_path / "broken.png").write_bytes(b"nothing")
    return tmp_path


def test_inspect_gives_one_object_an_image(dfsc, photographs):
    ran = dfsc("inspect", "line 1/part.png", "broken.png", "--product", "toy_block", "--json", cwd=photographs)
    assert ran.returncode == 1
    good, broken = json.loads(ran.stdout)
    assert set(broken) == {"image", "error"}
    assert broken["error"].count(".") >= 1
    assert "Traceback" not in ran.stdout + ran.stderr
    assert (good["image"], good["size"]) == ("line 1/part.png", [320, 200])
    assert [r["method"] for r in good["results"]] == ["ead-s", "dfsc"]
    for result in good["results"]:
        assert set(result) == {
            "detector", "method", "source", "score", "threshold", "verdict", "self_test",
            "strangeness", "local_peak", "global_peak", "peak_xy", "branch", "region", "milliseconds",
        }  # fmt: skip
        assert result["strangeness"] < FOREIGN
        assert result["verdict"] == ("reject" if result["score"] > result["threshold"] else "accept")
        assert result["branch"] == ("local" if result["local_peak"] >= result["global_peak"] else "global")
        assert result["score"] == pytest.approx((result["local_peak"] + result["global_peak"]) / 2, rel=1e-5)
        assert 0 <= result["peak_xy"][0] <= 320
        assert 0 <= result["peak_xy"][1] <= 200


@pytest.fixture
def left_half(tmp_path):
    """A mask's file on which the left half of the photograph is white."""
    mask = np.zeros((200, 320), np.uint8)
    mask[:, :160] = 255
    Image.fromarray(mask).save(tmp_path / "left.png")
    return tmp_path / "left.png"


def test_a_region_cuts_what_is_inspected_and_is_kept_in_a_checkpoint(dfsc, photographs, left_half, pair):
    options = ("inspect", "line 1/part.png", "--json")
    ran = dfsc(*options, "--product", "toy_block", "--region", left_half, cwd=photographs)
    assert ran.returncode == 0, ran.stderr
    at_once = json.loads(ran.stdout)[0]["results"]
    assert all(result["region"] == 0.5 and result["peak_xy"][0] <= 160 for result in at_once)
    ran = dfsc("region", pair, "--region", left_half, "--out", "left", cwd=photographs)
    assert ran.returncode == 0, ran.stderr
    assert "50% of the photograph counts" in ran.stderr
    assert "--good FOLDER" in ran.stderr
    kept = json.loads(dfsc(*options, "--checkpoint", "left", cwd=photographs).stdout)[0]["results"]
    same = ("detector", "score", "threshold", "verdict", "strangeness", "peak_xy", "region")
    assert [[r[key] for key in same] for r in kept] == [[r[key] for key in same] for r in at_once]
    ran = dfsc("region", "left", "--region", left_half, "--out", "again", cwd=photographs)
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert "region already" in ran.stderr


def test_fre_needs_good_photos_for_a_region(dfsc, trio, left_half, good_pictures, tmp_path, demo_weights):
    ran = dfsc("inspect", left_half, "--checkpoint", trio, "--region", left_half)
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert "--good FOLDER" in ran.stderr
    (tmp_path / "good").mkdir()
    for number, picture in enumerate(good_pictures[:4]):
        Image.fromarray(picture).save(tmp_path / "good" / f"{number}.png")
    ran = dfsc("inspect", tmp_path / "good" / "0.png", "--checkpoint", trio, "--partner", "--json",
               "--region", left_half, "--good", tmp_path / "good")  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert [result["region"] for result in json.loads(ran.stdout)[0]["results"]] == [0.5] * 3
    ran = dfsc("inspect", left_half, "--checkpoint", trio, "--good", tmp_path / "good")
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)


def test_train_with_a_region(dfsc, left_half, toy_dataset, tmp_path, demo_weights):
    ran = dfsc("train", toy_dataset, "--method", "fre", "--region", left_half, "--out", tmp_path / "half")
    assert ran.returncode == 0, ran.stderr
    assert "50% of the photographs counts" in ran.stderr
    kept = load(tmp_path / "half")
    assert kept.region.share == 0.5
    assert kept.region.fill is not None


def test_maps_keep_folders_and_never_overwrite(dfsc, photographs):
    images = ["line 1/part.png", "line 1/part.jpg", "line 2/part.png"]
    command = ["inspect", *images, "--product", "toy_block", "--maps", "maps", "--json"]
    ran = dfsc(*command, cwd=photographs)
    assert ran.returncode == 0, ran.stderr
    files = sorted(str(p.relative_to(photographs / "maps")) for p in (photographs / "maps").rglob("*.tiff"))
    assert len(files) == 3 * 2 * 3
    assert "line 2/part.toy_block-dfsc.fused.tiff" in files
    assert "line 1/part.png.toy_block-ead-s.local.tiff" in files
    assert "line 1/part.jpg.toy_block-ead-s.local.tiff" in files
    report = json.loads(ran.stdout)[2]
    fused = np.asarray(Image.open(photographs / "maps" / "line 2" / "part.toy_block-ead-s.fused.tiff"))
    assert fused.dtype == np.float32
    assert fused.shape == (256, 256)
    assert fused.max() == pytest.approx(
        report["results"][0]["score"], abs=0.02 * abs(report["results"][0]["score"]) + 1e-3
    )
    before = {p: p.stat().st_mtime_ns for p in (photographs / "maps").rglob("*.tiff")}
    again = dfsc(*command, cwd=photographs)
    assert again.returncode == 2
    assert "not overwritten" in again.stderr
    assert before == {p: p.stat().st_mtime_ns for p in (photographs / "maps").rglob("*.tiff")}


@pytest.fixture
def box(tmp_path, draw, demo_weights):
    """A data set's object in MVTec LOCO AD's layout."""
    root = tmp_path / "data" / "breakfast_box"
    kinds = {"good": {}, "logical_anomalies": {"missing": [1]}, "structural_anomalies": {"scratch": True}}
    for kind, options in kinds.items():
        (root / "test" / kind).mkdir(parents=True)
        for number in range(2):
            picture = draw(number, width=320, height=200, **options)
            Image.fromarray(picture).save(root / "test" / kind / f"{number:03}.png")
    return root


def test_maps_lie_where_the_evaluation_code_of_the_data_set_looks(dfsc, box):
    folders = sorted(box.glob("test/*"))
    command = ("--product", "toy_block", "--maps", box.parent / "maps", "--maps-layout", "loco", "--json")
    ran = dfsc("inspect", *folders, *command)
    assert ran.returncode == 0, ran.stderr
    scores = {
        (result["detector"], Path(report["image"])): result["score"]
        for report in json.loads(ran.stdout)
        for result in report["results"]
    }
    expected = set()
    for (detector, image), score in scores.items():
        file = box.parent / "maps" / detector / "breakfast_box" / image.relative_to(box).with_suffix(".tiff")
        expected.add(file)
        with Image.open(file) as tiff:
            assert (tiff.mode, tiff.size, tiff.n_frames) == ("F", (320, 200), 1)
            values = np.asarray(tiff)
        assert np.isfinite(values).all()
        assert values.max() == pytest.approx(score, rel=0.1)
    assert len(expected) == 2 * 3 * 2
    assert {path for path in (box.parent / "maps").rglob("*") if path.is_file()} == expected
    again = dfsc("inspect", "good", *command, cwd=box / "test")
    assert (again.returncode, "breakfast_box/test/good/000.tiff already exists" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (["data/part.png"], "is not in a data set's OBJECT/test/KIND"),
        (["data/breakfast_box/train/good"], "is not in a data set's OBJECT/test/KIND"),
        (["data/breakfast_box/test/good", "more/breakfast_box/test/good"], "would have the same map"),
    ],
)
def test_what_has_no_place_in_that_layout_is_refused_before_anything_is_written(dfsc, box, tmp_path, images, said):
    shutil.copytree(box.parent, tmp_path / "more")
    shutil.copytree(box / "test", box / "train")
    shutil.copyfile(box / "test" / "good" / "000.png", box.parent / "part.png")
    command = ("inspect", *images, "--product", "toy_block", "--maps-layout", "loco")
    ran = dfsc(*command, "--maps", "maps", cwd=tmp_path)
    assert (ran.returncode, ran.stdout, said in ran.stderr) == (2, "", True)
    assert not (tmp_path / "maps").exists()
    assert "name the folder with --maps" in dfsc(*command, cwd=tmp_path).stderr


def test_a_folder_is_inspected_with_all_that_is_in_it_and_what_is_left_out_is_said(dfsc, photographs):
    (photographs / "line 1" / "notes.txt").write_text("notes")
    (photographs / "line 1" / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0")
    (photographs / "line 1" / "gone.png").symlink_to("nowhere.png")
    (photographs / "line 1" / "deep").mkdir()
    shutil.copyfile(photographs / "line 2" / "part.png", photographs / "line 1" / "deep" / "part.jfif")
    shutil.copyfile(photographs / "line 2" / "part.png", photographs / "line 1" / "deep" / "no ending")
    ran = dfsc("inspect", "line 1", "--product", "toy_block", "--json", cwd=photographs)
    reports = json.loads(ran.stdout)
    inspected = [report["image"] for report in reports if "results" in report]
    assert inspected == [f"line 1/{name}" for name in ("part.jpg", "part.png", "deep/no ending", "deep/part.jfif")]
    left_out = {report["image"]: report["left_out"] for report in reports if "left_out" in report}
    assert left_out == {
        "line 1/gone.png": "gone.png is a link that leads nowhere.",
        "line 1/notes.txt": "notes.txt is not an image that can be read; use JPEG, PNG, WebP, TIFF, BMP or GIF.",
        "line 1/phone.heic": "phone.heic is a HEIC photograph that can't be read here; export it as JPEG or PNG.",
    }
    assert ran.stderr == (
        "4 photographs are inspected; left out: gone.png is a link that leads nowhere; notes.txt is not an image that "
        "can be read; phone.heic is a HEIC photograph that can't be read here.\n"
    )


def test_a_table_has_paths_and_verdicts_by_the_mix_and_limit_that_are_given(dfsc, photographs):
    command = ("inspect", "line 1", "line 2", "--product", "toy_block", "--json", "--mix", 0.25, "--reject", 3)
    ran = dfsc(*command, "--csv", "tables/today.csv", cwd=photographs)
    assert ran.returncode == 0, ran.stderr
    rows = list(csv.DictReader((photographs / "tables" / "today.csv").read_text("utf-8-sig").splitlines()))
    assert [row["photograph"] for row in rows[::2]] == ["line 1/part.jpg", "line 1/part.png", "line 2/part.png"]
    results = [result for report in json.loads(ran.stdout) for result in report["results"]]
    for row, result in zip(rows, results, strict=True):
        assert (row["detector"], row["verdict"]) == (result["detector"], result["verdict"])
        assert float(row["score"]) == pytest.approx(result["score"], abs=1e-4)
        assert float(row["limit"]) == pytest.approx(result["threshold"], abs=1e-4)
        assert result["score"] == pytest.approx(0.25 * result["local_peak"] + 0.75 * result["global_peak"], rel=1e-5)
    plain = json.loads(dfsc(*command[:-4], cwd=photographs).stdout)[0]["results"][0]
    assert plain["threshold"] > results[0]["threshold"]
    (photographs / "line 2" / "cut.png").write_bytes((photographs / "line 2" / "part.png").read_bytes()[:99])
    ran = dfsc("inspect", "line 2", "--product", "toy_block", "--csv", "cut.csv", cwd=photographs)
    first = next(csv.DictReader((photographs / "cut.csv").read_text("utf-8-sig").splitlines()))
    assert (ran.returncode, first["photograph"], first["verdict"]) == (1, "line 2/cut.png", "not inspected")
    assert first["note"].startswith("cut.png is damaged")
    again = dfsc(*command, "--csv", "tables/today.csv", cwd=photographs)
    assert (again.returncode, "not overwritten" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [(("--mix", 1.5), "from 0 to 1"), (("--reject", 8), "0 to 7 of the 8"), (("--reject", -1), "0 to 7 of the 8"),
     (("--bits", 40), "8 to 16 bits"), (("--mix", "nan"), "from 0 to 1")],
)  # fmt: skip
def test_a_mix_or_limit_that_there_is_not_is_refused(dfsc, photographs, options, said):
    ran = dfsc("inspect", "line 1", "--product", "toy_block", *options, cwd=photographs)
    assert (ran.returncode, ran.stdout, said in ran.stderr) == (2, "", True)


def camera_folder(folder: Path, draw, count: int) -> Path:
    """Photographs of a 12-bit camera as 16-bit TIFFs with values up to 4,095."""
    folder.mkdir()
    for seed in range(count):
        values = draw(seed).mean(axis=2) / 255 * 4095
        values[0, 0] = 4095
        Image.fromarray(values.astype(np.uint16)).save(folder / f"{seed:02}.tif")
    return folder


@pytest.mark.slow
def test_a_camera_of_12_bits_is_recognised_declared_and_read_alike_at_inspection(dfsc, draw, demo_weights, tmp_path):
    folder = camera_folder(tmp_path / "camera", draw, 12)
    few = ("--method", "dfsc", "--steps", 1, "--copies", 1)
    ran = dfsc("train", folder, *few, "--out", tmp_path / "own")
    assert ran.returncode == 0, ran.stderr
    assert "12 photographs are used." in ran.stderr
    assert "read as values of 12 bits, up to 4095" in ran.stderr
    assert load(tmp_path / "own").config.bits == 12
    assert "read as 12-bit values" in (tmp_path / "own" / "README.md").read_text()
    inspected = [dfsc("inspect", folder / "03.tif", "--checkpoint", tmp_path / "own", "--json", *bits).stdout
                 for bits in ((), ("--bits", 12), ("--bits", 16))]  # fmt: skip
    scores = [json.loads(text)[0]["results"][0]["score"] for text in inspected]
    assert scores[0] == scores[1] != scores[2]
    undeclared = dfsc("inspect", folder / "03.tif", "--product", "toy_block")
    assert "--bits 12 reads them" in undeclared.stderr
    assert dfsc("train", folder, *few, "--bits", 16, "--out", tmp_path / "dark").returncode == 0
    assert load(tmp_path / "dark").config.bits == 16


@pytest.mark.slow
def test_train_says_what_it_uses_what_not_and_what_is_worth_a_look(dfsc, toy_dataset, demo_weights, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(toy_dataset / "train" / "good", folder / "monday")
    shutil.copytree(toy_dataset / "test" / "scratch", folder / "bad")
    shutil.copyfile(folder / "monday" / "003.png", folder / "again.png")
    (folder / "notes.txt").write_text("notes")
    few = ("--method", "dfsc", "--steps", 1, "--copies", 1)
    ran = dfsc("train", folder, *few, "--out", tmp_path / "own")
    assert ran.returncode == 0, ran.stderr
    first = ran.stderr.splitlines()[0]
    assert first.startswith("13 photographs are used; left out: ")
    assert "2 in bad" in first
    assert "notes.txt is not an image" in first
    assert "again.png and monday/003.png are nearly identical" in ran.stderr
    root = shutil.copytree(toy_dataset, tmp_path / "toy")
    (root / "train" / "good" / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0")
    ran = dfsc("train", root, *few, "--out", tmp_path / "other")
    assert ran.stderr.startswith("12 photographs are used; left out: train/good/phone.heic is a HEIC photograph")


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (9, 90, 200, 0)], ids=["black", "white", "transparent"])
def test_photographs_that_show_nothing_are_refused(dfsc, demo_weights, tmp_path, colour):
    (tmp_path / "set").mkdir()
    for number in range(14):
        Image.new("RGBA" if len(colour) == 4 else "RGB", (64, 64), colour).save(tmp_path / "set" / f"{number}.png")
    ran = dfsc("train", tmp_path / "set", "--pair", "--steps", 1, "--out", tmp_path / "own")
    assert ran.returncode == 2
    assert "14 of the 14 good images are of a single colour" in ran.stderr
    assert not (tmp_path / "own" / "dfsc").exists()


@pytest.mark.slow
def test_few_photographs_copied_often_are_told(dfsc, draw, demo_weights, tmp_path):
    (tmp_path / "set").mkdir()
    for number in range(15):
        Image.fromarray(draw(number % 3)).save(tmp_path / "set" / f"{number:02}.png")
    ran = dfsc("train", tmp_path / "set", "--method", "dfsc", "--steps", 1, "--copies", 1, "--out", tmp_path / "own")
    assert "Only 3 of these 15 photographs differ" in ran.stderr
    assert "nearly identical" in ran.stderr


def test_the_same_checkpoint_twice_gets_two_names(dfsc, photographs, demo_weights):
    folder = demo_weights / "toy_block" / "dfsc"
    ran = dfsc("inspect", "line 2/part.png", "--checkpoint", folder, "--checkpoint", folder, "--json", cwd=photographs)
    names = [result["detector"] for result in json.loads(ran.stdout)[0]["results"]]
    assert names == ["toy_block-dfsc", "toy_block-dfsc-2"]


def test_mistakes_are_told_in_one_line(dfsc, photographs):
    mistakes = [
        ("inspect", "line 1/part.png"),
        ("inspect", "line 1/part.png", "--product", "capsule"),
        ("inspect", "line 1/part.png", "--checkpoint", "line 1"),
        ("evaluate", "nowhere", "--product", "toy_block"),
        ("train", "line 1", "--pair", "--out", "out"),
        ("train", "line 1", "--pair", "--out", "out", "--tau", "3"),
        ("render", "nonsense", "--out", "out"),
    ]
    for mistake in mistakes:
        ran = dfsc(*mistake, cwd=photographs)
        assert ran.returncode == 2, mistake
        assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
        assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("kind", [["--quick"], []])
def test_the_command_line_plans_what_the_library_plans(kind):
    options = parsed(["train", "x", "--pair", "--seconds", "9", "--out", "y", *kind])
    in_python = Recipe(("ead-s", "dfsc"), seconds=9, quick=bool(kind))
    assert planned(recipe(options)) == planned(in_python)
    assert planned(in_python).separation.warm_up == (0.8 if kind else 0.5)


@pytest.mark.slow
def test_train_evaluate_inspect(dfsc, toy_dataset, demo_weights, tmp_path, monkeypatch):
    out = tmp_path / "pair"
    ran = dfsc("train", toy_dataset, "--pair", "--steps", 2, "--copies", 1, "--tau", 0.8, "--seed", 3, "--out", out)
    assert ran.returncode == 0, ran.stderr
    assert sorted(p.name for p in out.iterdir()) == ["dfsc", "ead-s"]
    config = json.loads((out / "dfsc" / "config.json").read_text())
    assert config["separation"]["tau"] == 0.8
    assert config["training"]["fitted"] == 8
    assert json.loads((out / "ead-s" / "config.json").read_text())["separation"] is None
    card = (out / "dfsc" / "README.md").read_text()
    assert "reconstruction" in card
    assert "| missing |" in card
    evaluated = dfsc("evaluate", toy_dataset, "--checkpoint", out, "--json")
    detectors = json.loads(evaluated.stdout)["detectors"]
    assert [d["method"] for d in detectors] == ["ead-s", "dfsc"]
    assert set(detectors[0]["auroc"]) == {"missing", "scratch", "logical", "structural", "mean", "all"}
    assert detectors[1]["auroc"] == config["training"]["measured"]["auroc"]
    inspected = dfsc("inspect", next((toy_dataset / "test" / "good").iterdir()), "--checkpoint", out / "dfsc", "--json")
    assert json.loads(inspected.stdout)[0]["results"][0]["source"] == str(out / "dfsc")


def test_evaluate_reports_each_network_together_with_fre(dfsc, toy_dataset, trio, tmp_path):
    asked = ("evaluate", toy_dataset, "--checkpoint", trio, "--partner")
    detectors = json.loads(dfsc(*asked, "--json").stdout)["detectors"]
    methods = ["ead-s", "dfsc", "fre", "ead-s+fre", "dfsc+fre"]
    assert [detector["method"] for detector in detectors] == methods
    assert detectors[3]["detector"] == "toy_block-ead-s+fre"
    ran = dfsc(*asked, "--out", tmp_path / "report")
    assert "toy_block-ead-s+fre\n" in ran.stdout
    text = (tmp_path / "report" / "report.md").read_text()
    assert "| All, pooled | DFSC + FRE |" in text
    rows = [line.count("|") for line in text.split("## Detectors")[1].split("##")[0].splitlines() if line[:1] == "|"]
    assert len(rows) == 2 + len(methods)
    assert len(set(rows)) == 1
    alone = dfsc("evaluate", toy_dataset, "--checkpoint", trio / "ead-s", "--partner")
    assert (alone.returncode, "has FRE beside it" in alone.stderr) == (2, True)


def test_fre_trains_on_four_photographs_and_no_network_does(dfsc, toy_dataset, demo_weights, tmp_path):
    four = tmp_path / "four"
    four.mkdir()
    for file in sorted((toy_dataset / "train" / "good").iterdir())[:4]:
        shutil.copyfile(file, four / file.name)
    ran = dfsc("train", four, "--method", "fre", "--out", tmp_path / "out")
    assert ran.returncode == 0, ran.stderr
    assert "it knows only 4" in (tmp_path / "out" / "README.md").read_text()
    ran = dfsc("train", four, "--method", "ead-s", "fre", "--steps", 3, "--out", tmp_path / "two")
    assert (ran.returncode, "needs at least 12" in ran.stderr) == (2, True)


@pytest.mark.slow
def test_an_interrupted_training_is_of_its_own_images_or_begins_anew(
    dfsc, toy_dataset, demo_weights, tmp_path, monkeypatch
):
    def interrupted(training, state_file):
        run = training.run(state_file)
        next(run)
        run.close()
        raise KeyboardInterrupt

    out, good, other = tmp_path / "out", tmp_path / "good", tmp_path / "other"
    shutil.copytree(toy_dataset / "train" / "good", good)
    shutil.copytree(good, other)
    shutil.copyfile(good / "000.png", other / "999.png")
    command = ("train", good, "--method", "dfsc", "--steps", 1, "--copies", 1, "--out", out)
    with monkeypatch.context() as patched:
        patched.setattr("dfsc.commands.train._follow", interrupted)
        assert dfsc(*command).returncode == 130
    ran = dfsc("train", other, *command[2:])
    assert ran.returncode == 2
    (said,) = (line for line in ran.stderr.splitlines() if "--anew" in line)
    assert "good images: 1 were added" in said
    ran = dfsc("train", other, *command[2:], "--anew")
    assert ran.returncode == 0, ran.stderr
    config = json.loads((out / "config.json").read_text())
    assert config["training"]["data"] == "13 good images of other"
    assert config["training"]["steps"] == "1 autoencoder, 1 student"


@pytest.mark.slow
def test_another_teacher_is_kept_beside_what_it_trained(dfsc, toy_dataset, demo_weights, tmp_path):
    torch.manual_seed(5)
    for name in ("other", "third"):
        save_teacher(halved(teacher_network(SIZES["tiny"])), "tiny", {}, tmp_path / name, "# A random teacher\n")
    few = ("--steps", 1, "--copies", 1, "--teacher", tmp_path / "other")
    out = tmp_path / "part" / "dfsc"
    ran = dfsc("train", toy_dataset, "--method", "dfsc", *few, "--out", out)
    assert ran.returncode == 0, ran.stderr
    assert load(out).teacher.digest == digest(tmp_path / "part" / "teacher") == digest(tmp_path / "other")
    refused = dfsc("train", toy_dataset, "--method", "ead-s", *few[:-1], tmp_path / "third", "--out", out)
    assert refused.returncode == 2
    assert "holds another teacher" in refused.stderr


@pytest.mark.slow
def test_benchmark_compares_in_one_run(dfsc):
    ran = dfsc("benchmark", "speed", "--rounds", 1, "--json")
    figures = json.loads(ran.stdout)
    assert figures["ratio"] == pytest.approx(figures["own_milliseconds"] / figures["reference_milliseconds"])


def test_speed_without_a_round_is_refused(dfsc):
    ran = dfsc("benchmark", "speed", "--rounds", 0)
    assert (ran.returncode, "round" in ran.stderr) == (2, True)


def test_what_was_inspected_is_printed_though_a_later_map_cannot_be_written(dfsc, photographs, demo_weights):
    (photographs / "sub").mkdir()
    Image.new("RGB", (300, 300)).save(photographs / "sub" / "b.png")
    Image.new("RGB", (300, 300)).save(photographs / "a.png")
    (photographs / "maps").mkdir()
    (photographs / "maps" / "sub").write_text("in the way")
    ran = dfsc("inspect", "a.png", "sub/b.png", "--product", "toy_block", "--json", "--maps", "maps", cwd=photographs)
    assert ran.returncode == 2
    assert [report["image"] for report in json.loads(ran.stdout)] == ["a.png"]


def test_a_damaged_mask_does_not_cost_the_figures_of_the_images(dfsc, toy_dataset, demo_weights, tmp_path):
    root = shutil.copytree(toy_dataset, tmp_path / "toy")
    for path in (root / "test").glob("[!g]*/*.png"):
        mask = root / "ground_truth" / path.parent.name / f"{path.stem}_mask.png"
        mask.parent.mkdir(parents=True, exist_ok=True)
        mask.write_bytes(b"cut off")
    ran = dfsc("evaluate", root, "--product", "toy_block", "--out", tmp_path / "report")
    assert ran.returncode == 1
    assert ran.stderr.count("Left out of the pixel figures: The mask") == 5
    assert "No pixel figures: No anomalous image has a mask that can be used." in ran.stderr
    assert "all" in ran.stdout
    assert (tmp_path / "report").is_dir()


def test_sound_masks_count_beside_others_and_kinds_are_what_they_are_said_to_be(
    dfsc, toy_dataset, demo_weights, tmp_path
):
    root = tmp_path / "toy"
    shutil.copytree(toy_dataset / "test", root / "test")
    for path in sorted((root / "test").glob("[!g]*/*.png"))[:-1]:
        mask = root / "ground_truth" / path.parent.name / f"{path.stem}_mask.png"
        mask.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.uint8(255) * (np.indices((256, 256)).max(0) < 40)).save(mask)
    Image.fromarray(np.zeros((256, 256), np.uint8)).save(mask.with_name("stray_mask.png"))
    asked = ("evaluate", root, "--product", "toy_block", "--logical", "scratch")
    ran = dfsc(*asked, "--json", "--out", tmp_path / "report")
    assert ran.returncode == 1
    assert ran.stderr.count("Left out of the pixel figures: ") == 1
    assert "001_mask.png was expected as ground truth of scratch/001.png" in ran.stderr
    assert "Not used: " in ran.stderr
    assert "there is no stray" in ran.stderr
    (first, _) = json.loads(ran.stdout)["detectors"]
    assert set(first["auroc"]) == {"missing", "scratch", "logical", "all"}
    assert first["localisation"]["left_out"] == 1
    assert "masks could not be used: 1." in (tmp_path / "report" / "report.md").read_text()
    refused = dfsc(*asked, "scrach")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "no kind of defect called scrach; it has missing, scratch." in refused.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [["scratch"], [], ["good"]])
def test_nothing_in_test_costs_a_training(kinds, dfsc, toy_dataset, demo_weights, tmp_path):
    root = tmp_path / "toy"
    shutil.copytree(toy_dataset / "train", root / "train")
    (root / "test").mkdir()
    shutil.copy(toy_dataset / "test/good/000.png", root / "test" / "loose.png")
    for kind in kinds:
        shutil.copytree(toy_dataset / "test" / kind, root / "test" / kind)
    ran = dfsc("train", root, "--method", "ead-s", "--steps", 1, "--copies", 1, "--out", tmp_path / "out")
    assert ran.returncode == 0, ran.stderr
    assert ("Not measured: An evaluation needs good and" in ran.stderr) == (kinds == ["scratch"])
    assert (tmp_path / "out" / "config.json").is_file()


def test_a_retraining_that_breaks_off_does_not_lose_those_before_it(dfsc, monkeypatch, tmp_path):
    report = DetectorReport("part-dfsc", "dfsc", {"all": {"local": 0.5, "global": 0.75, "fused": 1.0}}, {})

    def runs(*_):
        yield retrain.RetrainRun(0, 1.0, 2.0, {"student": 3}, (report,))
        raise DivergenceError("The second one diverged.")

    monkeypatch.setattr(retrain, "runs", runs)
    ran = dfsc("benchmark", "retrain", tmp_path)
    assert (ran.returncode, "| dfsc | all | 0.500 / 0.750 / 1.000 |" in ran.stdout) == (2, True)
    assert "The second one diverged." in ran.stderr


def test_a_retraining_is_of_the_pair_and_fre_however_many_methods_there_are(dfsc, monkeypatch, tmp_path):
    recipes = []
    report = DetectorReport("part-dfsc", "dfsc", {"all": {"local": 0.5, "global": 0.75, "fused": 1.0}}, {})

    def runs(_folder, recipe, *_):
        recipes.append(recipe)
        yield retrain.RetrainRun(0, 1.0, 2.0, {"student": 3}, (report,))

    monkeypatch.setattr(retrain, "runs", runs)
    monkeypatch.setitem(METHODS, "third", replace(METHODS["dfsc"], name="third"))
    assert dfsc("benchmark", "retrain", tmp_path).returncode == 0
    assert recipes[0].methods == ("ead-s", "dfsc", "fre")


@pytest.mark.parametrize(
    ("name", "value"), [("student.0.weight", math.nan), ("channel_mean", math.inf), ("channel_std", 0.0)]
)
def test_a_checkpoint_with_a_number_that_is_none_gets_no_verdict(dfsc, demo_weights, photographs, name, value):
    folder = shutil.copytree(demo_weights / "toy_block" / "dfsc", photographs / "bad")
    tensors = load_file(folder / "model.safetensors")
    tensors[name].view(-1)[0] = value
    save_file(tensors, folder / "model.safetensors")
    ran = dfsc("inspect", "line 1/part.png", "--checkpoint", folder, "--json", cwd=photographs)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "bad" in ran.stderr
    assert ran.stderr.count("\n") == 1


@pytest.mark.slow
def test_the_module_runs_as_a_command_of_its_own(photographs, shared_folder):
    command = [sys.executable, "-m", "dfsc", "inspect", "broken.png", "--product", "toy_block", "--json"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DFSC_WEIGHTS": str(shared_folder)}
    ran = subprocess.run(command, capture_output=True, text=True, cwd=photographs, env=environment, check=False)
    assert ran.returncode == 1
    assert json.loads(ran.stdout)[0]["image"] == "broken.png"
    assert ran.stderr == ""


def test_watch_writes_a_line_a_photo_that_is_inspects_object(dfsc, photographs):
    """With when it was taken, its number and how many were left out; a broken file gets a sentence."""
    inspected = json.loads(
        dfsc("inspect", "line 1/part.png", "--product", "toy_block", "--json", cwd=photographs).stdout
    )
    ran = dfsc("watch", "line 1", "--product", "toy_block", "--existing", "--most", 2, cwd=photographs)
    assert ran.returncode == 0, ran.stderr
    lines = {line["image"]: line for line in map(json.loads, ran.stdout.splitlines())}
    assert set(lines) == {"part.png", "part.jpg"}
    line = lines["part.png"]
    assert line.keys() - inspected[0].keys() == {"time", "frame", "dropped"}
    for one, other in zip(line["results"], inspected[0]["results"], strict=True):
        assert one | {"milliseconds": 0} == other | {"milliseconds": 0}
    assert "2 photos in" in ran.stderr


def test_watch_inspects_a_video_at_its_own_speed(dfsc, photographs, draw):
    import cv2

    writer = cv2.VideoWriter(str(photographs / "parts.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 50, (96, 64))
    for seed in range(20):
        writer.write(draw(seed % 2, 96, 64))
    writer.release()
    ran = dfsc("watch", "parts.avi", "--checkpoint", "toy_block/ead-s", "--reject", 1, cwd=photographs)
    assert ran.returncode == 0, ran.stderr
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert lines[-1]["frame"] == 19
    assert len(lines) + sum(line["dropped"] for line in lines) == 20
    assert [line["frame"] for line in lines] == list(np.cumsum([line["dropped"] + 1 for line in lines]) - 1)
    assert "frames left out for newer ones" in ran.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing.mp4",),
        ("line 1", "--trigger", "changed"),
        ("0", "--existing"),
        ("broken.png",),
        ("rtsp://user:secret@127.0.0.1:9/x",),
    ],
)
def test_watch_refuses_with_one_sentence(dfsc, photographs, arguments):
    ran = dfsc("watch", *arguments, "--checkpoint", "toy_block/ead-s", cwd=photographs)
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[0].endswith(".")
    assert ran.stdout == ""
    assert "secret" not in ran.stderr
