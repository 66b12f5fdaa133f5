"""The papers' table: the five categories, resumable, beside published figures that say where they come from."""

import json
import shutil

import pytest

from dfsc.__main__ import main
from dfsc.benchmarks import loco
from dfsc.errors import DatasetError
from dfsc.sweeps.summary import summarise

SETTINGS = {"size": "demo", "steps": 9, "schedule": "joint", "as_published": True}
TITLE = "EAD-S, demo, 9 steps, published recipe"


def invented(dataset, method, auroc):
    maps = dict.fromkeys(("local", "global", "fused"), auroc)
    return {
        "settings": {"dataset": dataset, "method": method, "seed": 0} | SETTINGS,
        "auroc": dict.fromkeys(("logical", "structural", "mean", "all"), maps),
        "images": [{"image": "0", "family": "good"}, {"image": "1", "family": "logical"}],
        "scores": {"fused": [0.0, 1.0]},
        "training": {"averages": {}},
    }


@pytest.fixture
def categories(tmp_path, toy_dataset):
    for name in loco.CATEGORIES:
        shutil.copytree(toy_dataset, tmp_path / "loco" / name)
    return tmp_path / "loco"


def test_missing_categories_are_named(categories):
    shutil.rmtree(categories / "pushpins")
    with pytest.raises(DatasetError, match="lacks pushpins"):
        loco.category_folders(categories)


def test_the_mean_needs_all_five_categories_and_weighs_them_alike():
    values = (0.5, 0.6, 0.7, 0.8, 0.9)
    results = [invented(name, "ead-s", value) for name, value in zip(loco.CATEGORIES, values, strict=True)]
    assert f"| {TITLE} | **mean** | 70.0 | 70.0 | 70.0 | 70.0 | 1 |" in loco.table(summarise(results))
    assert "**mean**" not in loco.table(summarise(results[:4]))


def test_a_diverged_training_leaves_its_place_empty():
    results = [invented(name, "ead-s", 0.5) for name in loco.CATEGORIES]
    results[2] = {"settings": results[2]["settings"], "error": "It grew without bound."}
    text = loco.table(summarise(results))
    assert f"| {TITLE} | pushpins |  |  |  |  | 0, 1 diverged |" in text
    assert "**mean**" not in text


def test_other_settings_stand_in_blocks_of_their_own():
    results = [invented(name, "ead-s", 0.5) for name in loco.CATEGORIES]
    longer = [invented(name, "ead-s", 0.9) for name in loco.CATEGORIES]
    for result in longer:
        result["settings"]["steps"] = 90
    text = loco.table(summarise([*results, *longer]))
    assert text.count("**mean**") == 2
    assert "90 steps" in text


def test_published_figures_name_their_source():
    lines = loco.table([]).splitlines()[2:]
    assert len(lines) == 3
    assert all("arXiv 2303.14535" in line or "arXiv 2407.17909" in line for line in lines)
    assert "90.0" in lines[0]
    assert "92.0" in lines[2]


@pytest.mark.slow
def test_a_table_of_two_categories_with_few_steps(categories, demo_weights, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(loco, "CATEGORIES", loco.CATEGORIES[:2])
    few = ["--size", "demo", "--steps", "1", "--copies", "1", "--method", "ead-s", "fre"]
    command = ["benchmark", "loco", str(categories), "--out", str(tmp_path / "out"), *few]
    assert main(command) == 0
    first = capsys.readouterr()
    assert "This will take about" in first.err
    for name in (*loco.CATEGORIES, "**mean**"):
        assert f"| EAD-S, demo, 1 steps, published recipe | {name} |" in first.out
        assert f"| FRE, demo, in closed form | {name} |" in first.out
    results = [json.loads(file.read_text()) for file in (tmp_path / "out" / "cells").iterdir()]
    assert {result["settings"]["method"]: list(result["training"]["steps"]) for result in results} == {
        "ead-s": ["joint"],
        "fre": [],
    }
    assert main(command) == 0
    again = capsys.readouterr()
    assert again.out == first.out
    assert "4 trainings, 4 of them done already" in again.err
