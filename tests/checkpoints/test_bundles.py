"""Pairs of checkpoints as one zip, written and opened again, and zips that are not what they claim."""

import dataclasses
import zipfile

import numpy as np
import pytest
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from dfsc.checkpoints.bundles import write_bundle
from dfsc.errors import CheckpointError
from dfsc.inspection.inspector import Inspector
from dfsc.models.calibration import Calibration, PositionScale
from dfsc.sources import open_checkpoints


@pytest.fixture
def bundle(demo_detectors, tmp_path):
    file = tmp_path / "pair.zip"
    write_bundle(demo_detectors, file)
    return file


def repacked(bundle, change):
    """A zip like `bundle` whose entries (name → bytes) went through `change`."""
    with zipfile.ZipFile(bundle) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    file = bundle.with_name("changed.zip")
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in change(entries).items():
            archive.writestr(name, content)
    return file


def with_number(entries, name, value):
    """The entries of a bundle, a number of one of a detector's tensors changed."""
    tensors = load_tensors(entries["dfsc/model.safetensors"])
    tensors[name] = tensors[name].copy()
    tensors[name].flat[0] = value
    return entries | {"dfsc/model.safetensors": save_tensors(tensors)}


def test_a_bundle_gives_back_equal_maps(demo_detectors, bundle, draw):
    with zipfile.ZipFile(bundle) as archive:
        folders = {name.partition("/")[0] for name in archive.namelist()}
    assert folders == {"ead-s", "dfsc"}
    opened = open_checkpoints(bundle, "pair.zip")
    assert [d.config for d in opened] == [d.config for d in demo_detectors]
    assert {d.source for d in opened} == {"pair.zip"}
    photograph = draw(40, scratch=True)
    for first, second in zip(
        *(Inspector(d).inspect(photograph).results for d in (demo_detectors, opened)), strict=True
    ):
        np.testing.assert_array_equal(first.fused, second.fused)


def test_the_scales_of_positions_and_of_strangeness_travel_with_its_detector(demo_detectors, tmp_path, draw):
    first = demo_detectors[0]
    calibration = Calibration(first.calibration.good, PositionScale.of(first.calibration.good, 0.25), typical=0.3)
    placed = dataclasses.replace(first, calibration=calibration)
    write_bundle([placed], tmp_path / "one.zip")
    (opened,) = open_checkpoints(tmp_path / "one.zip")
    assert opened.calibration.good_parts.threshold() == calibration.good_parts.threshold()
    assert opened.calibration.typical == 0.3
    photograph = draw(41, scratch=True)
    maps = [Inspector([d]).inspect(photograph).results[0].fused for d in (placed, opened)]
    np.testing.assert_array_equal(*maps)
    assert not np.array_equal(maps[0], Inspector([first]).inspect(photograph).results[0].fused)


def test_two_detectors_of_one_method_get_folders_of_their_own(demo_detectors, tmp_path):
    file = tmp_path / "three.zip"
    write_bundle([*demo_detectors, demo_detectors[1]], file)
    assert len(open_checkpoints(file)) == 3


def test_a_bundle_in_a_folder_inside_the_zip_is_found(bundle):
    inner = repacked(bundle, lambda entries: {f"downloads/{name}": content for name, content in entries.items()})
    assert len(open_checkpoints(inner)) == 2


def test_entries_that_point_elsewhere_are_not_followed(bundle, tmp_path):
    evil = repacked(bundle, lambda entries: entries | {"../../escaped.txt": b"x", "dfsc/run.pkl": b"x"})
    assert len(open_checkpoints(evil)) == 2
    assert not list(tmp_path.rglob("escaped.txt"))


def test_folders_with_names_that_no_file_system_takes_are_opened_under_plain_ones(bundle):
    def renamed(entries):
        return {
            name.replace("dfsc/", "../").replace("ead-s/", "ä" * 300 + "/"): content
            for name, content in entries.items()
        }

    assert len(open_checkpoints(repacked(bundle, renamed), "pair.zip")) == 2


def test_a_teacher_that_is_packed_beside_the_detectors_serves(bundle, demo_weights, monkeypatch, tmp_path):
    teacher = {f"teacher/{path.name}": path.read_bytes() for path in (demo_weights / "teacher" / "demo").iterdir()}
    packed = repacked(bundle, lambda entries: entries | teacher)
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("DFSC_WEIGHTS", str(tmp_path / "empty"))
    assert len(open_checkpoints(packed, "pair.zip")) == 2
    with pytest.raises(CheckpointError, match="is not here"):
        open_checkpoints(bundle, "pair.zip")


def test_nothing_is_unpacked_of_a_zip_with_too_many_or_too_large_checkpoints(bundle, monkeypatch):
    monkeypatch.setattr("dfsc.checkpoints.bundles.entry_bytes", lambda *_: pytest.fail("unpacked"))
    many = repacked(bundle, lambda _: {f"{number}/config.json": b"{}" for number in range(9)})
    with pytest.raises(CheckpointError, match="9 checkpoints, more than 8"):
        open_checkpoints(many, "pair.zip")
    monkeypatch.undo()
    monkeypatch.setattr("dfsc.checkpoints.bundles.MAX_FILE_BYTES", 1_000_000)
    with pytest.raises(CheckpointError, match="larger than any checkpoint's"):
        open_checkpoints(bundle, "pair.zip")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda entries: {"notes.txt": b"nothing"}, "holds no checkpoint"),
        (lambda entries: {k: v for k, v in entries.items() if not k.endswith(".safetensors")}, "missing or damaged"),
        (lambda entries: entries | {"dfsc/model.safetensors": b"\x80\x04K\x01."}, "missing or damaged"),
        (lambda entries: entries | {"dfsc/config.json": b"{"}, "can't be read"),
        (lambda entries: entries | {"dfsc/config.json": b"[" * 200_000}, "can't be read"),
        (lambda entries: entries | {"dfsc/config.json": b'{"seed": ' + b"7" * 5_000 + b"}"}, "can't be read"),
        (lambda entries: with_number(entries, "student.0.weight", np.nan), r"hold a number that is none \(student"),
        (lambda entries: with_number(entries, "channel_mean", np.inf), "hold a number that is none"),
        (lambda entries: with_number(entries, "channel_std", 0), "channel_std of dfsc is not above 0"),
        (lambda entries: {f"{i}/config.json": b"{}" for i in range(20)}, "more than 8"),
    ],
)
def test_zips_that_are_no_bundle_get_one_sentence(bundle, change, said):
    with pytest.raises(CheckpointError, match=said) as refused:
        open_checkpoints(repacked(bundle, change), "pair.zip")
    assert "/tmp" not in str(refused.value)


def test_a_file_that_is_no_zip_is_refused(tmp_path):
    (tmp_path / "pair.zip").write_bytes(b"not a zip at all")
    with pytest.raises(CheckpointError, match="neither a zip nor"):
        open_checkpoints(tmp_path / "pair.zip", "pair.zip")


def test_a_cut_off_zip_is_refused(bundle):
    content = bundle.read_bytes()
    bundle.write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match="damaged"):
        open_checkpoints(bundle, "pair.zip")
