"""FRE as a method beside the others: learned at once, kept, loaded, and judged together with a network."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from dfsc.checkpoints.cards import detector_card
from dfsc.checkpoints.detectors import load_teacher, save_detector
from dfsc.checkpoints.embedded import embedded_teacher
from dfsc.errors import CheckpointError, DFSCError, TrainingError
from dfsc.images.decoding import resize_for_network
from dfsc.inspection.inspector import Inspector
from dfsc.models.calibration import peak
from dfsc.models.detector import Detector
from dfsc.models.partner import evidence
from dfsc.sources import load
from dfsc.training.closed_form import closed_form_detector
from dfsc.training.recipe import Recipe, start


@pytest.fixture(scope="module")
def photographs(draw) -> np.ndarray:
    return np.stack([resize_for_network(draw(seed)) for seed in range(12)])


@pytest.fixture(scope="module")
def detector(demo_folder, photographs) -> Detector:
    teacher = load_teacher(demo_folder / "teacher" / "demo")
    return closed_form_detector(photographs, teacher, "block", {"license": "apache-2.0"})


@pytest.fixture(scope="module")
def trio(demo_folder, photographs) -> dict[str, Detector]:
    """A pair of three steps and FRE on the same photographs."""
    teacher = str(demo_folder / "teacher" / "demo")
    training = start(Recipe(("ead-s", "dfsc", "fre"), teacher=teacher, steps=3, copies=1), photographs)
    list(training.run())
    return training.detectors("block", {})


def test_it_finds_what_is_wrong_and_accepts_what_it_has_learned(detector, photographs, draw):
    inspector = Inspector([detector])
    assert detector.config.self_test.usable
    assert detector.config.self_test.steps is None
    good = inspector.results(photographs)[0]
    assert {result.verdict for result in good} == {"accept"}
    for wrong in ({"missing": [1]}, {"scratch": True}):
        assert inspector.inspect(draw(40, **wrong)).results[0].verdict == "reject"


def test_no_photograph_is_judged_by_a_model_that_has_seen_it(detector, photographs):
    seen = [result.fused for result in Inspector([detector], torch.float32).results(photographs)[0]]
    assert detector.calibration.count == len(photographs)
    assert detector.calibration.good_parts.maps.fused().mean() > np.mean(seen) + 0.005


def test_it_comes_back_from_disk_as_it_was(detector, demo_weights, tmp_path, draw):
    card = detector_card(detector.config, detector.calibration.count)
    save_detector(detector, tmp_path / "fre", card)
    loaded = load(tmp_path / "fre")
    assert loaded.config == replace(detector.config, training=loaded.config.training)
    one, other = (Inspector([d]).inspect(draw(5, scratch=True)).results[0] for d in (detector, loaded))
    np.testing.assert_array_equal(one.maps.local, other.maps.local)
    np.testing.assert_array_equal(one.maps.global_, other.maps.global_)
    assert one.threshold == other.threshold
    assert "closed-form" in card
    assert "1909.11786" in card
    assert "student" not in card


def test_components_are_bytes_on_disk_and_an_older_checkpoints_float16_still_load(
    detector, demo_weights, tmp_path, draw
):
    save_detector(detector, tmp_path / "fre", "# Card\n")
    file = tmp_path / "fre" / "model.safetensors"
    tensors = load_file(file)
    before = Inspector([load(tmp_path / "fre")]).inspect(draw(5, scratch=True)).results[0]
    for branch in ("local", "global_"):
        steps = tensors.pop(f"{branch}.steps")
        assert tensors[f"{branch}.components"].dtype == torch.int8
        tensors[f"{branch}.components"] = (tensors[f"{branch}.components"] * steps[:, None, None, None].float()).half()
    save_file(tensors, file)
    after = Inspector([load(tmp_path / "fre")]).inspect(draw(5, scratch=True)).results[0]
    np.testing.assert_allclose(after.fused, before.fused, rtol=2e-3, atol=5e-3)


@pytest.mark.parametrize(
    ("name", "shape"),
    [("local.components", (3,)), ("global_.components", (3, 7, 3, 3)), ("local.mean", (4, 14, 14)), ("more", (1,))],
)
def test_other_tensors_are_refused_with_a_sentence(detector, demo_weights, tmp_path, name, shape):
    save_detector(detector, tmp_path / "fre", "# Card\n")
    file = tmp_path / "fre" / "model.safetensors"
    save_file(load_file(file) | {name: torch.zeros(shape)}, file)
    with pytest.raises(CheckpointError, match=r"do not fit|are not those"):
        load(tmp_path / "fre")


def test_three_photographs_are_too_few(demo_weights, photographs):
    with pytest.raises(TrainingError, match="FRE needs at least 4"):
        closed_form_detector(photographs[:3], embedded_teacher("demo"), "block", {})


@pytest.mark.slow
def test_alone_it_needs_neither_steps_nor_seconds(demo_weights, photographs):
    training = start(Recipe("fre"), photographs)
    assert list(training.run()) == []
    assert list(training.detectors("block", {})) == ["fre"]
    with pytest.raises(TrainingError, match="steps or how many seconds"):
        Recipe(("ead-s", "fre"))


def test_alone_it_learns_from_four_photographs_and_its_card_says_how_few(demo_weights, photographs):
    training = start(Recipe("fre"), photographs[:4])
    (detector,) = training.detectors("block", {}).values()
    assert (detector.config.training["fitted"], detector.calibration.count) == (4, 4)
    assert "it knows only 4" in detector_card(detector.config, 4)
    assert "it knows only" not in detector_card(detector.config, 12)
    with pytest.raises(TrainingError, match="There are 3 good images; a training needs at least 4"):
        start(Recipe("fre"), photographs[:3])
    with pytest.raises(TrainingError, match="There are 4 good images; a training needs at least 12"):
        start(Recipe(("ead-s", "fre"), steps=3), photographs[:4])


@pytest.mark.slow
def test_a_network_and_its_partner_are_judged_by_the_good_parts_that_both_hold_out(trio, photographs, draw):
    assert list(trio) == ["ead-s", "dfsc", "fre"]
    assert len({detector.config.held_out for detector in trio.values()}) == 1
    picture = draw(40, missing=[2])
    alone = Inspector(list(trio.values())).inspect(picture).results
    together = Inspector(list(trio.values()), partner=True).inspect(picture).results
    assert [result.title for result in together] == ["EAD-S + FRE", "DFSC + FRE", "FRE"]
    assert [result.detector for result in together] == ["block-ead-s+fre", "block-dfsc+fre", "block-fre"]
    network, fre, both = alone[0], alone[2], together[0]
    assert both.good.count == network.good.count < fre.good.count
    share = network.good.count / (network.good.count + 20)
    scores = peak(network.good.maps.fused())
    clear = evidence(network.self_test, fre.self_test)
    doubt = 4 * (clear * (1 - share)) ** 3 * scores.std()
    half, quarter = (
        share * (scores.mean() - peak(fre.good.maps.fused(weight)).mean()) + doubt for weight in (0.5, 0.25)
    )

    def higher(one, other):
        return np.maximum.reduce([one.fused(), other.fused(0.5) + half, other.fused(0.25) + quarter])

    np.testing.assert_allclose(both.fused, higher(network.maps, fre.maps), rtol=1e-5)
    fused = higher(network.good.maps, fre.good.maps[: network.good.count])
    top = peak(fused).max()
    assert both.good.scores().max() == pytest.approx(top + 0.02 * max(top, 0.1), rel=1e-3)
    np.testing.assert_array_equal(together[2].maps.local, alone[2].maps.local)


@pytest.mark.slow
def test_without_the_same_good_parts_there_is_no_partner(trio, draw):
    other = replace(trio["fre"], config=replace(trio["fre"].config, held_out="sha256:other"))
    unknown = [replace(d, config=replace(d.config, held_out="")) for d in (trio["ead-s"], trio["fre"])]
    for detectors in ([trio["ead-s"], other], unknown, [trio["fre"]], [trio["ead-s"], trio["dfsc"]]):
        with pytest.raises(DFSCError, match="has FRE beside it"):
            Inspector(detectors, partner=True)
    mixed = Inspector([*trio.values(), other], partner=True).inspect(draw(3)).results
    assert [result.title for result in mixed][:2] == ["EAD-S + FRE", "DFSC + FRE"]


@pytest.mark.slow
def test_together_they_are_as_usable_as_the_less_usable_one(trio, draw):
    assert not trio["ead-s"].config.usable  # after three steps
    results = Inspector(list(trio.values()), partner=True).inspect(draw(3)).results
    assert [result.verdict for result in results][:2] == ["unsure", "unsure"]
    assert results[2].verdict != "unsure"
