"""Model cards as the Hub reads them."""

from dataclasses import replace

from huggingface_hub import ModelCard

from dfsc.checkpoints.cards import detector_card, repository_card

MEASURED = {"auroc": {"logical": {"local": 0.7, "global": 0.8, "fused": 0.9}}, "counts": {"logical": {"good": 5}}}


def measured(detector):
    return replace(detector.config, product="my block", training={"measured": MEASURED, "license": "apache-2.0"})


def test_the_hub_finds_what_was_measured(tiny_detectors):
    configs = [measured(detector) for detector in tiny_detectors]
    for text, titles in (
        (detector_card(configs[0], 8), ["EAD-S"]),
        (repository_card("org/block", configs), ["EAD-S", "DFSC"]),
    ):
        data = ModelCard(text).data
        assert [one.task_name for one in data.eval_results] == [f"anomalies, {title}" for title in titles]
        assert {(one.metric_value, one.dataset_name) for one in data.eval_results} == {(0.9, "test images of my block")}
        assert (data.library_name, data.license) == ("dfsc", "apache-2.0")


def test_what_was_not_measured_is_not_told(tiny_detectors):
    assert "model-index" not in detector_card(tiny_detectors[0].config, 8)
