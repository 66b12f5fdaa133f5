"""Ground truth: LOCO's channels with their saturation, other layouts' connected regions, and what is wrong in words."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dfsc.datasets import Dataset, Layout, TestImage
from dfsc.errors import DatasetError, ImageError
from dfsc.evaluation.ground_truth import GroundTruth, SaturationRule, connected_regions

RULES = [
    {"defect_name": "gone", "pixel_value": 255, "saturation_threshold": 0.5, "relative_saturation": True},
    {"defect_name": "stain", "pixel_value": 254, "saturation_threshold": 30, "relative_saturation": False},
]


def write_mask(path, boxes, value=255, size=(40, 32)):
    mask = np.zeros((size[1], size[0]), np.uint8)
    for top, left, bottom, right in boxes:
        mask[top:bottom, left:right] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path)
    return path


def anomalous(root, *masks):
    return TestImage(root / "test" / "logical_anomalies" / "000.png", "logical_anomalies", "logical", masks)


@pytest.fixture
def loco(tmp_path):
    (tmp_path / "defects_config.json").write_text(json.dumps(RULES))
    return Dataset(tmp_path, Layout.LOCO, ())


def test_saturation_is_a_share_rounded_down_or_a_number_of_pixels():
    relative, absolute = SaturationRule("a", 0.3, True), SaturationRule("b", 30, False)
    assert [relative.area(n) for n in (1, 10, 99)] == [1, 3, 29]
    assert [absolute.area(n) for n in (10, 30, 99)] == [10, 30, 30]


def test_every_channel_of_loco_is_one_defect_even_in_two_pieces(loco, tmp_path):
    gone = write_mask(tmp_path / "m" / "000.png", [(0, 0, 4, 5), (20, 20, 24, 25)], 255)
    stain = write_mask(tmp_path / "m" / "001.png", [(8, 8, 16, 16)], 254)
    defects = GroundTruth(loco).defects(anomalous(tmp_path, gone, stain), 40, 32)
    assert [(d.mask.sum(), d.saturation) for d in defects] == [(40, 20), (64, 30)]


def test_regions_of_other_layouts_are_defects_of_their_own(tmp_path):
    mask = write_mask(tmp_path / "000_mask.png", [(0, 0, 4, 5), (20, 20, 24, 25)])
    defects = GroundTruth(Dataset(tmp_path, Layout.MVTEC_AD, ())).defects(anomalous(tmp_path, mask), 40, 32)
    assert [(d.mask.sum(), d.saturation) for d in defects] == [(20, 20), (20, 20)]


def test_good_images_have_no_defects(loco, tmp_path):
    assert GroundTruth(loco).defects(TestImage(tmp_path / "g.png", "good", "good"), 40, 32) == []


def test_what_is_wrong_is_said_in_a_sentence(loco, tmp_path):
    truth = GroundTruth(loco)
    box = [(0, 0, 4, 4)]
    cases = {
        "no ground-truth mask": (),
        "40×32 pixels, its image 41×32": (write_mask(tmp_path / "m" / "a.png", box),),
        "is empty": (write_mask(tmp_path / "m" / "b.png", []),),
        "one of 254, 255 was expected": (write_mask(tmp_path / "m" / "c.png", box, 7),),
    }
    for sentence, masks in cases.items():
        with pytest.raises(DatasetError, match=sentence):
            truth.defects(anomalous(tmp_path, *masks), 41 if "41" in sentence else 40, 32)


def test_a_missing_or_damaged_mask_is_named_with_its_folders(loco, tmp_path):
    (tmp_path / "m" / "000").mkdir(parents=True)
    (tmp_path / "m" / "000.png").write_bytes(b"no picture")
    truth = GroundTruth(loco)
    with pytest.raises(DatasetError, match=r"m/001\.png was expected as ground truth of .*/000\.png, but is not there"):
        truth.defects(anomalous(tmp_path, tmp_path / "m" / "001.png"), 40, 32)
    with pytest.raises(DatasetError, match=r"m/000 was expected as ground truth of .*/000\.png, but holds no mask"):
        truth.defects(anomalous(tmp_path, tmp_path / "m" / "000"), 40, 32)
    with pytest.raises(ImageError, match=r"^The mask .*/m/000\.png is not an image"):
        truth.defects(anomalous(tmp_path, tmp_path / "m" / "000.png"), 40, 32)


def test_labels_in_colours_are_all_defects(tmp_path):
    labels = np.zeros((32, 40), np.uint8)
    labels[2:4, 2:4], labels[10:12, 2:4], labels[20:22, 2:4] = 1, 2, 3
    picture = Image.fromarray(labels).convert("P")
    picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 0, 0, 128])
    picture.save(tmp_path / "000_mask.png")
    truth = GroundTruth(Dataset(tmp_path, Layout.MVTEC_AD, ()))
    assert len(truth.defects(anomalous(tmp_path, tmp_path / "000_mask.png"), 40, 32)) == 3


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    images = []
    for name in ("sound", "gone", "damaged", "turned", "inverted"):
        photograph = write_mask(tmp_path / "test" / "cut" / f"{name}.png", [])
        mask = tmp_path / "ground_truth" / "cut" / f"{name}_mask.png"
        if name not in ("gone", "damaged"):
            box = (0, 0, 32, 40) if name == "inverted" else (4, 4, 8, 8)
            write_mask(mask, [box], size=(32, 40) if name == "turned" else (40, 32))
        elif name == "damaged":
            mask.write_bytes(b"no picture")
        images.append(TestImage(photograph, "cut", "structural", (mask,)))
    faults = GroundTruth(Dataset(tmp_path, Layout.MVTEC_AD, ())).faults(images)
    assert [path.stem for path in faults] == ["gone", "damaged", "turned", "inverted"]
    for said, sentence in zip(
        ("is not there", "is not an image", "has 32×40 pixels, its image 40×32", "marks 100 %"),
        faults.values(),
        strict=True,
    ):
        assert said in sentence


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ("[{", "was expected to be a list in JSON, but can't be read as such"),
        ("[" * 100_000, "was expected to be a list in JSON, but can't be read as such"),
        ('{"a": 1}', "was expected to be a list of defects, but is an object"),
        ("[]", "was expected to be a list of defects, but is an empty list"),
        ("[1]", "Entry 1 of .* was expected to be an object, but is a single value"),
        ('[{"defect_name": "gone"}]', "but lacks pixel_value, saturation_threshold, relative_saturation"),
        (json.dumps([*RULES, RULES[0]]), "Entry 3 of .* a pixel_value of its own, a whole number from 1 to 255"),
        (json.dumps([RULES[0] | {"pixel_value": 0}]), "a pixel_value of its own, a whole number from 1 to 255"),
        (json.dumps([RULES[0] | {"pixel_value": "255"}]), "a pixel_value of its own, a whole number from 1 to 255"),
        (json.dumps([RULES[0] | {"relative_saturation": "yes"}]), "a relative_saturation of true or false"),
        (
            json.dumps([RULES[0] | {"saturation_threshold": 1.5}]),
            "a saturation_threshold above 0, a share of at most 1",
        ),
        (json.dumps([RULES[0] | {"saturation_threshold": math.nan}]), "a saturation_threshold above 0, a share of"),
        (json.dumps([RULES[1] | {"saturation_threshold": 0}]), "a saturation_threshold above 0, a number of pixels"),
        (json.dumps([RULES[1] | {"saturation_threshold": math.inf}]), "a saturation_threshold above 0, a number of"),
    ],
)
def test_a_wrong_defects_config_is_told_with_its_entry(loco, tmp_path, config, sentence):
    (tmp_path / "defects_config.json").write_text(config)
    with pytest.raises(DatasetError, match=sentence):
        GroundTruth(loco)


def test_a_missing_defects_config_is_told(loco, tmp_path):
    (tmp_path / "defects_config.json").unlink()
    with pytest.raises(DatasetError, match="was expected to hold defects_config"):
        GroundTruth(loco)


def test_pixels_that_touch_at_a_corner_are_one_region():
    mask = np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 0, 0], [1, 1, 0, 0]], bool)
    assert [int(region.sum()) for region in connected_regions(mask)] == [2, 2, 2]
    assert connected_regions(np.zeros((3, 3), bool)) == []


def flooded(mask):
    """Regions as sets of pixels, by flooding."""
    left, regions = set(zip(*map(list, np.nonzero(mask)), strict=True)), []
    while left:
        region, border = set(), [left.pop()]
        while border:
            y, x = border.pop()
            region.add((y, x))
            near = {(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & left
            left -= near
            border += near
        regions.append(frozenset(region))
    return set(regions)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
def test_regions_equal_those_of_flooding(seed, density):
    rng = np.random.default_rng(seed)
    mask = rng.random(rng.integers(1, 16, 2)) < density
    regions = connected_regions(mask)
    assert {frozenset(zip(*map(list, np.nonzero(region)), strict=True)) for region in regions} == flooded(mask)
    assert sum(region.sum() for region in regions) == mask.sum()
