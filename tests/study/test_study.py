"""What the page's Compare tab is told: figures of sweeps in one file, and test images that can be got again."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import gradio as gr
import numpy as np
import pytest

from dfsc.__main__ import main
from dfsc.datasets import open_dataset
from dfsc.errors import DatasetError
from dfsc.images.decoding import read_image
from dfsc.interface.compare.cases_view import cases_html
from dfsc.interface.compare.tab import _readable, has_study
from dfsc.interface.compare.tau_curves import tau_curves_html
from dfsc.interface.compare.view import comparison_html, meaning_html, settings_html, switches_html
from dfsc.interface.compare.wording import chosen_of
from dfsc.scenes import Counts, write_dataset
from dfsc.study.cases import Case, Drawn, Finding, Outcome, Shipped, choose
from dfsc.study.figures import Setting, study_of
from dfsc.study.file import read_study, write_study
from dfsc.study.gains import Gain, mean_gain
from dfsc.study.judging import select
from dfsc.study.selection import AtSameRate, Selection, case_picture, read_selection, selected_products, write_selection
from dfsc.study.switches import switches_of

MEANING = ["Nothing was measured.", "These rows are invented.", "They are here to be tested."]
USUAL = Setting(0.9, 1.5)


def case(number, family, *scores, defects=None, origin=True):
    """A case whose two scores are judged by a limit of 0.5."""
    ead_s, dfsc = (Finding(score, 0.5, "reject" if score > 0.5 else "accept") for score in scores)
    drawn = Drawn(number, ()) if origin else None
    return Case(f"test/{number}.png", family, (defects or family,) if family != "good" else (), drawn, (ead_s, dfsc))


def row(method, product="cable", gain=None, **settings):
    """A row as a sweep writes it, of two seeds."""
    maps = {"fused": [0.9, 0.8]}
    found = {} if gain is None else {"mean": gain, "seeds": [], "interval": [gain - 0.01, gain + 0.01]}
    return {
        "settings": {"dataset": product, "method": method, "steps": 9, **settings},
        "seeds": [0, 1],
        "diverged": [],
        "auroc": {"logical_anomalies": maps, "logical": maps, "all": maps},
        "gain": {group: found for group in ("logical", "all") if found},
        "watched": {"autoencoder": 0.5, "similar_mean": 0.25 if method == "dfsc" else None},
    }


def swept(*taus, **settings):
    return [row("ead-s"), *(row("dfsc", gain=0.05, tau=tau, margin_ratio=1.5, **settings) for tau in taus)]


def test_an_outcome_is_which_method_is_right():
    assert case(0, "good", 0.1, 0.9).outcome == Outcome.ONLY_EAD_S
    assert case(0, "logical", 0.1, 0.9).outcome == Outcome.ONLY_DFSC
    assert case(0, "good", 0.9, 0.9).outcome == Outcome.BOTH_WRONG
    assert case(0, "structural", 0.9, 0.9).outcome == Outcome.BOTH_RIGHT
    foreign = replace(case(0, "logical", 0.9, 0.9), findings=(Finding(9.0, 0.5, "foreign"),) * 2)
    assert foreign.outcome == Outcome.BOTH_WRONG


def test_what_is_chosen_differs_most_or_lies_farthest_and_is_not_all_of_one_kind():
    cases = [
        case(0, "logical", 0.49, 0.51),
        case(1, "logical", 0.03, 0.95),
        case(2, "logical", 0.20, 0.30),
        case(3, "structural", 0.05, 0.02),
        case(4, "good", 0.25, 0.05),
        case(5, "logical", 0.98, 0.98, defects="screw"),
        case(6, "logical", 0.97, 0.97, defects="screw"),
        case(7, "logical", 0.60, 0.60, defects="wire"),
        case(8, "logical", 0.0, 0.99, origin=False),
    ]
    assert [c.image[5] for c in choose(cases, 1)] == ["1", "3", "5"]
    assert [c.image[5] for c in choose(cases, 4)] == ["1", "0", "3", "2", "5", "4", "7", "6"]
    assert choose([]) == []


def test_no_disagreement_is_said_and_nothing_is_listed(tmp_path):
    agreed = [case(0, "good", 0.1, 0.1), case(1, "logical", 0.9, 0.9)]
    counts = dict.fromkeys(Outcome, 0) | {Outcome.BOTH_RIGHT: 2}
    selection = Selection("cable", "cable", ("sha256:1", "sha256:2"), counts, tuple(choose(agreed)))
    assert selection.of(Outcome.ONLY_DFSC) == []
    assert "There is no test image" in chosen_of(selection, Outcome.ONLY_DFSC, 0)
    write_selection(selection, tmp_path)
    assert selected_products(tmp_path) == ["cable"]
    assert read_selection(tmp_path, "cable") == selection
    said = cases_html(selection, Outcome.BOTH_RIGHT, {}, other_wanted=True)
    assert "“Cable” were judged with the calibrated limits only" in said
    both = replace(selection, same_rate=AtSameRate(0, 1, counts, tuple(choose(agreed))))
    write_selection(both, tmp_path)
    assert read_selection(tmp_path, "cable") == both


def test_a_study_tells_tau_and_margin_alone():
    with pytest.raises(DatasetError, match="cable has rows with hinge pull"):
        study_of(MEANING, USUAL, [swept(0.9, hinge="pull")])
    assert study_of(MEANING, USUAL, [swept(0.9, hinge="squared-distance", weight=1.0)])


def test_a_damaged_file_is_named_without_its_place_and_hides_no_other(tmp_path, monkeypatch, demo_weights):
    monkeypatch.setattr("dfsc.interface.compare.tab.study_folder", lambda: tmp_path)
    (tmp_path / "study.json").write_text("{")
    with gr.Blocks() as page:
        read = _readable([read_study, lambda folder: "the other"])
    assert read == [None, "the other"]
    (told,) = (block.value for block in page.blocks.values() if isinstance(block, gr.HTML))
    assert "study.json is not a study" in told
    assert str(tmp_path) not in told


def test_a_study_is_written_and_read_again(tmp_path):
    study = study_of(MEANING, USUAL, [swept(0.7, 0.9)], ["cable"])
    write_study(study, tmp_path)
    assert read_study(tmp_path) == study
    assert [row.setting and row.setting.tau for row in study.rows] == [None, 0.7, 0.9]
    assert study.groups("cable") == ["logical"]
    for text in ('{"format": "dfsc-study-1"}', "[" * 200_000, "7" * 5_000):
        (tmp_path / "study.json").write_text(text)
        with pytest.raises(DatasetError, match="is not a study"):
            read_study(tmp_path)
    assert read_study(tmp_path / "elsewhere") is None


def test_a_study_refuses_what_its_reader_could_not_tell_apart():
    with pytest.raises(DatasetError, match="three sentences"):
        study_of(MEANING[:2], USUAL, [swept(0.9)])
    with pytest.raises(DatasetError, match="more than τ′ and margin"):
        study_of(MEANING, USUAL, [swept(0.9), swept(0.9, warm_up=0.2)[1:]])
    with pytest.raises(DatasetError, match=r"not trained with τ′ = 0\.9, κ = 1\.5 on cable"):
        study_of(MEANING, USUAL, [swept(0.7)])
    with pytest.raises(DatasetError, match="EAD-S was not trained on cable"):
        study_of(MEANING, USUAL, [swept(0.9)[1:]])


def test_gains_of_products_that_nothing_was_chosen_on_are_put_together():
    alone = mean_gain([Gain(0.03, 0.0, 0.07)])
    assert (alone.mean, alone.low, alone.high) == pytest.approx((0.03, 0.0, 0.07))
    both = mean_gain([Gain(0.04, 0.01, 0.08), Gain(0.0, -0.04, 0.03)])
    assert (both.mean, both.low, both.high) == pytest.approx((0.02, 0.02 - 0.025, 0.02 + 0.025))
    other = [row("ead-s", "lid"), row("dfsc", "lid", gain=-0.03, tau=0.9, margin_ratio=1.5)]
    study = study_of(MEANING, USUAL, [swept(0.9), other], ["cable", "lid"])
    assert study.held_out_gain("logical").mean == pytest.approx(0.01)
    assert study.held_out_gain("structural") is None
    table = comparison_html(study)
    assert table.count("no setting of DFSC was chosen on it") == 2
    assert table.index("Mean of the products") > table.index("Lid")
    assert "+1.0" in table
    assert "Mean of the products" not in comparison_html(replace(study, held_out=("lid",)))
    assert replace(study, held_out=("cable",)).products == ["lid", "cable"]
    with pytest.raises(DatasetError, match="No sweep is on screw"):
        replace(study, held_out=("screw",))


def test_the_page_shows_difference_interval_and_curves_of_a_study():
    sweep = [*swept(0.7, 0.9), row("dfsc", gain=-0.005, tau=0.9, margin=2.0)]
    study = study_of(["<b>One.", *MEANING[1:]], USUAL, [sweep])
    table = comparison_html(study)
    assert "+5.0" in table
    assert "+4.0 to +6.0" in table
    assert "<small>includes 0" not in table
    assert "<small>includes 0" in comparison_html(replace(study, compared=Setting(0.9, None, 2.0)))
    assert "<b>One" not in meaning_html(study)
    curves = tau_curves_html(study)
    assert curves.count("<figure") == 1
    assert "κ = 1.5: 85.0 (80.0 to 90.0)" in curves
    assert "m = 2" in curves
    assert "85.0 ± 7.1" in settings_html(study)
    assert tau_curves_html(study_of(MEANING, USUAL, [swept(0.9)])) == ""


def test_other_methods_are_rows_of_their_own_and_no_settings_of_the_constraint(tmp_path):
    study = study_of(MEANING, USUAL, [[*swept(0.7, 0.9), row("fre", gain=0.02), row("fcl", gain=0.01)]])
    assert (study.baseline("cable"), len(study.constrained("cable"))) == (study.rows[0], 2)
    assert [(r.method, r.gains["logical"].mean) for r in study.beside("cable")] == [("fcl", 0.01), ("fre", 0.02)]
    write_study(study, tmp_path)
    assert read_study(tmp_path) == study
    assert "FRE beside them" in comparison_html(study)
    assert "logical 85.0, +2.0 (+1.0 to +3.0)" in comparison_html(study)
    assert "FCL beside them" in comparison_html(study)
    assert settings_html(study).count("<td>FRE</td>") == settings_html(study).count("<td>FCL</td>") == 1
    with pytest.raises(DatasetError, match="lid was swept with other methods alone"):
        study_of(MEANING, USUAL, [[*swept(0.9), row("fre", "lid")]])


def test_a_study_of_before_fre_is_read_and_shown_without_it(tmp_path):
    study = study_of(MEANING, USUAL, [swept(0.9)])
    file = write_study(study, tmp_path)
    content = json.loads(file.read_text())
    del content["partners"]
    file.write_text(json.dumps(content))
    assert read_study(tmp_path) == study
    assert "FRE" not in comparison_html(study) + settings_html(study)


def switched():
    """Three rows on a cable and two on a lid: the usual one, a pull, an absolute margin."""
    usual = {"tau": 0.9, "margin_ratio": 1.5, "weight": 1.0, "unit": "elements", "hinge": "squared-distance"}
    absolute = {name: value for name, value in usual.items() if name != "margin_ratio"} | {"margin": 2.0}
    cable = [usual, usual | {"hinge": "pull", "weight": 4.0}, absolute]
    return [
        [row("ead-s"), *(row("dfsc", gain=-0.05, **settings) for settings in cable)],
        [row("ead-s", "lid"), *(row("dfsc", "lid", gain=0.005, **settings) for settings in (usual, absolute))],
    ]


def test_switches_are_told_by_what_they_change():
    switches = switches_of(switched())
    assert switches.products == ["cable", "lid"]
    assert switches.changes == [{}, {"margin": 2.0}, {"weight": 4.0, "hinge": "pull"}]
    assert switches.usual["margin_ratio"] == 1.5
    assert "margin" not in switches.usual
    assert switches.row("lid", {"margin": 2.0}).gains["logical"].mean == 0.005
    assert switches.row("lid", {"weight": 4.0, "hinge": "pull"}) is None
    with pytest.raises(DatasetError, match="Several rows on cable"):
        switches_of([*switched(), switched()[0]])
    with pytest.raises(DatasetError, match="no training of DFSC"):
        switches_of([[row("ead-s")]])


def test_switches_travel_with_a_study_and_are_shown_where_there_are_any(tmp_path):
    study = study_of(MEANING, USUAL, [swept(0.9)], switches=switches_of(switched()))
    write_study(study, tmp_path)
    assert read_study(tmp_path) == study
    shown = switches_html(study)
    assert "<b>−5.0 (−6.0 to −4.0)</b>" in shown
    assert "<td>+0.5 (−0.5 to +1.5)</td>" in shown
    assert "λ = 4, pulled closer to the teacher" in shown
    assert "Lid: Δ Logical" in shown
    lost = replace(study.switches.rows[0], seeds=(), diverged=(0, 1), gains={})
    assert "<td> 2 stopped" in switches_html(replace(study, switches=replace(study.switches, rows=(lost,))))
    assert switches_html(replace(study, switches=None)) == ""


@pytest.fixture
def weights(demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The weights folder of tests/conftest.py under a path of its own; its pair inspects terminal blocks too."""
    folder = tmp_path / "weights"
    folder.mkdir()
    for name in ("teacher", "toy_block"):
        (folder / name).symlink_to(demo_folder / name)
    (folder / "terminal_block").symlink_to(demo_folder / "toy_block")
    monkeypatch.setenv("DFSC_WEIGHTS", str(folder))
    return folder


def test_photographs_are_counted_all_and_chosen_among_those_that_ship(weights, toy_dataset, capsys):
    examples = weights / "examples" / "toy_block" / "logical"
    examples.mkdir(parents=True)
    shutil.copyfile(toy_dataset / "test" / "missing" / "001.png", examples / "two-missing.png")
    assert main(["study", "images", str(toy_dataset), "--product", "toy_block"]) == 0
    selection = read_selection(weights / "study", "toy_block")
    assert selection.total == 9
    (chosen,) = selection.cases
    assert (chosen.image, chosen.origin) == ("test/missing/001.png", Shipped("logical/two-missing.png"))
    assert chosen.defects == ("missing",)
    assert f"{chosen.outcome}".split("-")[0] in capsys.readouterr().err
    assert np.array_equal(case_picture("toy_block", chosen)[0], read_image(toy_dataset / chosen.image))
    assert has_study()


def test_a_rendered_image_is_drawn_again_and_a_changed_one_is_refused(weights, tmp_path):
    folder = tmp_path / "blocks"
    list(write_dataset("terminal_block", folder, 3, Counts(0, 0, 1, 1, 0)))
    shutil.copytree(folder / "test" / "good", folder / "train" / "good")
    selection = select("terminal_block", open_dataset(folder))
    assert selection.total == len(selection.cases) == 2
    (chosen,) = (case for case in selection.cases if case.family == "logical")
    assert chosen.defects == ("missing_wire",)
    assert np.array_equal(case_picture("terminal_block", chosen)[0], read_image(folder / chosen.image))
    with pytest.raises(DatasetError, match="shows a terminal_block, not a toy_block"):
        select("toy_block", open_dataset(folder))
    shutil.copyfile(folder / "test" / "good" / "000.png", folder / "test" / "logical_anomalies" / "000.png")
    with pytest.raises(DatasetError, match="not what this renderer draws"):
        select("terminal_block", open_dataset(folder))


def test_the_command_takes_sweeps_and_tells_mistakes_in_one_line(weights, tmp_path, capsys):
    (tmp_path / "meaning.txt").write_text("\n".join(MEANING) + "\n", encoding="utf-8")
    (tmp_path / "sweep.json").write_text(json.dumps(swept(0.8, 0.9)), encoding="utf-8")
    command = ["study", "tables", str(tmp_path), "--meaning", str(tmp_path / "meaning.txt")]
    assert not has_study()
    assert main([*command, "--tau", "0.8", "--held-out", "cable"]) == 0
    assert read_study(weights / "study").compared == Setting(0.8, 1.5)
    assert read_study(weights / "study").held_out == ("cable",)
    assert has_study()
    (tmp_path / "sweep.json").write_text("[]")
    assert main(command) == 2
    assert capsys.readouterr().err.count("\n") == 1
