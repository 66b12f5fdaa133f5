"""Other libraries' detectors as checkpoints of this one: their maps to the last digits, and nothing of theirs run."""

import dataclasses
import json
import os
import pickle
import sys
import zipfile

import foreign
import numpy as np
import pytest
import torch
from PIL import Image

from dfsc.__main__ import main
from dfsc.checkpoints.detectors import load_folder, load_teacher
from dfsc.errors import CheckpointError
from dfsc.exchange import pickles, teachers
from dfsc.exchange.converting import convert_detector
from dfsc.exchange.origins import autoencoder_of, read_origin, student_of, teacher_of
from dfsc.inspection.inspector import Inspector
from dfsc.models.detector import PADDED_NETWORKS, StudentAutoencoder, network_input
from dfsc.sources import open_checkpoints

CLOSE = {"rtol": 0, "atol": 1e-4}


@pytest.fixture(scope="session")
def photographs(good_pictures):
    return np.stack(good_pictures)


@pytest.fixture
def good(tmp_path, good_pictures):
    """A folder of good photographs."""
    (tmp_path / "block").mkdir()
    for number, picture in enumerate(good_pictures):
        Image.fromarray(picture).save(tmp_path / "block" / f"{number}.png")
    return tmp_path / "block"


@pytest.fixture
def nelson(tmp_path):
    """The networks of nelson1425/EfficientAD, and the folder that its training leaves."""
    networks, folder = foreign.nelson(), tmp_path / "trainings"
    folder.mkdir()
    for name, network in networks.items():
        torch.save(network, folder / f"{name}_tmp.pth")
        torch.save(network, folder / f"{name}_final.pth")
    return networks, folder


@torch.inference_mode()
def float32_maps(teacher, model, statistics, photographs):
    """Raw maps before they are rounded for the calibration."""
    x, (mean, std) = network_input(photographs), statistics
    return model(x, (teacher(x) - mean) / std)


def maps_of(detector, photographs):
    statistics = detector.channel_mean, detector.channel_std
    return float32_maps(detector.teacher.network, detector.model, statistics, photographs)


def maps_of_origin(origin, photographs):
    teacher, size = teacher_of(origin)
    model = StudentAutoencoder(student_of(origin, size), autoencoder_of(origin, size))
    return float32_maps(teacher, model, origin.statistics, photographs)


def converted(source, photographs, folder):
    convert_detector(read_origin(source), photographs, folder, "block", "unknown")
    return load_folder(folder / "ead-s")


@torch.inference_mode()
def nelson_maps(networks, photographs):
    """Raw maps as that library computes them, standardised over these photographs."""
    x, half = network_input(photographs), foreign.CHANNELS
    t, s, a = (networks[name](x) for name in ("teacher", "student", "autoencoder"))
    t = (t - t.mean(dim=(0, 2, 3), keepdim=True)) / t.std(dim=(0, 2, 3), keepdim=True, correction=0)
    return (t - s[:, :half]).square().mean(1), (a - s[:, half:]).square().mean(1)


def test_three_pickled_networks_become_a_detector_with_the_same_maps(nelson, photographs, tmp_path):
    networks, folder = nelson
    detector = converted(folder, photographs, tmp_path / "out")
    for own, other in zip(maps_of(detector, photographs), nelson_maps(networks, photographs), strict=True):
        torch.testing.assert_close(own, other, **CLOSE)
    assert detector.calibration.count == len(photographs)
    assert detector.calibration.given is None


def test_its_earlier_networks_with_dropout_and_its_state_dicts_are_the_same_ones(tmp_path):
    networks = foreign.nelson(dropout=True)
    for name, network in networks.items():
        torch.save(network.state_dict(), tmp_path / f"{name}.pth")
    autoencoder = autoencoder_of(read_origin(tmp_path), "tiny")
    x = torch.randn(1, 3, 256, 256)
    with torch.inference_mode():
        torch.testing.assert_close(autoencoder(x), networks["autoencoder"](x), **CLOSE)


@pytest.mark.parametrize("kind", ["module", "checkpoint", "state dict"])
@pytest.mark.parametrize("padding", [False, True], ids=["plain", "padded"])
def test_networks_of_anomalib_give_the_same_maps(kind, padding, photographs, tmp_path):
    whole, file = foreign.anomalib(padding), tmp_path / "model.pt"
    if kind == "module":
        foreign.save_whole(whole, file)
    elif kind == "checkpoint":
        foreign.save_checkpoint(whole, file, padding)
    else:
        torch.save(whole.model.state_dict(), file)
    origin = read_origin(file)
    if kind == "state dict":
        assert origin.padded is None  # tensors alone don't tell
        origin = dataclasses.replace(origin, padded=padding)
    ring = 4 if padding else 0
    inner = slice(ring, ring + 56)
    with torch.inference_mode():
        expected = whole.model.raw_maps(network_input(photographs[:2]))
    for own, other in zip(maps_of_origin(origin, photographs[:2]), expected, strict=True):
        torch.testing.assert_close(own, other[:, inner, inner], **CLOSE)


def test_a_padded_detector_of_anomalib_keeps_its_quantiles_and_border(photographs, tmp_path):
    whole = foreign.anomalib(padding=True)
    foreign.save_whole(whole, tmp_path / "model.pt")
    detector = converted(tmp_path / "model.pt", photographs, tmp_path / "out")
    assert detector.config.border == PADDED_NETWORKS
    q = foreign.QUANTILES
    assert detector.calibration.quantiles == {
        "local": pytest.approx((q["qa_st"], q["qb_st"])),
        "global": pytest.approx((q["qa_ae"], q["qb_ae"])),
    }
    result = Inspector(detector).results(photographs[:1])[0][0]
    raw = maps_of(detector, photographs[:1])[0][0].numpy()
    assert np.abs(result.maps.local - 0.1 * (raw - q["qa_st"]) / (q["qb_st"] - q["qa_st"])).max() < 1e-3
    file = tmp_path / "out" / "ead-s" / "config.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    for wrong in ({"local": [1.4, 1.1], "global": [0, 1]}, {"local": [1.1]}, None):
        file.write_text(json.dumps(told | {"quantiles": wrong}), encoding="utf-8")
        with pytest.raises(CheckpointError, match="quantiles"):
            load_folder(tmp_path / "out" / "ead-s")


def test_nothing_of_the_other_library_is_imported(tmp_path):
    foreign.save_whole(foreign.anomalib(), tmp_path / "model.pt")
    before = set(sys.modules)
    assert read_origin(tmp_path / "model.pt").padded is False
    assert not {name for name in set(sys.modules) - before if name.startswith(("anomalib", "torchvision"))}


def test_a_detector_that_was_never_standardised_is_not(photographs, tmp_path):
    """anomalib standardises and normalises only with what a training has set."""
    whole = foreign.anomalib()
    for values in (*whole.model.mean_std.values(), *whole.model.quantiles.values()):
        values.zero_()
    foreign.save_checkpoint(whole, tmp_path / "model.ckpt")
    origin = read_origin(tmp_path / "model.ckpt")
    assert (origin.statistics, origin.quantiles) == (None, None)


class Hostile:
    """Runs `call(*arguments)` in whoever unpickles it."""

    def __init__(self, call, *arguments):
        self.made_by = call, arguments

    def __reduce__(self):
        return self.made_by


@pytest.mark.parametrize(
    ("made_by", "named"),
    [
        ((os.system, "touch ran"), "posix.system"),
        ((eval, "open('ran', 'w')"), "eval"),
        ((pickle.Unpickler, None), "pickle.Unpickler"),
        ((torch.load, "ran"), "torch.serialization.load"),
        ((torch.nn.LSTM, 1, 1), "torch.nn.modules.rnn.LSTM"),
    ],
    ids=["system", "eval", "another module's", "torch.load", "another layer"],
)
@pytest.mark.parametrize("inside", [False, True], ids=["alone", "in a detector"])
def test_what_names_anything_else_is_refused_by_name_and_not_run(made_by, named, inside, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hostile = Hostile(*made_by)
    if inside:
        whole = foreign.anomalib()
        whole.model.decorated = hostile
        foreign.save_whole(whole, tmp_path / "model.pt")
    else:
        torch.save({"state_dict": hostile}, tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match=named):
        read_origin(tmp_path / "model.pt")
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


def test_a_module_that_holds_itself_and_one_of_endless_modules_are_refused(tmp_path):
    whole = foreign.anomalib()
    whole._modules["again"] = whole
    foreign.save_whole(whole, tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match="more modules"):
        read_origin(tmp_path / "model.pt")


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04 and no more", pickle.dumps({"a": 1})])
def test_other_files_are_refused_in_one_sentence(content, tmp_path):
    (tmp_path / "model.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"model\.pt is not a file saved by PyTorch"):
        read_origin(tmp_path / "model.pt")


def test_a_file_that_unpacks_to_more_than_a_detector_is_refused(tmp_path, monkeypatch):
    foreign.save_checkpoint(foreign.anomalib(), tmp_path / "model.ckpt")
    monkeypatch.setattr(pickles, "MAX_BYTES", 100_000)
    with pytest.raises(CheckpointError, match="more than any detector"):
        read_origin(tmp_path / "model.ckpt")


def test_torchscript_and_tensors_of_something_else_are_refused(tmp_path, capsys):
    torch.jit.save(torch.jit.trace(foreign.pdn(16), torch.zeros(1, 3, 64, 64)), tmp_path / "scripted.pt")
    torch.save({"layer.weight": torch.zeros(3, 3)}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match="scripted"):
        read_origin(tmp_path / "scripted.pt")
    assert main(["convert", str(tmp_path / "other.pth"), "--out", str(tmp_path / "out")]) == 2
    assert "neither EfficientAD's small nor its medium network" in capsys.readouterr().err


def test_photographs_of_another_size_are_refused(tmp_path):
    foreign.save_whole(foreign.anomalib(edge=512), tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match="512×512"):
        read_origin(tmp_path / "model.pt")


def test_a_folder_without_one_of_the_networks_says_which(nelson, photographs, tmp_path):
    for file in nelson[1].glob("student*"):
        file.unlink()
    with pytest.raises(CheckpointError, match="no file of the student"):
        read_origin(nelson[1])


def test_the_command_writes_what_inspects(good, nelson, tmp_path, capsys):
    assert main(["convert", str(nelson[1]), "--good", str(good), "--out", str(tmp_path / "out")]) == 0
    assert "8 photographs are used" in capsys.readouterr().err
    detectors = open_checkpoints(tmp_path / "out")
    assert [(one.config.product, one.config.method) for one in detectors] == [("block", "ead-s")]
    assert "converted from" in (tmp_path / "out" / "ead-s" / "README.md").read_text(encoding="utf-8")
    assert main(["inspect", str(good / "0.png"), "--checkpoint", str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["results"][0]["detector"] == "block-ead-s"


def test_a_detector_without_good_photographs_is_refused(nelson, tmp_path, capsys):
    assert main(["convert", str(nelson[1]), "--out", str(tmp_path / "out")]) == 2
    assert "--good" in capsys.readouterr().err


def test_a_teacher_alone_is_one_to_train_with(nelson, tmp_path, capsys, monkeypatch):
    teacher, file = nelson[0]["teacher"], tmp_path / "teacher_small.pth"
    torch.save(teacher.state_dict(), file)
    assert main(["convert", str(file), "--out", str(tmp_path / "teacher")]) == 0
    assert "none of the published teachers" in capsys.readouterr().out
    loaded = load_teacher(tmp_path / "teacher")
    x = torch.randn(1, 3, 256, 256)
    with torch.inference_mode():
        torch.testing.assert_close(loaded.network(x), teacher(x), rtol=0, atol=1e-5)
    digest = read_origin(file).digest
    monkeypatch.setitem(teachers.PUBLISHED, digest, "a well-known one")
    assert main(["convert", str(file), "--out", str(tmp_path / "teacher")]) == 0
    assert f"{digest} is a well-known one." in capsys.readouterr().out


def test_a_zip_of_teachers_gives_the_one_of_a_size(nelson, tmp_path, capsys):
    torch.save(nelson[0]["teacher"].state_dict(), tmp_path / "small.pth")
    with zipfile.ZipFile(tmp_path / "weights.zip", "w") as archive:
        archive.write(tmp_path / "small.pth", "weights/pretrained_teacher_small.pth")
    assert main(["convert", str(tmp_path / "weights.zip"), "--out", str(tmp_path / "teacher")]) == 0
    assert load_teacher(tmp_path / "teacher").size.teacher_channels == foreign.CHANNELS
    assert main(["convert", str(tmp_path / "weights.zip"), "--size", "medium", "--out", str(tmp_path / "other")]) == 2
    assert "no teacher of size medium" in capsys.readouterr().err
