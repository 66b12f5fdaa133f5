"""Checkpoints as attackers and broken disks make them: detectors or one sentence, and nothing is judged by them."""

import copy
import json
import math
import os
import resource
import shutil
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from dfsc.checkpoints.files import digest, read_tensors
from dfsc.errors import CheckpointError
from dfsc.models.detector import Detector
from dfsc.sources import load, open_checkpoints

WRONG_VALUES = (
    None,
    True,
    -1,
    0,
    10**400,
    1e308,
    math.nan,
    math.inf,
    "",
    "x" * 100_000,
    [],
    [[]],
    {},
    {"a": {}},
    "../..",
)


@pytest.fixture
def folder(demo_weights: Path, tmp_path: Path) -> Path:
    """A detector's folder, whose teacher is embedded."""
    return shutil.copytree(demo_weights / "toy_block" / "dfsc", tmp_path / "dfsc")


def outcome(source: Path) -> list[Detector] | str:
    """The detectors of a folder or zip, or the sentence about it."""
    try:
        return open_checkpoints(source, source.name)
    except CheckpointError as error:
        said = str(error)
        within = said.isprintable() and said.endswith(".") and len(said) < 2000 and "/tmp/" not in said
        return said if within else f"NO SENTENCE: {said[:500]}"


def refused(source: Path) -> bool:
    said = outcome(source)
    return isinstance(said, str) and not said.startswith("NO SENTENCE")


def entries(config: Any, path: tuple = ()) -> Iterator[tuple]:
    """The places of all entries in a config."""
    inside = config.items() if isinstance(config, dict) else enumerate(config) if isinstance(config, list) else ()
    for key, value in inside:
        yield (*path, key)
        yield from entries(value, (*path, key))


def changed(config: dict, path: tuple, value: object) -> dict:
    config = copy.deepcopy(config)
    inner = config
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return config


@pytest.mark.parametrize("value", WRONG_VALUES, ids=lambda value: repr(value)[:12])
def test_any_value_in_place_of_any_entry_of_a_config(value: object, folder: Path):
    file = folder / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    told = []
    for path in entries(config):
        # json writes a number of so many digits only as a text.
        text = json.dumps(changed(config, path, "@" if value == 10**400 else value))
        file.write_text(text.replace('"@"', "1" + "0" * 400), encoding="utf-8")
        result = outcome(folder)
        told.append(result)
        assert not isinstance(result, str) or not result.startswith("NO SENTENCE"), (path, result)
        for detector in result if isinstance(result, list) else ():
            assert math.isfinite(detector.calibration.quantiles["local"][0])
    assert any(isinstance(result, str) for result in told)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_files_that_are_cut_off(name: str, share: float, folder: Path):
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: int(share * len(data))])
    assert refused(folder)


def header(text: bytes, size: int | None = None) -> bytes:
    return struct.pack("<Q", len(text) if size is None else size) + text


WEIGHTS = {
    "a header of 2^63 bytes": header(b"{}", 2**63),
    "a header without end": header(b'{"a":'),
    "deep": header(b"[" * 100_000),
    "offsets beyond the end": header(b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'),
    "shape of everything": header(b'{"a":{"dtype":"F32","shape":[4294967295,4294967295],"data_offsets":[0,0]}}'),
    "negative shape": header(b'{"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}') + bytes(16),
    "unknown type": header(b'{"a":{"dtype":"F128","shape":[1],"data_offsets":[0,16]}}') + bytes(16),
    "overlapping": header(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    )
    + bytes(4),
    "pickle": b"\x80\x04cos\nsystem\n(S'touch evil'\ntR.",
    "zip": b"PK\3\4" + bytes(100),
    "text": b"no weights",
}


@pytest.mark.parametrize("kind", WEIGHTS)
def test_weights_that_are_none(kind: str, folder: Path):
    (folder / "model.safetensors").write_bytes(WEIGHTS[kind])
    assert refused(folder)


def test_steps_that_would_blow_a_kernel_up_to_terabytes(folder: Path):
    tensors = load_file(folder / "model.safetensors")
    bomb = {"x.weight": torch.zeros(1, 1_000_000, dtype=torch.int8), "x.weight.steps": torch.ones(1_000_000, 1)}
    save_file(tensors | bomb, folder / "model.safetensors")
    assert refused(folder)


@pytest.mark.parametrize("kind", ["float64", "int64", "bool", "no elements", "one number", "six dimensions"])
@pytest.mark.parametrize("name", ["channel_mean", "good_local", "student.0.weight"])
def test_tensors_of_another_form(name: str, kind: str, folder: Path):
    file = folder / "model.safetensors"
    tensors = load_file(file)
    tensor = tensors[name]
    tensors[name] = {
        "float64": tensor.double() * 1e300,
        "int64": tensor.long(),
        "bool": tensor.bool(),
        "no elements": tensor[:0].contiguous(),
        "one number": tensor.flatten()[0].clone(),
        "six dimensions": tensor.expand(2, 2, 2, *tensor.shape).contiguous(),
    }[kind]
    save_file(tensors, file)
    result = outcome(folder)
    assert isinstance(result, list) or refused(folder)


def test_files_of_many_gigabytes_are_not_read(folder: Path):
    for name in ("model.safetensors", "config.json"):
        sound = (folder / name).read_bytes()
        with (folder / name).open("r+b") as file:
            file.truncate(500_000_000_000)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert refused(folder)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # kB
        if name == "model.safetensors":
            with pytest.raises(CheckpointError, match="larger than any"):
                digest(folder)
        (folder / name).write_bytes(sound)
    assert read_tensors(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_places_that_are_no_files(name: str, folder: Path):
    for make in (
        os.mkfifo,
        os.mkdir,
        lambda place: os.symlink("/dev/zero", place),
        lambda place: os.symlink(place, place),
    ):
        place = folder / name
        shutil.rmtree(place) if place.is_dir() else place.unlink()
        make(place)
        with pytest.raises(CheckpointError):
            load(folder)


@pytest.mark.parametrize(
    "names",
    [
        ["../../evil/config.json"],
        ["/etc/evil/config.json"],
        ["C:\\evil\\config.json"],
        ["a/config.json", "a/config.json/config.json"],
        ["CON/config.json", "NUL/config.json"],
        ["config.json"],
        ["teacher/config.json"],
        ["a\n/config.json"],
        [f"{number}/config.json" for number in range(200)],
        ["x" * 300 + "/config.json"],
        ["a/CONFIG.JSON"],
    ],
    ids=lambda names: names[0][:20],
)
def test_zips_of_odd_places(names: list[str], demo_weights: Path, tmp_path: Path):
    sound = (demo_weights / "toy_block" / "dfsc" / "config.json").read_bytes()
    (tmp_path / "in").mkdir()
    with zipfile.ZipFile(tmp_path / "in" / "z.zip", "w") as archive:
        for name in names:
            archive.writestr(name, sound)
    assert refused(tmp_path / "in" / "z.zip")
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "z.zip"]


def test_a_zip_whose_config_is_a_link(tmp_path: Path):
    link = zipfile.ZipInfo("a/config.json")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert refused(tmp_path / "z.zip")
