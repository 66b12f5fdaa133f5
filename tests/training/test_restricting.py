"""A region of interest for detectors as they were trained, and for trainings, on networks, FRE and both together."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import dfsc
from dfsc.checkpoints.detectors import save_detector
from dfsc.errors import CheckpointError, DFSCError
from dfsc.geometry import INPUT_SIZE
from dfsc.models.region import Region
from dfsc.sources import load
from dfsc.training.restricting import restricted

LEFT = np.zeros((56, 56), bool)
LEFT[:, :28] = True


@pytest.fixture(scope="module")
def pictures(draw) -> np.ndarray:
    return np.stack([draw(seed) for seed in range(12)])


@pytest.fixture(scope="module")
def trained(demo_folder, pictures) -> dict[str, dfsc.Detector]:
    """A network of three steps and FRE on the same pictures, without a region."""
    recipe = dfsc.Recipe(("ead-s", "fre"), teacher=str(demo_folder / "teacher" / "demo"), steps=3, copies=1)
    training = dfsc.train(recipe, pictures)
    list(training.run())
    return training.detectors("block", {"seed": 0})


@pytest.fixture(scope="module")
def made(trained, pictures) -> list[dfsc.Detector]:
    return restricted(trained, Region(LEFT), pictures)


def with_fault_on_the_right(picture: np.ndarray) -> np.ndarray:
    """A good picture and the same with another right half, but for what cells in the region may see."""
    fault = picture.copy()
    fault[40:220, 150:] = (220, 30, 30)
    return np.stack([picture, fault])


def test_nothing_outside_changes_a_bit_of_detectors_that_are_made_for_the_region(made, draw):
    images = with_fault_on_the_right(draw(30))
    for partner in (False, True):
        for good, fault in dfsc.Inspector(made, partner=partner).results(images):
            np.testing.assert_array_equal(good.fused, fault.fused)
            assert (good.score, good.verdict, good.percentile) == (fault.score, fault.verdict, fault.percentile)
            assert good.strangeness == fault.strangeness
            assert LEFT[good.peak_cell]


def test_without_the_region_the_same_fault_shows(trained, draw):
    for good, fault in dfsc.Inspector(trained).results(with_fault_on_the_right(draw(30))):
        assert not np.array_equal(good.fused, fault.fused)


def test_networks_are_calibrated_on_what_their_training_held_out(made, trained, pictures):
    network, fre = made
    assert network.calibration.count == trained["ead-s"].calibration.count
    assert network.config.held_out == trained["ead-s"].config.held_out == fre.config.held_out
    assert fre.calibration.count == len(pictures)
    other = restricted(trained["ead-s"], Region(LEFT), pictures[:7])  # not all of that training's
    assert other[0].calibration.count == 7


def test_everything_with_the_photographs_at_hand_is_what_was_trained(trained, pictures):
    images, everything = pictures[:2], Region(np.ones((56, 56), bool))
    again = restricted(trained["ead-s"], everything, pictures)
    (one, _), (other, _) = (dfsc.Inspector(of).results(images)[0] for of in (trained["ead-s"], again))
    np.testing.assert_array_equal(one.fused, other.fused)
    assert one.threshold == other.threshold


def test_without_photographs_maps_are_cut_and_fre_is_refused(trained, draw):
    network = restricted(trained["ead-s"], Region(LEFT))
    ((good, fault),) = dfsc.Inspector(network).results(with_fault_on_the_right(draw(30)))
    assert LEFT[fault.peak_cell]
    assert (fault.fused[~LEFT] < 0).all()
    np.testing.assert_array_equal(good.maps.local, fault.maps.local)  # its cells see 33 pixels each
    with pytest.raises(DFSCError, match="--good FOLDER"):
        restricted(trained, Region(LEFT))
    with pytest.raises(DFSCError, match="region already"):
        restricted(network, Region(LEFT))


def test_a_training_with_a_region_learns_nothing_of_the_rest(demo_folder, pictures, draw):
    recipe = dfsc.Recipe(("ead-s", "fre"), teacher=str(demo_folder / "teacher" / "demo"), steps=2, copies=1)
    other = pictures.copy()
    other[:, :, 150:] = other[:, ::-1, 150:]
    found = []
    for images in (pictures, other):
        region = Region(LEFT).filled(pictures)
        training = dfsc.train(recipe, region.seen(images), region=region)
        list(training.run())
        detectors = training.detectors("block", {}, self_tested=False)
        found.append(dfsc.Inspector(detectors).results(with_fault_on_the_right(draw(30))))
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one[0].fused, two[1].fused)
        assert one[0].threshold == two[0].threshold
    training = dfsc.train(recipe, pictures, region=Region(LEFT))  # the same, with the fill made for it
    np.testing.assert_array_equal(training.data.held_out[:, :, INPUT_SIZE // 2 + 20 :].std(axis=0), 0)


def test_a_checkpoint_keeps_it_bit_for_bit_and_small(made, trained, tmp_path, draw, demo_weights):
    for detector in made:
        save_detector(detector, tmp_path / detector.config.method, "# Card\n")
        kept = load(tmp_path / detector.config.method)
        np.testing.assert_array_equal(kept.region.cells, LEFT)
        np.testing.assert_array_equal(kept.region.fill, detector.region.fill)
        assert load_file(tmp_path / detector.config.method / "model.safetensors")["region"].numel() == 56 * 56 // 8
    kept = dfsc.Inspector(load(tmp_path / "ead-s")).results(draw(5))[0][0]
    np.testing.assert_array_equal(kept.fused, dfsc.Inspector(made).results(draw(5))[0][0].fused)


@pytest.mark.parametrize(
    "damage",
    [
        {"region": torch.zeros(392, dtype=torch.uint8)},
        {"region": torch.ones(391, dtype=torch.uint8)},
        {"region": torch.ones(392, dtype=torch.float32)},
        {"region_fill": torch.zeros((64, 64), dtype=torch.uint8)},
        {"region_fill": torch.zeros((64, 64, 3), dtype=torch.float32)},
        {"region": torch.full((392,), 255, dtype=torch.uint8)},  # not that of the config's quantiles
    ],
)
def test_a_damaged_region_is_refused_with_one_sentence(made, tmp_path, damage, demo_weights):
    save_detector(made[0], tmp_path / "ead-s", "# Card\n")
    file = tmp_path / "ead-s" / "model.safetensors"
    save_file(load_file(file) | damage, file)
    with pytest.raises(CheckpointError) as caught:
        load(tmp_path / "ead-s")
    assert str(caught.value).count(".") <= 2
