"""Detectors kept under a name on one's own machine are products like the others."""

import numpy as np
import pytest

import dfsc
from dfsc.checkpoints.kept import keep
from dfsc.errors import CheckpointError
from dfsc.sources import product_configs


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DFSC_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_what_is_kept_is_a_product_and_inspects_alike(home, demo_weights, demo_detectors, draw):
    keep(demo_detectors, " my part ", dfsc.products())
    assert dfsc.products() == ["toy_block", "my part"]
    kept = dfsc.product_detectors("my part")
    assert [detector.config for detector in kept] == product_configs("my part")
    assert {detector.config.product for detector in kept} == {"my part"}
    before, after = (dfsc.Inspector(detectors).inspect(draw(3)) for detectors in (demo_detectors, kept))
    for one, other in zip(before.results, after.results, strict=True):
        np.testing.assert_array_equal(one.raw.local, other.raw.local)
        assert one.score == other.score


@pytest.mark.parametrize("name", ["", "../x", "a/b", "x" * 65, ".", "TOY_block", "Part"])
def test_names_that_are_none_or_taken_are_refused_and_nothing_is_lost(home, demo_weights, demo_detectors, name):
    keep(demo_detectors, "part")
    with pytest.raises(CheckpointError, match=r"plain name|already"):
        keep(demo_detectors[:1], name, dfsc.products())
    assert [path.name for path in home.rglob("*.*")] == ["part.zip"]
    assert len(dfsc.product_detectors("part")) == 2


def test_without_a_home_nothing_is_kept(demo_detectors, monkeypatch):
    monkeypatch.delenv("DFSC_HOME", raising=False)
    with pytest.raises(CheckpointError, match="DFSC_HOME"):
        keep(demo_detectors, "part")


def test_a_damaged_one_gets_a_sentence(home, demo_weights):
    (home / "models").mkdir(parents=True)
    (home / "models" / "part.zip").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match=r"part\.zip"):
        dfsc.product_detectors("part")
