"""What the Retrain tab says of a training's pace and of its pair."""

from types import SimpleNamespace

import pytest

from dfsc.interface.retrain import wording
from dfsc.models.detector import DetectorConfig
from dfsc.models.self_test import SelfTest

STAGES = ("autoencoder", "imitation", "student")


def config(method, found, steps=900):
    test = SelfTest({"erased": (found, 20)}, steps)
    return DetectorConfig("part", method, "demo", "sha256:0", None, "staged", self_test=test)


def test_who_finds_most_is_recommended_in_a_sentence():
    def said(*found):
        methods = zip(("ead-s", "dfsc", "fre"), found, strict=False)
        return wording.recommended([SimpleNamespace(config=config(*one)) for one in methods])

    assert said(17, 19, 18) == "Inspect with DFSC: it finds most made-up faults."
    assert said(17, 19, 19) == "Inspect with DFSC or FRE: they find most made-up faults."
    assert said(19, 19, 19) == "Inspect with any of them: all find equally many made-up faults."
    assert said(3, 4, 19) == "Inspect with FRE, as not all of them are usable yet."
    assert said(3, 4) == "None of these models is usable yet."


def test_stages_are_counted_and_nothing_is_reckoned_from_a_few_steps():
    early = wording.progress(STAGES, "imitation", 3, None, 80.4)
    assert early == "Stage 2 of 3: students imitate the teacher, step 3, measuring how many fit. 80 s left."
    late = wording.progress(STAGES, "autoencoder", 12, 210, 100)
    assert late == "Stage 1 of 3: training auto-encoders, step 12 of about 210. 1 min 40 s left."
    second_lap = wording.progress(("autoencoder", "student"), "student", 12, 300, 100)
    assert second_lap.startswith("Stage 2 of 2: students imitate teacher and auto-encoders, step 12 of about 300")


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (None, "Measuring how many steps the processor manages in 120 s; 600 are usual."),
        (25, "About 25 steps fit into 120 s on the processor now; 600 are usual, so expect too little."),
        (640, "About 640 steps fit into 120 s on the processor now; 600 are usual."),
    ],
)
def test_what_the_machine_manages_is_told_beside_what_is_usual(steps, said):
    assert wording.manages(steps, 120, "the processor") == said
    assert wording.manages_too_few(steps) == ("too little" in said)


def test_a_pair_is_ready_only_if_both_methods_find_what_is_wrong():
    ready = wording.done(120, [config("ead-s", 17), config("dfsc", 18)])
    assert ready.startswith("Ready after 2 min: ")
    assert "EAD-S finds 17 of 20 made-up faults, DFSC finds 18 of 20 made-up faults" in ready
    half = wording.done(60, [config("ead-s", 17), config("dfsc", 3)])
    assert half == "Not usable yet, after 60 s: DFSC finds 3 of 20 made-up faults. Press “Train longer” to go on."
    assert "ready" not in wording.done(60, [config("ead-s", 17, steps=5), config("dfsc", 18, steps=5)])
