"""Checkpoints over the Hub's routes, with the real client against a server on loopback."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hub_server import Repository
from huggingface_hub import DatasetCard, ModelCard
from PIL import Image

from dfsc.__main__ import main
from dfsc.errors import CheckpointError
from dfsc.hub.names import HubName, hub_name
from dfsc.hub.publishing import pull, push
from dfsc.hub.repository import cached_snapshot, fetch, fetch_version, repository_info
from dfsc.sources import load, open_checkpoints, open_snapshot

WEIGHTS = r"dfsc/model\.safetensors"


@pytest.fixture(scope="session")
def demo_folder(shared_folder):
    """Of a size that other processes know."""
    return shared_folder


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("org/name", HubName("org/name")),
        ("org/name@v1.2", HubName("org/name", "v1.2")),
        ("org/name:a/dfsc", HubName("org/name", "main", "a/dfsc")),
        ("org/name@refs/pr/1:dfsc", HubName("org/name", "refs/pr/1", "dfsc")),
        ("name", None),
        ("org/name:../secret", None),
        ("org/name:/etc", None),
        ("a/b/c", None),
        ("org/name@", None),
    ],
)
def test_names(text, name):
    assert hub_name(text) == name


@pytest.mark.slow
def test_a_pushed_pair_gives_equal_maps_in_another_process_with_an_empty_cache(published, pair, draw, tmp_path):
    np.save(tmp_path / "image.npy", draw(3))
    script = (
        "import sys, numpy as np, dfsc\n"
        "results = dfsc.Inspector(dfsc.open_checkpoints(sys.argv[1])).inspect(np.load('image.npy')).results\n"
        "np.save(sys.argv[2], np.array([(r.maps.local, r.maps.global_) for r in results]))"
    )
    root = {"PYTHONPATH": str(Path(__file__).parents[2]), "HF_HUB_CACHE": str(tmp_path / "other")}
    for source, weights in ((str(pair), pair.parent), ("org/block", tmp_path / "none")):
        subprocess.run(
            [sys.executable, "-c", script, source, source.replace("/", "-")],
            check=True, env=os.environ | root | {"DFSC_WEIGHTS": str(weights)}, cwd=tmp_path, timeout=600,
        )  # fmt: skip
    pushed, pulled = (np.load(tmp_path / f"{source.replace('/', '-')}.npy") for source in (str(pair), "org/block"))
    assert pushed.shape == (2, 2, 56, 56)
    np.testing.assert_array_equal(pushed, pulled)


def test_a_repository_holds_the_teacher_once_and_a_card(published):
    repository = published.repositories["org/block"]
    (files,) = repository.commits.values()
    folders = {path.rpartition("/")[0] for path in files}
    assert folders == {"", "ead-s", "dfsc", "teacher"}
    card = files["README.md"].decode()
    assert card.startswith("---\nlibrary_name: dfsc\nlicense:")
    assert 'dfsc.open_checkpoints("org/block")' in card


def test_the_cards_program_loads_and_inspects(published, draw, tmp_path, monkeypatch, capsys):
    card = published.repositories["org/block"].files["README.md"].decode()
    (program,) = re.findall(r"^```python\n(.*?)^```$", card, re.MULTILINE | re.DOTALL)
    Image.fromarray(draw(1)).save(tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    exec(program, {})
    assert re.fullmatch(r"(accept|reject|foreign) [\d.-]+\n", capsys.readouterr().out)


def test_a_photo_stands_on_the_card_with_all_maps(hub, pair, draw, tmp_path):
    Image.fromarray(draw(1, 300, 200, missing=[0])).save(tmp_path / "part.png")
    assert main(["push", str(pair), "org/shown", "--picture", str(tmp_path / "part.png")]) == 0
    files = hub.repositories["org/shown"].files
    with Image.open(io.BytesIO(files["maps.jpg"])) as maps, Image.open(io.BytesIO(files["photo.jpg"])) as photo:
        assert (photo.size, maps.size) == ((300, 200), (3 * 300 + 2 * 8, 200))
    data = ModelCard(files["README.md"].decode()).data
    assert data.pipeline_tag == "image-classification"
    assert {"anomaly-detection", "industrial-inspection", "toy_block"} <= set(data.tags)
    assert data.widget[0]["src"] == f"{hub.address}/org/shown/resolve/main/photo.jpg"
    assert "maps.jpg" in files["README.md"].decode().partition("---\n\n")[2]
    assert load("org/shown:dfsc").config.method == "dfsc"


def test_a_rendered_data_set_is_pushed_with_a_card(hub, tmp_path):
    folder = tmp_path / "block"
    counts = ["--train", "1", "--validation", "0", "--good", "0", "--logical", "1", "--structural", "0"]
    assert main(["render", "terminal_block", "--out", str(folder), *counts]) == 0
    assert main(["push", str(folder), "org/block_images", "--dataset"]) == 0
    files = hub.repositories["datasets/org/block_images"].files
    assert {path: data for path, data in files.items() if path != "README.md"} == {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    card = DatasetCard(files["README.md"].decode())
    assert (card.data.license, card.data.size_categories) == ("apache-2.0", ["n<1K"])
    assert [one["split"] for one in card.data.configs[0]["data_files"]] == ["train", "test"]
    assert "| `train/good` | 1 |" in card.text
    assert "dfsc render terminal_block --seed 0" in card.text
    assert main(["push", str(tmp_path), "org/other", "--dataset"]) == 2
    assert "datasets/org/other" not in hub.repositories


def test_what_was_fetched_is_not_asked_for_again(published):
    commit = published.repositories["org/block"].references["main"][:7]
    assert load("org/block:dfsc").source == f"org/block@{commit}:dfsc on the Hub"
    assert not [request for request in published.asked if "ead-s" in request and request.startswith("GET")]
    published.asked.clear()
    assert load("org/block:dfsc").source == f"org/block@{commit}:dfsc on the Hub, from the cache"
    assert published.asked == []


def test_a_revision_is_honoured_and_a_newer_one_comes_only_when_asked_for(published, pair):
    repository = published.repositories["org/block"]
    first = repository.references["main"]
    old = fetch(HubName("org/block", folder="dfsc")).folder
    repository.commit({"dfsc/README.md": b"# newer"})
    assert (fetch(HubName("org/block", folder="dfsc")).folder / "README.md").read_bytes() != b"# newer"
    newer = fetch(HubName("org/block", folder="dfsc"), refresh=True)
    assert (newer.folder / "README.md").read_bytes() == b"# newer"
    assert fetch(HubName("org/block", first, "dfsc")).folder == old
    with pytest.raises(CheckpointError, match="no such revision"):
        load("org/block@v9:dfsc")


def test_the_hub_is_described_before_anything_is_fetched(published):
    told = repository_info(HubName("org/block"))
    assert (told.licence, told.folders) == ("apache-2.0", ("dfsc", "ead-s"))
    assert told.size == sum(len(data) for data in published.repositories["org/block"].commits[told.commit].values())
    assert not [request for request in published.asked if "/resolve/" in request]
    assert cached_snapshot(HubName("org/block")) is None


def test_what_was_looked_up_is_fetched_though_its_branch_has_moved_on(published):
    repository = published.repositories["org/block"]
    shown = repository_info(HubName("org/block"))
    first = repository.commits[shown.commit]
    repository.commit({"dfsc/model.safetensors": first["ead-s/model.safetensors"], "more/config.json": b"{}"})
    arrived: list[int] = []
    got = fetch_version(shown, arrived.append, public=True)
    assert got.commit == shown.commit
    assert {path: (got.folder / path).read_bytes() for path in shown.files} == first
    assert sum(arrived) > 0
    assert cached_snapshot(HubName("org/block")).commit == shown.commit
    assert {detector.config.method for detector in open_snapshot(got)} == {"ead-s", "dfsc"}
    assert fetch(HubName("org/block", folder="dfsc"), refresh=True).commit == repository.references["main"]


def test_a_version_that_is_gone_since_it_was_looked_up_is_told_and_nothing_else_is_taken(published):
    repository = published.repositories["org/block"]
    shown = repository_info(HubName("org/block"))
    repository.commit({"dfsc/README.md": b"# newer"})
    del repository.commits[shown.commit]
    for public in (False, True):
        with pytest.raises(CheckpointError, match="org/block has changed on the Hub since it was looked up"):
            fetch_version(shown, public=public)
    assert cached_snapshot(HubName("org/block")) is None


def test_no_pickle_and_nothing_else_is_fetched(published):
    published.repositories["org/block"].commit({"dfsc/pytorch_model.bin": b"pickle", "run.py": b"print()"})
    open_checkpoints("org/block")
    assert not [request for request in published.asked if "pytorch_model" in request or "run.py" in request]


@pytest.mark.parametrize(
    "config", [b'{"model_type": "bert"}', b"[]", b"{", b"\xff", b"[" * 200_000, b'{"format": ' + b"7" * 5_000 + b"}"]
)
def test_another_librarys_model_is_refused_before_its_weights_are_fetched(published, config):
    published.repositories["org/block"].commit({"dfsc/config.json": config})
    with pytest.raises(CheckpointError, match=r"dfsc/config\.json of org/block is not of this library"):
        fetch(HubName("org/block"))
    assert not [request for request in published.asked if "safetensors" in request]
    commit = published.repositories["org/block"].references["main"]
    assert cached_snapshot(HubName("org/block", commit)) is None


def test_a_tampered_download_is_refused_and_the_version_before_stays(published):
    before = fetch(HubName("org/block", folder="dfsc"))
    repository = published.repositories["org/block"]
    weights = repository.commits[repository.references["main"]]["ead-s/model.safetensors"]
    repository.commit({"dfsc/model.safetensors": weights})
    published.changed.add(WEIGHTS)
    with pytest.raises(CheckpointError, match="does not match the Hub's hash"):
        fetch(HubName("org/block", folder="dfsc"), refresh=True)
    assert fetch(HubName("org/block", folder="dfsc")).folder == before.folder
    load("org/block:dfsc")
    published.heal()
    after = fetch(HubName("org/block", folder="dfsc"), refresh=True)
    assert (after.folder / "model.safetensors").read_bytes() == weights


def test_an_interrupted_download_is_told_and_goes_on_where_it_was(published):
    published.cut[WEIGHTS] = 100_000
    with pytest.raises(CheckpointError) as refusal:
        load("org/block:dfsc")
    assert "Traceback" not in str(refusal.value)
    commit = published.repositories["org/block"].references["main"]
    for name in (HubName("org/block", folder="dfsc"), HubName("org/block"), HubName("org/block", commit)):
        assert cached_snapshot(name) is None
    published.heal()
    assert load("org/block:dfsc").config.method == "dfsc"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "log in"),
        (403, "log in"),
        (404, "not found"),
        (418, "could not be fetched"),
        (429, "asks to wait"),
        (503, "the Hub has problems"),
    ],
)
def test_refusals_are_one_plain_sentence(published, status, said):
    published.status["/api/models/"] = status
    with pytest.raises(CheckpointError, match=said) as refusal:
        load("org/block:dfsc")
    sentence = str(refusal.value)
    assert sentence.startswith("org/block:dfsc ")
    assert "http" not in sentence
    assert sentence.count("\n") == 0


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>Log in to this network</html>",
        b"null",
        b"[]",
        b'"yes"',
        b"{}",
        b'{"id": "org/block", "sha": "../../.."}',
        b'{"id": "org/block", "sha": 7}',
        b'[{"type": "file", "path": 7, "size": 1, "oid": ""}]',
        b'[{"type": "file", "path": "dfsc/config.json", "size": null, "oid": ""}]',
        b'[{"type": "file", "path": "dfsc/config.json"}]',
    ],
)
@pytest.mark.parametrize("place", ["/api/models/org/block$|/revision/", "/tree/"])
def test_what_is_not_the_hubs_answer_is_one_plain_sentence(published, place, answer):
    published.said[place] = answer
    with pytest.raises(CheckpointError, match=r"^org/block[^\n]*\.$") as refusal:
        fetch(HubName("org/block"), refresh=True)
    assert "http" not in str(refusal.value)


def test_a_private_repository_is_told_like_one_that_is_not_there(published, monkeypatch):
    published.repositories["org/block"].private = True
    monkeypatch.setenv("HF_TOKEN", "")
    with pytest.raises(CheckpointError, match="neither here nor on the Hub"):
        load("org/block:dfsc")
    with pytest.raises(CheckpointError, match="neither here nor on the Hub"):
        load("org/nothing:dfsc")


def test_what_only_a_token_may_read_is_not_fetched_for_the_public(published):
    published.repositories["org/block"].private = True
    fetch(HubName("org/block"))
    for ask in (repository_info, fetch):
        with pytest.raises(CheckpointError, match="public repositories"):
            ask(HubName("org/block"), public=True)
    published.repositories["org/block"].private = False
    assert open_snapshot(fetch(HubName("org/block"), public=True))


def test_a_cache_that_can_not_be_written_does_not_keep_from_fetching(published, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", "/proc/nobody/hub")
    load("org/block:dfsc")
    published.asked.clear()
    assert load("org/block:dfsc").source.endswith("from the cache")
    assert published.asked == []


def test_without_a_network_it_is_said_and_what_is_cached_works(published, monkeypatch):
    load("org/block:dfsc")
    published.close()
    assert load("org/block:dfsc").config.method == "dfsc"
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(CheckpointError, match="Hub can't be reached"):
        load("org/other:dfsc")


def test_a_repository_without_detectors_and_one_with_several_are_told(hub, published):
    hub.repositories["org/texts"] = Repository()
    hub.repositories["org/texts"].commit({"README.md": b"# texts"})
    with pytest.raises(CheckpointError, match="has no detector"):
        load("org/texts")
    with pytest.raises(CheckpointError, match="holds 2 detectors, so name one: org/block:dfsc, org/block:ead-s"):
        load("org/block")
    assert [d.config.method for d in open_checkpoints("org/block")] == ["ead-s", "dfsc"]


def test_pull_writes_folders_that_load_reads(published, tmp_path, monkeypatch):
    out = tmp_path / "mine"
    assert [path.name for path in pull("org/block", out)] == ["dfsc", "ead-s"]
    monkeypatch.setenv("DFSC_WEIGHTS", str(tmp_path / "none"))
    assert load(out / "dfsc").teacher.digest == load(out / "ead-s").teacher.digest
    (out / "dfsc" / "notes.txt").write_text("mine")
    with pytest.raises(CheckpointError, match="other files"):
        pull("org/block", out)
    assert (out / "dfsc" / "notes.txt").read_text() == "mine"


def test_push_refuses_what_is_no_checkpoint_and_no_name(hub, pair, tmp_path, monkeypatch):
    with pytest.raises(CheckpointError, match="contains no detector"):
        push(tmp_path, "org/block")
    with pytest.raises(CheckpointError, match="not the name of a repository"):
        push(pair, "block")
    monkeypatch.setenv("HF_TOKEN", "")
    with pytest.raises(CheckpointError, match="org/block is not writable for you"):
        push(pair, "org/block")
    assert hub.repositories == {}
