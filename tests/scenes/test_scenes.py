"""The rendered products: the same seed gives the same files, masks say where a defect shows, the layout is LOCO's."""

import itertools
import json
from functools import cache

import numpy as np
import pytest
from PIL import Image

from dfsc.datasets import open_dataset
from dfsc.errors import DatasetError
from dfsc.scenes import PRODUCTS, Counts, render, write_dataset
from dfsc.scenes.dataset import drawing_of, planned_defects
from dfsc.scenes.optics.noise import derive
from dfsc.scenes.product import severity

BLOCK = PRODUCTS["terminal_block"]
COUNTS = Counts(train=1, validation=1, good=1, logical=2, structural=2)


EVERY_KIND = [(product.name, kind) for product in PRODUCTS.values() for kind in product.kinds]


@cache
def good(product, seed=5):
    return render(product, seed).image.astype(int)


def telling_seed(kind):
    """The first seed from 5 on whose defect is a clear one."""
    return next(seed for seed in itertools.count(5) if not kind.graded or severity(seed, kind.name) > 0.8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("scenes") / "block"
    steps = list(write_dataset("terminal_block", out, 7, COUNTS))
    assert [(step.done, step.total) for step in steps] == [(done, 7) for done in range(1, 8)]
    assert all(step.path.is_file() for step in steps)
    return out


def files(out):
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("product", PRODUCTS)
def test_same_seed_same_picture_other_seed_another(product):
    again, other = render(product, 5), render(product, 6)
    assert again.image.dtype == np.uint8
    assert again.image.shape[1] >= 1024
    assert again.masks == ()
    assert np.array_equal(again.image, good(product))
    assert np.abs(other.image - good(product)).mean() > 3


@pytest.mark.parametrize(("product", "kind"), EVERY_KIND, ids=[f"{name}-{kind.name}" for name, kind in EVERY_KIND])
def test_a_mask_is_where_the_picture_differs(product, kind):
    seed = telling_seed(kind)
    picture = render(product, seed, [kind.name])
    ((found, mask),) = picture.masks
    assert found is kind
    assert mask.dtype == bool
    assert mask.shape == picture.image.shape[:2]
    difference = np.abs(picture.image - good(product, seed)).max(2)
    # Where a part is missing the whole compartment is marked, and an area's worth of it has to differ.
    area = mask.sum() if kind.relative_saturation else min(mask.sum(), kind.saturation_threshold)
    assert difference[mask].sum() > 15 * area
    # A defect may change shadows and reflections around it, but no more than that.
    assert (difference[~mask] > 30).mean() < 0.02
    assert (difference[~mask] > 8).mean() < 0.10
    if kind.family == "structural":
        assert 100 < mask.sum() < 0.01 * mask.size
    elif not kind.graded:
        rows, columns = np.nonzero(mask)
        # Stretched to 256 x 256, 14 pixels or more each way.
        assert np.ptp(rows) * 256 / mask.shape[0] >= 14
        assert np.ptp(columns) * 256 / mask.shape[1] >= 14


def test_a_severe_defect_differs_more_than_a_slight_one():
    by_severity = sorted(range(30), key=lambda seed: severity(seed, "pulled_wire"))
    slight, gross = (render("terminal_block", seed, ["pulled_wire"]).masks[0][1].sum() for seed in by_severity[1::27])
    assert gross > 3 * slight
    assert 0 <= severity(by_severity[0], "pulled_wire") < 0.1
    assert 0.9 < severity(by_severity[-1], "pulled_wire") < 1


def test_graded_defects_take_the_place_of_the_other_logical_ones_alone(tmp_path):
    counts = Counts(train=0, validation=0, good=1, logical=2, structural=1)
    for graded in (False, True):
        list(write_dataset("terminal_block", tmp_path / str(graded), 7, counts, graded=graded))
    plain, graded = (files(tmp_path / str(graded)) for graded in (False, True))
    differing = {name for name in plain.keys() | graded.keys() if plain.get(name) != graded.get(name)}
    assert {name for name in differing if "logical" not in name} == {"render.json"}
    assert {f"test/logical_anomalies/{index:03d}.png" for index in range(2)} < differing
    drawing = drawing_of(tmp_path / "True/test/logical_anomalies/001.png")
    assert drawing.defects == (BLOCK.family("logical", graded=True)[1].name,)
    with pytest.raises(DatasetError, match="kinds of defect"):
        write_dataset("terminal_block", tmp_path / "True", 7, counts)


def test_a_product_without_graded_defects_says_so(tmp_path):
    with pytest.raises(DatasetError, match="without --graded"):
        write_dataset("mounting_kit", tmp_path, 7, COUNTS, graded=True)


@pytest.mark.parametrize("product", PRODUCTS)
def test_all_logical_defects_fit_on_one_unit_and_keep_apart(product):
    names = [kind.name for kind in PRODUCTS[product].family("logical")]
    masks = render(product, 8, names).masks
    assert [kind.name for kind, _ in masks] == names
    assert all(mask.any() for _, mask in masks)
    assert np.sum([mask for _, mask in masks], axis=0).max() == 1


@pytest.mark.parametrize("product", PRODUCTS.values(), ids=lambda product: product.name)
def test_kinds_have_values_of_their_own_and_both_ways_of_saturation(product):
    assert len({kind.pixel_value for kind in product.kinds}) == len(product.kinds)
    assert {kind.relative_saturation for kind in product.kinds} == {True, False}
    for kind in product.kinds:
        assert 0 < kind.pixel_value < 256
        assert 0 < kind.saturation_threshold <= (1 if kind.relative_saturation else 768 * 1024)


def test_defects_are_planned_in_turn_and_some_images_get_two():
    plans = [planned_defects(BLOCK, seed, "structural", seed) for seed in range(100)]
    assert {plan[0] for plan in plans} == {kind.name for kind in BLOCK.family("structural")}
    assert 5 < sum(len(plan) == 2 for plan in plans) < 40
    assert all(len(set(plan)) == len(plan) for plan in plans)
    assert planned_defects(BLOCK, 1, None, 1) == ()


def test_the_layout_is_locos(folder):
    config = json.loads((folder / "defects_config.json").read_text())
    values = {entry["pixel_value"]: entry["defect_name"] for entry in config}
    keys = {"defect_name", "pixel_value", "saturation_threshold", "relative_saturation"}
    assert all(set(entry) == keys for entry in config)
    for part, count in (("train/good", 1), ("validation/good", 1), ("test/good", 1)):
        assert len(list((folder / part).glob("*.png"))) == count
    for family in ("logical", "structural"):
        images = sorted((folder / "test" / f"{family}_anomalies").glob("*.png"))
        assert [path.name for path in images] == ["000.png", "001.png"]
        for path in images:
            masks = sorted((folder / "ground_truth" / f"{family}_anomalies" / path.stem).glob("*.png"))
            assert [mask.name for mask in masks] == [f"{i:03d}.png" for i in range(max(1, len(masks)))]
            for mask in masks:
                with Image.open(path) as image, Image.open(mask) as drawn:
                    assert (drawn.mode, drawn.size) == ("L", image.size)
                    present = set(np.unique(np.asarray(drawn)).tolist())
                (value,) = present - {0}
                assert 0 in present
                assert values[value] in {kind.name for kind in BLOCK.family(family)}


def test_a_data_set_without_held_out_images_opens(tmp_path):
    list(write_dataset("terminal_block", tmp_path, 7, Counts(train=1, validation=0, good=1, logical=0, structural=0)))
    dataset = open_dataset(tmp_path)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (1, 0, 1)


def test_an_image_of_a_data_set_tells_how_it_was_drawn(folder, tmp_path):
    path = folder / "test/structural_anomalies/001.png"
    drawing = drawing_of(path)
    assert drawing.product == "terminal_block"
    with Image.open(path) as image:
        assert np.array_equal(render(*drawing).image, np.asarray(image))
    assert drawing_of(folder / "train/good/000.png").defects == ()
    assert drawing_of(folder / "ground_truth/logical_anomalies/001/000.png") is None
    assert drawing_of(tmp_path / "data/test/good/000.png") is None
    record = json.loads((folder / "render.json").read_text())
    (tmp_path / "render.json").write_text(json.dumps(record | {"version": 0}))
    with pytest.raises(DatasetError, match="another version"):
        drawing_of(tmp_path / "test/good/000.png")


def test_an_interrupted_run_resumes_to_the_same_files(folder):
    before = files(folder)
    (folder / "test/logical_anomalies/001.png").unlink()
    (folder / "ground_truth/logical_anomalies/001/000.png").write_bytes(b"half a file")
    (folder / "test/logical_anomalies/001.part").write_bytes(b"half a file")
    list(write_dataset("terminal_block", folder, 7, COUNTS))
    assert files(folder) == before


def test_a_folder_that_holds_something_else_is_left_alone(folder, tmp_path):
    before = files(folder)
    for seed, counts in ((8, COUNTS), (7, Counts(1, 1, 1, 1, 1))):
        with pytest.raises(DatasetError, match="another data set"):
            write_dataset("terminal_block", folder, seed, counts)
    assert files(folder) == before
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DatasetError, match="not empty"):
        write_dataset("terminal_block", tmp_path, 7, COUNTS)


def test_unknown_names_are_refused_with_the_known_ones(tmp_path):
    with pytest.raises(DatasetError, match="terminal_block"):
        render("teapot", 0)
    with pytest.raises(DatasetError, match="terminal_block"):
        write_dataset("teapot", tmp_path / "out", 0)
    assert not (tmp_path / "out").exists()
    with pytest.raises(DatasetError, match="missing_wire"):
        render("terminal_block", 0, ["cracked_spout"])
    for refused in (
        lambda: render("terminal_block", -1),
        lambda: write_dataset("terminal_block", tmp_path / "out", -1),
    ):
        with pytest.raises(DatasetError, match="negative"):
            refused()
    assert not (tmp_path / "out").exists()
    with pytest.raises(DatasetError, match="once"):
        render("terminal_block", 0, ["burn", "burn"])
    with pytest.raises(DatasetError, match="negative"):
        Counts(train=-1)


def test_soot_never_reflects_less_than_nothing():
    """The unit whose burn once gave negative albedo, and so an image that could not be developed."""
    own_seed = derive(0, "terminal_block", "structural", 11)
    assert render("terminal_block", own_seed, ["burn"]).image.shape == (768, 1024, 3)
