"""Round trips, and refusals in words: incomplete, tampered and foreign checkpoints."""

import dataclasses
import json
import math
import shutil
from copy import deepcopy as copy_of

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import dfsc
from dfsc.checkpoints.bundles import write_bundle
from dfsc.checkpoints.detectors import save_detector
from dfsc.checkpoints.embedded import embedded_teacher, products
from dfsc.checkpoints.files import digest, halved, in_bytes
from dfsc.checkpoints.weights import weights_folder
from dfsc.errors import CheckpointError
from dfsc.inspection.inspector import Inspector
from dfsc.models.calibration import Calibration, PositionScale, RawMaps
from dfsc.sources import load


@pytest.fixture
def copy(demo_weights, tmp_path):
    """A weights folder that a test may spoil: the path of its EAD-S detector."""
    shutil.copytree(demo_weights, tmp_path / "weights", symlinks=True)
    return tmp_path / "weights" / "toy_block" / "ead-s"


def test_embedded_products_and_methods_are_found(demo_weights):
    assert products() == ["toy_block"]
    assert [d.config.method for d in dfsc.product_detectors("toy_block")] == ["ead-s", "dfsc"]
    assert load("toy_block/dfsc").source == "embedded"
    assert load(demo_weights / "toy_block" / "dfsc").source == str(demo_weights / "toy_block" / "dfsc")


def test_a_product_is_called_as_its_folder_in_weights_and_elsewhere_as_its_config_says(copy, tmp_path, monkeypatch):
    weights = copy.parent.parent
    monkeypatch.setenv("DFSC_WEIGHTS", str(weights))
    copy.parent.rename(weights / "lid")
    assert products() == ["lid"]
    loaded = [*dfsc.product_detectors("lid"), load("lid/dfsc"), load(weights / "lid" / "dfsc")]
    assert {detector.config.name for detector in loaded} == {"lid-ead-s", "lid-dfsc"}
    elsewhere = shutil.copytree(weights / "lid", tmp_path / "elsewhere")
    bundle = tmp_path / "lid.zip"
    write_bundle(dfsc.open_checkpoints(elsewhere), bundle)
    assert {detector.config.product for detector in dfsc.open_checkpoints(bundle)} == {"toy_block"}
    monkeypatch.setenv("DFSC_HUB_REPO", str(elsewhere))
    assert dfsc.products() == ["toy_block", "lid"]
    for name in dfsc.products():
        assert {detector.config.product for detector in dfsc.product_detectors(name)} == {name}


def test_a_detector_knows_the_digest_of_the_weights_file_that_it_comes_from(demo_weights, tiny_detectors, tmp_path):
    folder = demo_weights / "toy_block" / "dfsc"
    loaded = load("toy_block/dfsc")
    write_bundle([loaded], tmp_path / "one.zip")
    (opened,) = dfsc.open_checkpoints(tmp_path / "one.zip")
    for detector in (loaded, load(folder), opened, Inspector([loaded]).detectors[0]):
        assert detector.weights_digest == digest(folder)
    assert {detector.weights_digest for detector in tiny_detectors} == {""}


def test_saved_and_loaded_gives_equal_maps(demo_detectors, tmp_path, demo_weights, draw):
    detector = demo_detectors[1]
    save_detector(detector, tmp_path / "again", "# Card\n")
    again = load(tmp_path / "again")
    assert again.config == detector.config
    image = draw(50, missing=[2])
    one, other = (Inspector([d], torch.float32).inspect(image).results[0] for d in (detector, again))
    np.testing.assert_array_equal(one.fused, other.fused)
    assert one.threshold == other.threshold


def test_a_checkpoint_is_three_files_in_half_precision(demo_weights):
    folder = demo_weights / "toy_block" / "dfsc"
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    tensors = load_file(folder / "model.safetensors")
    assert {t.dtype for name, t in tensors.items() if not name.startswith("channel_")} == {torch.float16}
    assert tensors["good_local"].shape[1:] == (56, 56)


def test_kernels_rounded_to_bytes_are_kept_as_such_and_nothing_is_lost(demo_detectors, tmp_path):
    detector = demo_detectors[1]
    before = {name: tensor.clone() for name, tensor in detector.model.state_dict().items()}
    rounded = dataclasses.replace(detector, model=in_bytes(copy_of(detector.model)))
    kernels = {name for name, tensor in before.items() if tensor.dim() == 4 and tensor.shape[1] > 3}
    for name, original in before.items():
        if name in kernels:
            largest = original.abs().amax(dim=(1, 2, 3), keepdim=True)
            assert ((rounded.model.state_dict()[name] - original).abs() <= 0.56 / 127 * largest).all(), name
        else:
            assert torch.equal(rounded.model.state_dict()[name], original), name
    sizes = {}
    for name, one in {"halves": detector, "bytes": rounded}.items():
        save_detector(one, tmp_path / name, "# Card\n")
        sizes[name] = (tmp_path / name / "model.safetensors").stat().st_size
        again = load(tmp_path / name)
        for key, tensor in again.model.state_dict().items():
            torch.testing.assert_close(tensor, one.model.state_dict()[key], rtol=0, atol=0)
    numbers = sum(before[name].numel() for name in kernels)
    assert sizes["halves"] - sizes["bytes"] == pytest.approx(numbers, rel=0.1)
    save_detector(load(tmp_path / "bytes"), tmp_path / "copy", "# Card\n")
    assert digest(tmp_path / "copy") == digest(tmp_path / "bytes")


def test_codes_without_fitting_steps_are_refused(demo_detectors, tmp_path):
    save_detector(
        dataclasses.replace(demo_detectors[0], model=in_bytes(copy_of(demo_detectors[0].model))), tmp_path / "d", ""
    )
    file = tmp_path / "d" / "model.safetensors"
    sound = load_file(file)
    name = next(name for name in sound if name.endswith(".steps"))
    lost = {other: tensor for other, tensor in sound.items() if other != name}
    wrong = [
        lost | {name: sound[name][:-1].contiguous()},
        lost | {name: torch.full_like(sound[name], 1e38)},
        sound | {f"no{name}": sound[name].clone()},
    ]
    for tensors in wrong:
        save_file(tensors, file)
        with pytest.raises(CheckpointError, match="weights of d"):
            load(tmp_path / "d")


def test_replacing_a_checkpoint_leaves_no_rest(demo_detectors, tmp_path):
    for card in ("# One\n", "# Two\n"):
        save_detector(demo_detectors[0], tmp_path / "d", card)
    assert (tmp_path / "d" / "README.md").read_text() == "# Two\n"
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_unknown_names_say_what_is_known(demo_weights):
    with pytest.raises(CheckpointError, match="toy_block"):
        dfsc.product_detectors("capsule")
    with pytest.raises(CheckpointError, match="toy_block/dfsc"):
        load("capsule/dfsc")
    with pytest.raises(CheckpointError, match="there is: demo, small, tiny"):
        embedded_teacher("medium")


def test_of_the_embedded_detectors_only_those_that_are_there_are_told(copy, monkeypatch):
    monkeypatch.setenv("DFSC_WEIGHTS", str(copy.parent.parent))
    shutil.rmtree(copy.parent / "dfsc")
    with pytest.raises(CheckpointError, match=r"embedded are: toy_block/ead-s\.$"):
        load("capsule/dfsc")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_missing_and_damaged_files_are_refused(copy, name):
    content = (copy / name).read_bytes()
    (copy / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match="ead-s"):
        load(copy)
    (copy / name).unlink()
    with pytest.raises(CheckpointError, match="ead-s"):
        load(copy)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "something-else"),
        ("method", "padim"),
        ("size", "huge"),
        ("resize_rule", "crop"),
        ("border", "zero-padded"),
        ("separation", {"tau": 7}),
        ("separation", {"nonsense": 1}),
        ("schedule", None),
        ("size", []),
        ("product", "../../photographs/x"),
        ("product", "/etc/x"),
        ("product", ".."),
        ("product", 7),
        ("typical_error", 0),
        ("typical_error", "much"),
        ("typical_error", True),
        ("position_scale", 7),
        ("position_scale", {"images": 12}),
        ("position_scale", {"images": "many", "floors": [0.1, 0.1]}),
        ("position_scale", {"images": 12, "floors": [0.1]}),
    ],
)
def test_a_config_that_is_not_understood_is_refused(copy, key, value):
    config = json.loads((copy / "config.json").read_text())
    config[key] = value
    if value is None:
        del config[key]
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(dfsc.DFSCError):
        load(copy)


def test_missing_foreign_and_misshapen_tensors_are_refused(copy):
    whole = load_file(copy / "model.safetensors")
    spoiled = [
        {name: t for name, t in whole.items() if name != "good_local"},
        {name: t for name, t in whole.items() if name != "student.0.weight"},
        whole | {"extra": torch.zeros(1)},
        whole | {"student.0.weight": torch.zeros(1)},
        whole | {"good_global": torch.full_like(whole["good_global"], float("nan"))},
        whole | {"good_global": whole["good_global"].to(torch.bfloat16)},
        whole | {"good_global": whole["good_global"][1:]},
        whole | {name: whole[name][:, :8].contiguous() for name in ("good_local", "good_global")},
        whole | {"channel_mean": torch.zeros(1)},
    ]
    for tensors in spoiled:
        save_file(tensors, copy / "model.safetensors")
        with pytest.raises(CheckpointError):
            load(copy)


def spoiled(tensors, name, value):
    """The same tensors, one number of one of them changed."""
    changed = tensors[name].clone()
    changed.view(-1)[-1] = value
    return tensors | {name: changed}


NO_NUMBERS = [
    *[(name, value) for name in ("student.0.weight", "autoencoder.decoder.0.bias") for value in (math.nan, math.inf)],
    *[("channel_mean", value) for value in (math.nan, -math.inf)],
    *[("channel_std", value) for value in (math.nan, math.inf, 0.0, -1.0)],
    *[("good_local", value) for value in (math.nan, math.inf)],
]


@pytest.mark.parametrize(("name", "value"), NO_NUMBERS)
def test_a_number_that_is_none_is_refused_in_one_sentence(copy, name, value):
    tensors = load_file(copy / "model.safetensors")
    save_file(spoiled(tensors, name, value), copy / "model.safetensors")
    with pytest.raises(CheckpointError, match="ead-s") as refused:
        load(copy)
    assert str(refused.value).count(". ") == 0


def test_a_weight_that_float32_can_not_hold_is_refused(copy):
    tensors = load_file(copy / "model.safetensors")
    large = spoiled(tensors | {"student.0.bias": tensors["student.0.bias"].double()}, "student.0.bias", 1e300)
    save_file(large, copy / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"hold a number that is none \(student\.0\.bias\)"):
        load(copy)


def test_a_teacher_with_a_number_that_is_none_is_refused(copy, monkeypatch):
    weights = copy.parent.parent
    monkeypatch.setenv("DFSC_WEIGHTS", str(weights))
    file = weights / "teacher" / "demo" / "model.safetensors"
    save_file(spoiled(load_file(file), "0.weight", math.nan), file)
    with pytest.raises(CheckpointError, match="hold a number that is none"):
        embedded_teacher("demo")


def test_what_float16_can_not_hold_and_what_is_no_number_is_not_saved(demo_detectors, tmp_path):
    detector = demo_detectors[0]
    large = copy_of(detector.model)
    next(large.parameters()).data[0] = 1e5
    for wrong in ({"model": large}, {"channel_mean": torch.full_like(detector.channel_mean, math.nan)}):
        with pytest.raises(CheckpointError, match="train"):
            save_detector(dataclasses.replace(detector, **wrong), tmp_path / "out", "# Card\n")
    with pytest.raises(CheckpointError, match="can't keep"):
        halved(large)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"training": ' + "[" * 500 + "]" * 500 + "}",
        '{"seed": ' + "7" * 5_000 + "}",
        '{"seed": ' + "7" * 400 + "}",
        "\ud800".encode("utf-8", "surrogatepass"),
    ],
    ids=["brackets", "nested", "5,000 digits", "400 digits", "no UTF-8"],
)
def test_a_config_that_a_reader_could_choke_on_is_refused_in_one_sentence(copy, text):
    (copy / "config.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CheckpointError, match=r"The config\.json of ead-s can't be read"):
        load(copy)


@pytest.fixture
def placed(demo_detectors, tmp_path):
    """The folder of a detector that is calibrated by position."""
    good = demo_detectors[0].calibration.good
    others = RawMaps(np.flip(good.local, -1)[:4], np.flip(good.global_, -1)[:4])
    scale = PositionScale.of(RawMaps(*map(np.concatenate, zip(pair(good), pair(others), strict=True))), 0.25)
    save_detector(
        dataclasses.replace(demo_detectors[0], calibration=Calibration(good, scale)), tmp_path / "d", "# Card\n"
    )
    return tmp_path / "d"


def pair(maps):
    return maps.local, maps.global_


def without_tensors(folder):
    tensors = load_file(folder / "model.safetensors")
    save_file(
        {n: t for n, t in tensors.items() if not n.startswith(("mean_", "spread_"))}, folder / "model.safetensors"
    )


def rewritten(change):
    def rewrite(folder):
        config = json.loads((folder / "config.json").read_text())
        change(config)
        (folder / "config.json").write_text(json.dumps(config))

    return rewrite


@pytest.mark.parametrize(
    "contradict",
    [
        without_tensors,
        rewritten(lambda config: config.pop("position_scale")),
        rewritten(lambda config: config["position_scale"].update(images=13)),
        rewritten(lambda config: config["position_scale"].update(floors=[1.0, 1.0])),
        rewritten(lambda config: config["quantiles"].update(local=[0.0, math.nan])),
        rewritten(lambda config: config["quantiles"].pop("global")),
        rewritten(lambda config: config.update(quantiles=7)),
    ],
    ids=["no tensors", "no entry", "an image more", "other floors", "NaN", "a branch less", "no quantiles"],
)
def test_a_config_and_tensors_that_contradict_each_other_are_refused(placed, contradict):
    assert load(placed).calibration.position.images == 12
    contradict(placed)
    with pytest.raises(CheckpointError, match="is not of the calibration beside it"):
        load(placed)


def test_a_checkpoint_that_tells_no_quantiles_loads(placed):
    rewritten(lambda config: config.pop("quantiles"))(placed)
    assert load(placed).calibration.position.images == 12


def test_another_teacher_is_refused(copy, monkeypatch):
    weights = copy.parent.parent
    monkeypatch.setenv("DFSC_WEIGHTS", str(weights))
    teacher = weights / "teacher" / "demo"
    tensors = load_file(teacher / "model.safetensors")
    save_file({name: t + 0.01 for name, t in tensors.items()}, teacher / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"teacher .* is not here"):
        load(copy)


def test_a_teacher_beside_the_checkpoint_serves(copy, monkeypatch, tmp_path):
    monkeypatch.setenv("DFSC_WEIGHTS", str(tmp_path / "nothing"))
    weights = copy.parent.parent
    with pytest.raises(CheckpointError):
        load(copy)
    shutil.copytree(weights / "teacher" / "demo", copy.parent / "teacher")
    assert load(copy).teacher.digest == digest(copy.parent / "teacher")


def test_a_pickle_in_the_weights_place_is_not_opened(copy):
    class Exploit:
        def __reduce__(self):
            return (open, (str(copy / "pwned"), "w"))

    torch.save({"student.0.weight": Exploit()}, copy / "model.safetensors")
    with pytest.raises(CheckpointError, match="damaged"):
        load(copy)
    assert not (copy / "pwned").exists()


def test_what_could_not_be_loaded_is_not_saved(demo_detectors, tmp_path):
    named = dataclasses.replace(demo_detectors[0], config=dataclasses.replace(demo_detectors[0].config, product="a/b"))
    with pytest.raises(CheckpointError, match="'a/b' is no plain name"):
        save_detector(named, tmp_path / "out", "# Card\n")
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_files_is_never_replaced(demo_detectors, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(CheckpointError, match=r"thesis\.txt"):
        save_detector(demo_detectors[0], tmp_path, "# Card\n")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_teacher_is_looked_for_where_the_variable_points_then_in_the_checkout_then_in_the_package(
    demo_weights, monkeypatch, tmp_path
):
    own = embedded_teacher("demo").digest
    package = tmp_path / "dfsc"
    monkeypatch.setattr("dfsc.checkpoints.weights.PACKAGE", package)
    shutil.copytree(demo_weights / "teacher" / "demo", package / "weights" / "teacher" / "small")
    # Somebody else's, beside an installed package.
    (tmp_path / "weights" / "toy_block").mkdir(parents=True)
    assert embedded_teacher("demo").digest == own
    assert weights_folder() == demo_weights
    with pytest.raises(CheckpointError, match="there is: demo, small"):
        embedded_teacher("medium")
    monkeypatch.delenv("DFSC_WEIGHTS")
    assert weights_folder() == package / "weights"
    assert not dfsc.products()
    (tmp_path / "weights" / "teacher").mkdir()
    assert weights_folder() == tmp_path / "weights"
