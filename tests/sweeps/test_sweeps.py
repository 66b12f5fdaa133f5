"""Sweeps as a researcher runs them: which trainings there are, stopped and resumed, spread, and summed up."""

import argparse
import dataclasses
import itertools
import json
import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dfsc.commands import recipe_options
from dfsc.datasets import open_dataset
from dfsc.errors import DatasetError, DFSCError
from dfsc.models.separation import Hinge, SeparationSettings
from dfsc.sweeps.cells import Cell, check_datasets, grid, read_results
from dfsc.sweeps.groups import divided
from dfsc.sweeps.lockstep import in_lockstep
from dfsc.sweeps.picture import tau_picture
from dfsc.sweeps.running import run_missing
from dfsc.sweeps.summary import as_json, summarise, table
from dfsc.sweeps.workbench import cross_validation_split
from dfsc.training.method_training import MethodTraining
from dfsc.training.plan import Schedule
from dfsc.training.recipe import Recipe
from dfsc.training.training import Training


def recipe(method="dfsc", seed=0, **separation):
    return Recipe((method,), steps=3, seed=seed, separation=SeparationSettings(**separation))


def invented(method, seed, auroc, tau=0.9, dataset="cable", scores=None, **more):
    """A cell's result without a training: two good images, two logical ones."""
    settings = {"dataset": dataset, "method": method, "seed": seed, "steps": 3} | more
    settings |= {"tau": tau, "margin_ratio": 1.5} if method == "dfsc" else {}
    images = [{"image": f"{i}", "family": family} for i, family in enumerate(["good"] * 2 + ["logical"] * 2)]
    maps = dict.fromkeys(("local", "global", "fused"), auroc)
    watched = {"autoencoder": {"autoencoder": 0.5, "similar_mean": 0.25}}
    return {
        "settings": settings,
        "auroc": {"logical": maps, "all": maps},
        "images": images,
        "scores": {"fused": scores or [0.1, 0.2, 0.15, 0.3]},
        "training": {"averages": watched},
    }


def test_a_cell_is_named_by_all_that_decides_its_result(tmp_path):
    cell = Cell(tmp_path / "a", "1f", recipe(), "sha256:1")
    same = [
        Cell(tmp_path / "elsewhere" / "a", "1f", recipe(), "sha256:1"),
        Cell(tmp_path / "a", "1f", dataclasses.replace(recipe(), teacher="elsewhere"), "sha256:1"),
        Cell(tmp_path / "a", "1f", dataclasses.replace(recipe(), detach=True), "sha256:1"),
    ]
    others = [
        Cell(tmp_path / "b", "1f", recipe(), "sha256:1"),
        Cell(tmp_path / "a", "2f", recipe(), "sha256:1"),
        Cell(tmp_path / "a", "1f", recipe(tau=0.8), "sha256:1"),
        Cell(tmp_path / "a", "1f", recipe(seed=1), "sha256:1"),
        Cell(tmp_path / "a", "1f", recipe(), "sha256:2"),
        Cell(tmp_path / "a", "1f", recipe(), "sha256:1", cross_validated=True),
        Cell(tmp_path / "a", "1f", dataclasses.replace(recipe(), steps=4), "sha256:1"),
        Cell(tmp_path / "a", "1f", dataclasses.replace(recipe(), as_published=True), "sha256:1"),
        Cell(tmp_path / "a", "1f", dataclasses.replace(recipe(), published_calibration=True), "sha256:1"),
    ]
    assert {one.name for one in same} == {cell.name}
    assert len({cell.name, *(other.name for other in others)}) == 10


def test_settings_without_an_effect_do_not_multiply_trainings(demo_weights, toy_dataset):
    recipes = [recipe(method, tau=tau) for method in ("ead-s", "dfsc") for tau in (0.7, 0.9)]
    assert [cell.method for cell in grid([toy_dataset], recipes, False, False)] == ["ead-s", "dfsc", "dfsc"]
    absolute = [recipe(margin=2.0, margin_ratio=ratio) for ratio in (1.0, 1.5)]
    (cell,) = grid([toy_dataset], absolute, False, False)
    assert cell.settings["margin"] == 2.0
    assert "margin_ratio" not in cell.settings
    pulled = [recipe(hinge=Hinge.PULL, margin_ratio=ratio) for ratio in (1.0, 1.5)]
    assert len(grid([toy_dataset], pulled, False, False)) == 1


def test_a_method_without_steps_is_one_cell_of_few_settings(demo_weights, toy_dataset):
    parser = argparse.ArgumentParser()
    recipe_options.add_swept_arguments(parser)
    options = ["--method", "ead-s", "fre", "--steps", "3", "4", "--tau", "0.7", "0.9", "--seed", "0"]
    cells = grid([toy_dataset], recipe_options.recipes(parser.parse_args(options)), True, False)
    assert Counter(cell.method for cell in cells) == {"ead-s": 2, "fre": 1}
    (fre,) = (cell for cell in cells if cell.method == "fre")
    told = {"dataset", "images", "method", "cross_validated", "pixels", "size", "teacher", "seed"}
    assert fre.settings.keys() == told


def test_other_images_under_the_same_name_are_another_cell(demo_weights, toy_dataset, tmp_path):
    copied = Path(shutil.copytree(toy_dataset, tmp_path / toy_dataset.name))
    (before,), (same,) = (grid([folder], [recipe()], False, False) for folder in (toy_dataset, copied))
    assert before.name == same.name
    (copied / "train" / "good" / "000.png").unlink()
    (after,) = grid([copied], [recipe()], False, False)
    assert before.name != after.name


def test_a_sweep_refuses_what_it_could_not_evaluate_or_tell_apart(toy_dataset, tmp_path):
    for folder in (tmp_path / "good" / "toy_block", tmp_path / "empty"):
        folder.mkdir(parents=True)
    (tmp_path / "good" / "toy_block" / "part.png").write_bytes((toy_dataset / "test/good/000.png").read_bytes())
    with pytest.raises(DatasetError, match="called toy_block"):
        check_datasets([toy_dataset, tmp_path / "good" / "toy_block"], False)
    with pytest.raises(DatasetError, match="anomalous images"):
        check_datasets([tmp_path / "good" / "toy_block"], False)
    with pytest.raises(DatasetError, match="empty"):
        check_datasets([tmp_path / "empty"], False)


def test_pixel_metrics_are_refused_before_the_training_where_masks_are_missing(toy_dataset):
    check_datasets([toy_dataset], pixels=False)
    with pytest.raises(DatasetError, match="lacks masks"):
        check_datasets([toy_dataset], pixels=True)


def test_the_table_has_the_overlap_at_its_metrics_usual_limit():
    result = invented("ead-s", 0, 0.75)
    areas = {"all": {"0.05": 0.111, "0.3": 0.777}}
    result["localisation"] = {"metric": "AUPRO", "areas": areas, "pixel_auroc": {"all": 0.9}}
    text = table(summarise([result]))
    assert "overlap all" in text
    assert "77.7" in text
    assert "11.1" not in text


def test_cross_validation_tests_every_seed_on_other_good_images(toy_dataset):
    dataset = open_dataset(toy_dataset)
    splits = [cross_validation_split(dataset, seed) for seed in range(3)]
    for split in splits:
        tested = {image.path for image in split.test if image.is_good}
        assert len(tested) == 4
        assert len(split.train) == 12
        assert not tested & set(split.train)
        assert sum(not image.is_good for image in split.test) == 5
    assert len({split.train for split in splits}) == 3


@pytest.mark.slow
def test_a_sweep_writes_table_numbers_and_picture_and_does_nothing_twice(sweep, by_one_process, tmp_path):
    folder = Path(shutil.copytree(by_one_process, tmp_path / "out"))
    status, out, err = sweep(folder, "--seed", 0, "--tau", 0.7, 0.99)
    assert status == 0
    assert "3 trainings, 2 of them done already" in err
    rows = json.loads((folder / "sweep.json").read_text())
    assert [(row["settings"]["method"], row["settings"].get("tau")) for row in rows] == [
        ("dfsc", 0.7),
        ("dfsc", 0.99),
        ("ead-s", None),
    ]
    assert out.strip() in (folder / "sweep.md").read_text()
    with Image.open(folder / "tau.png") as picture:
        assert picture.width > 500
    assert not list((folder / "unfinished").iterdir())
    status, again, err = sweep(folder, "--seed", 0, "--tau", 0.7, 0.99)
    assert "3 trainings, 3 of them done already" in err
    assert again == out


@pytest.mark.slow
def test_a_method_without_steps_is_swept_beside_the_pair(sweep, by_one_process, tmp_path):
    folder = Path(shutil.copytree(by_one_process, tmp_path / "out"))
    methods = ("--seed", 0, "--method", "ead-s", "dfsc", "fre")
    status, out, err = sweep(folder, *methods)
    assert status == 0
    assert "3 trainings, 2 of them done already" in err
    by_method = {row["settings"]["method"]: row for row in json.loads((folder / "sweep.json").read_text())}
    paired = by_method["fre"]["auroc"]["all"]["fused"][0] - by_method["ead-s"]["auroc"]["all"]["fused"][0]
    assert by_method["fre"]["gain"]["all"]["mean"] == pytest.approx(paired)
    assert "| FRE |" in (folder / "sweep.md").read_text()
    assert not list((folder / "unfinished").iterdir())
    assert sweep(folder, *methods)[1] == out


@pytest.mark.slow
def test_an_interrupted_training_goes_on_where_it_was(
    demo_weights, toy_dataset, tmp_path, penalty, by_one_process, monkeypatch
):
    one = dataclasses.replace(recipe(), copies=1, penalty=penalty[1])
    (cell,) = grid([toy_dataset], [one], False, False)

    def stopped(training, state_file=None, run=Training.run):
        for number, progress in enumerate(steps := run(training, state_file)):
            yield progress
            if number == 4:  # the auto-encoder has made its three steps, the student two
                steps.close()
                raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Training, "run", stopped)
        with pytest.raises(KeyboardInterrupt):
            list(run_missing([cell], tmp_path / "stopped"))
    assert list((tmp_path / "stopped" / "unfinished").glob("*/state.pt"))
    list(run_missing([cell], tmp_path / "stopped"))
    (resumed,) = read_results(tmp_path / "stopped")
    (whole,) = (result for result in read_results(by_one_process) if result["cell"] == cell.name)
    del whole["training"]["seconds"], resumed["training"]["seconds"]
    assert resumed == whole
    assert not list((tmp_path / "stopped" / "unfinished").iterdir())


@pytest.mark.slow
def test_cells_computed_together_come_to_what_each_comes_to_alone(demo_weights, toy_dataset, tmp_path, penalty):
    shared = {"steps": 4, "autoencoder_steps": 6, "imitation_steps": 3, "copies": 2, "penalty": penalty[1]}
    early, late = (dataclasses.replace(recipe(tau=0.6, warm_up=w), **shared) for w in (0.3, 0.7))
    wild = dataclasses.replace(recipe(tau=0.5, margin=1e9, warm_up=0.5), **shared)
    cells = grid([toy_dataset], [early, late, wild, dataclasses.replace(recipe("ead-s"), **shared)], False, False)
    (group,) = divided(cells)
    assert [cell.method for cell in group] == ["ead-s", "dfsc", "dfsc", "dfsc"]
    list(run_missing(cells, tmp_path / "together"))
    for cell in cells:
        list(run_missing([cell], tmp_path / "alone"))
    together, alone = ({r["cell"]: r for r in read_results(tmp_path / n)} for n in ("together", "alone"))
    assert len(together) == 4
    assert sum("error" in result for result in together.values()) == 1
    for name, result in together.items():
        assert result.get("scores") == alone[name].get("scores")
        assert result.get("error") == alone[name].get("error")


@pytest.mark.slow
def test_together_the_steps_before_the_constraint_are_made_once(
    demo_weights, toy_dataset, tmp_path, penalty, monkeypatch
):
    shared = {"steps": 2, "autoencoder_steps": 5, "imitation_steps": 3, "copies": 1, "penalty": penalty[1]}
    recipes = [dataclasses.replace(recipe(method, warm_up=0.8), **shared) for method in ("ead-s", "dfsc")]
    made = Counter()

    def descend(training, losses, networks, progress, descend=MethodTraining._descend):
        made[training.method.name, *networks] += 1
        return descend(training, losses, networks, progress)

    monkeypatch.setattr(MethodTraining, "_descend", descend)
    list(run_missing(grid([toy_dataset], recipes, False, False), tmp_path))
    assert made == {
        ("ead-s", "autoencoder"): 5,
        ("ead-s", "student"): 3 + 2,
        ("dfsc", "autoencoder"): 1,
        ("dfsc", "student"): 2,
    }


def test_only_cells_that_learn_the_same_at_first_are_put_together(demo_weights, toy_dataset):
    recipes = [recipe(tau=tau, seed=seed) for seed in (0, 1) for tau in (0.6, 0.7, 0.8)]
    cells = grid([toy_dataset], recipes, False, False)
    assert [[cell.recipe.seed for cell in group] for group in divided(cells)] == [[0] * 3, [1] * 3]
    assert sorted(map(len, divided(cells, workers=4))) == [1, 1, 2, 2]
    assert sorted(map(len, divided(cells[:4], workers=3))) == [1, 1, 2]
    joint = [dataclasses.replace(one, schedule=Schedule.JOINT) for one in recipes]
    assert len(divided(grid([toy_dataset], joint, False, False))) == 2


@pytest.mark.slow
def test_trainings_interrupted_at_different_steps_come_together_again(
    demo_weights, toy_dataset, tmp_path, penalty, monkeypatch
):
    shared = {"steps": 4, "autoencoder_steps": 6, "imitation_steps": 3, "copies": 1, "penalty": penalty[1]}
    recipes = [dataclasses.replace(recipe(method, tau=0.6), **shared) for method in ("ead-s", "dfsc")]
    cells = grid([toy_dataset], recipes, False, False)
    monkeypatch.setattr("dfsc.training.training.SAVE_SECONDS", 0.0)

    def stopped(trainings, files, run=in_lockstep):
        # The first has made five steps when it stops, the second three.
        yield from itertools.islice(run(trainings, files), 5 if "ead-s" in next(iter(files)) else 3)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("dfsc.sweeps.workbench.in_lockstep", stopped)
        for cell in cells:
            with pytest.raises(KeyboardInterrupt):
                list(run_missing([cell], tmp_path / "stopped"))
    list(run_missing(cells, tmp_path / "stopped"))
    list(run_missing(cells, tmp_path / "whole"))
    resumed, whole = ([r["scores"] for r in read_results(tmp_path / name)] for name in ("stopped", "whole"))
    assert resumed == whole


@pytest.mark.slow
def test_two_sweeps_do_not_work_in_one_folder(demo_weights, toy_dataset, tmp_path, penalty):
    one = dataclasses.replace(recipe(), copies=1, penalty=penalty[1])
    cells = grid([toy_dataset], [one, dataclasses.replace(one, seed=1)], False, False)
    first = run_missing(cells, tmp_path)
    next(first)
    with pytest.raises(DFSCError, match="Another sweep is running"):
        next(run_missing(cells, tmp_path))
    first.close()
    assert list(run_missing(cells[:1], tmp_path)) == []


def test_without_ray_a_sentence_says_so(demo_weights, toy_dataset, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    cells = grid([toy_dataset], [recipe()], False, False)
    with pytest.raises(DFSCError, match="ray is not installed"):
        list(run_missing(cells, tmp_path, workers=2, ray="local"))


@pytest.mark.slow
def test_a_training_that_diverges_is_a_result(demo_weights, toy_dataset, tmp_path, penalty):
    wild = recipe(tau=0.5, margin=1e9, warm_up=0.0)
    (cell,) = grid([toy_dataset], [dataclasses.replace(wild, copies=1, penalty=penalty[1])], False, False)
    list(run_missing([cell], tmp_path))
    (result,) = read_results(tmp_path)
    assert "grew without bound" in result["error"]
    assert not list((tmp_path / "unfinished").iterdir())
    (row,) = summarise([result])
    assert row.diverged == (0,)
    assert "1 diverged" in table([row])


def test_a_summary_pairs_methods_by_seed_and_shows_only_what_differs():
    results = [invented("ead-s", seed, 0.75) for seed in (0, 1, 2)]
    results += [invented("dfsc", seed, 1.0, scores=[0.1, 0.2, 0.25, 0.3]) for seed in (0, 1, 2)]
    results += [invented("dfsc", 0, 0.5, tau=0.7, scores=[0.1, 0.2, 0.15, 0.15])]
    rows = summarise(results)
    assert [(row.settings["method"], row.seeds) for row in rows] == [
        ("dfsc", (0,)),
        ("dfsc", (0, 1, 2)),
        ("ead-s", (0, 1, 2)),
    ]
    assert rows[0].gains["logical"].differences == (-0.25,)
    assert rows[1].gains["all"].differences == (0.25, 0.25, 0.25)
    assert rows[2].gains == {}
    heads = table(rows).splitlines()[0]
    assert "tau" in heads
    assert "steps" not in heads
    assert "100.0 ± 0.0" in table(rows)
    assert as_json(rows)[1]["gain"]["all"]["mean"] == 0.25


def test_a_method_without_steps_is_paired_with_the_only_baseline_that_agrees():
    fre = invented("fre", 0, 1.0, scores=[0.1, 0.2, 0.25, 0.3])
    del fre["settings"]["steps"]
    baselines = [invented("ead-s", 0, 0.75), invented("ead-s", 0, 0.5, dataset="pill")]
    by_method = {row.settings["method"]: row for row in summarise([fre, *baselines])}
    assert by_method["fre"].gains["all"].differences == (0.25,)
    twice = summarise([fre, *baselines, invented("ead-s", 0, 0.75, steps=9)])
    assert [row.gains for row in twice if row.settings["method"] == "fre"] == [{}]


def test_data_sets_and_differing_settings_keep_rows_apart():
    results = [invented("ead-s", 0, 0.75), invented("ead-s", 0, 0.75, dataset="pill")]
    results += [invented("ead-s", 1, 0.75, steps=9)]
    rows = summarise(results)
    assert len(rows) == 3
    assert "steps" in table(rows).splitlines()[0]


def test_the_images_digest_is_shown_only_where_a_name_has_two():
    one = [invented("ead-s", 0, 0.75, images="1f"), invented("ead-s", 0, 0.75, dataset="pill", images="2f")]
    assert "images" not in table(summarise(one))
    assert "| 3f |" in table(summarise([*one, invented("ead-s", 0, 0.75, dataset="pill", images="3f")]))


def test_the_picture_needs_two_values_of_tau(tmp_path):
    one = [invented("dfsc", 0, 0.8), invented("ead-s", 0, 0.7)]
    assert not tau_picture(summarise(one), tmp_path / "tau.png")
    assert tau_picture(summarise([*one, invented("dfsc", 0, 0.9, tau=0.7)]), tmp_path / "tau.png")
    with Image.open(tmp_path / "tau.png") as picture:
        assert np.asarray(picture.convert("L")).std() > 5


def test_a_foreign_file_among_the_results_is_named(tmp_path):
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "notes.json").write_text("[1, 2]")
    with pytest.raises(DFSCError, match=r"notes\.json"):
        read_results(tmp_path)
