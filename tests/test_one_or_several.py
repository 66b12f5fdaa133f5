"""Public functions take one of a thing as well as several, however they are given, or say what they take."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import dfsc
from dfsc.checkpoints.detectors import save_detector
from dfsc.inspection.inspector import Inspector
from dfsc.material.photographs import photo_set
from dfsc.training.recipe import gather


def refusal(call, *arguments, **options) -> str:
    with pytest.raises(dfsc.DFSCError) as caught:
        call(*arguments, **options)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert sentence.isprintable()
    return sentence


def test_detectors_come_alone_in_any_collection_or_by_method(tiny_detectors, good_pictures):
    one, two = tiny_detectors
    for given, count in ((one, 1), ([one], 1), (iter(tiny_detectors), 2), ({"ead-s": one, "dfsc": two}, 2)):
        assert len(dfsc.inspect(good_pictures[0], given).results) == count
    assert Inspector(one).names == ["toy_block-ead-s"]


@pytest.mark.parametrize("given", ["dfsc", b"dfsc", Path("weights"), None, 3, ["dfsc"], {"dfsc": "dfsc"}])
def test_what_is_no_detector_is_refused(given, good_pictures, tmp_path):
    assert "Detectors are what dfsc.load" in refusal(Inspector, given)
    assert "Detectors are what dfsc.load" in refusal(dfsc.inspect, good_pictures[0], given)
    assert "Detectors are what dfsc.load" in refusal(dfsc.write_bundle, given, tmp_path / "pair.zip")
    assert not (tmp_path / "pair.zip").exists()
    for none in ([], {}, ()):
        assert "no detector" in refusal(Inspector, none)


def test_results_take_one_image_or_several_of_the_networks_size(tiny_detectors, good_pictures):
    inspector = Inspector(tiny_detectors)
    stack = np.stack(good_pictures[:2])
    expected = [[result.score for result in of] for of in inspector.results(stack)]
    assert [[result.score for result in of] for of in inspector.results(good_pictures[:2])] == expected
    assert [[result.score for result in of] for of in inspector.results(stack[0])] == [of[:1] for of in expected]
    wrong = (stack[:, :128], stack[:0], stack / 255, [], "a.png", None, [stack[0], stack[0, :9]], [[1, 2], [3, 4]])
    for images in wrong:
        assert "resized already" in refusal(inspector.results, images)
    assert "H×W×3" in refusal(inspector.inspect, good_pictures)


def test_an_evaluation_takes_a_folder_and_a_detector_alone(toy_dataset, tiny_detectors):
    (report,) = dfsc.evaluate(str(toy_dataset), tiny_detectors[0]).detectors
    assert report.auroc == dfsc.evaluate(dfsc.open_dataset(toy_dataset), tiny_detectors).detectors[0].auroc
    for wrong in (3, ["a.png"], None):
        assert "takes a data set" in refusal(dfsc.evaluate, wrong, tiny_detectors)


def test_one_source_at_a_time_where_that_is_meant(tmp_path):
    assert "one source at a time" in refusal(dfsc.open_checkpoints, [tmp_path, tmp_path])
    assert "one folder" in refusal(dfsc.open_dataset, [tmp_path])


def test_a_pair_is_saved_by_method_or_alone_and_opened_again(tmp_path, demo_detectors):
    pair = {detector.config.method: detector for detector in demo_detectors}
    dfsc.write_bundle(pair, str(tmp_path / "pair.zip"))
    assert [detector.config.method for detector in dfsc.open_checkpoints(tmp_path / "pair.zip")] == ["ead-s", "dfsc"]
    dfsc.write_bundle(pair["dfsc"], tmp_path / "one.zip")
    assert len(dfsc.open_checkpoints(tmp_path / "one.zip")) == 1


@pytest.mark.parametrize("methods", [3, None, ["dfsc", 3], "nonsense", []])
def test_methods_that_are_none_are_refused(methods):
    assert "Known methods are" in refusal(dfsc.Recipe, methods, steps=1)


def test_good_images_come_as_an_array_a_list_or_what_was_read(draw, demo_weights):
    images = np.stack([draw(seed) for seed in range(12)])
    recipe = dfsc.Recipe("dfsc", steps=1, copies=1)
    expected = gather(recipe, images).data.held_out
    for given in (list(images), photo_set((str(i), image) for i, image in enumerate(images))):
        np.testing.assert_array_equal(gather(recipe, given).data.held_out, expected)
    for wrong in (images[0], "photographs", None, [], images[:, :9], ["a.png"] * 12):
        assert "A training takes" in refusal(dfsc.train, recipe, wrong)


@pytest.mark.parametrize("value", [0, 255, 90])
def test_images_of_one_colour_are_not_learned_from(value, draw, demo_weights):
    blank = np.full((14, 256, 256, 3), value, np.uint8)
    recipe = dfsc.Recipe("dfsc", steps=1, copies=1)
    assert "14 of the 14 good images are of a single colour" in refusal(dfsc.train, recipe, blank)
    blank[:11] = [draw(seed) for seed in range(11)]
    assert "3 of the 14" in refusal(dfsc.train, recipe, blank)


def test_detectors_read_16_bit_photographs_as_their_training_did(tmp_path, demo_detectors, demo_weights):
    detector = demo_detectors[0]
    assert detector.config.bits is None
    of_camera = replace(detector, config=replace(detector.config, bits=12))
    save_detector(of_camera, tmp_path / "dfsc", "# Card\n")
    assert dfsc.load(tmp_path / "dfsc").config.bits == 12
    assert Inspector([detector, of_camera]).bits == 12
    other = replace(detector, config=replace(detector.config, bits=14))
    assert "12 and 14 bits" in refusal(Inspector, [of_camera, other])
    config = tmp_path / "dfsc" / "config.json"
    config.write_text(config.read_text().replace('"bits": 12', '"bits": "many"'))
    assert "wrong or missing entry" in refusal(dfsc.load, tmp_path / "dfsc")


def test_a_training_says_by_how_many_bits_its_images_were_read(draw, demo_weights):
    images = np.stack([draw(seed) for seed in range(12)])
    assert gather(dfsc.Recipe("dfsc", steps=1, copies=1, bits=12), images).data.bits == 12
    assert "8 to 16 bits" in refusal(dfsc.Recipe, "dfsc", steps=1, bits=40)
