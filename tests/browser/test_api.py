"""What programs do with the running page: the real gradio_client against the server that visitors use."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from dfsc import Inspector, product_detectors, read_image
from dfsc.checkpoints.bundles import write_bundle
from dfsc.models.self_test import SelfTest


@pytest.fixture
def client(address: str) -> Client:
    return Client(address, verbose=False)


@pytest.fixture
def photographs(draw, tmp_path: Path) -> list[Path]:
    for seed in range(12):
        Image.fromarray(draw(seed, width=200, height=150)).save(tmp_path / f"part {seed}.png")
    return sorted(tmp_path.glob("*.png"))


def test_inspect_tells_what_the_library_finds(client, photographs):
    told = client.predict(handle_file(photographs[0]), "toy_block", 0.3, 1, api_name="/inspect")
    inspection = Inspector(product_detectors("toy_block")).inspect(read_image(photographs[0]))
    assert (told["photograph"], told["size"]) == (photographs[0].name, [200, 150])
    for record, result in zip(told["results"], inspection.results, strict=True):
        assert record["method"] == result.method
        assert record["score"] == pytest.approx(float(result.maps.fused(0.3).max()), abs=2e-3)
        assert record["threshold"] == pytest.approx(result.good.threshold(1, 0.3))


def test_nothing_but_three_endpoints_is_public(client):
    told = client.view_api(return_format="dict")
    assert set(told["named_endpoints"]) == {"/inspect", "/open_checkpoint", "/train"}
    assert not told["unnamed_endpoints"]
    for call in told["named_endpoints"].values():
        assert all(parameter["label"] for parameter in call["parameters"])


def test_only_uploads_are_read(client, photographs):
    for file in ({"path": "/etc/passwd"}, {"path": str(photographs[0])}, {}, {"path": 3}):
        with pytest.raises(AppError, match="did not arrive"):
            client.predict(file, "toy_block", api_name="/inspect")


def test_nothing_can_be_wished_for_that_the_page_does_not_offer(client, photographs):
    for wish, said in (
        ({"seconds": 1e7}, "seconds has to be a number from 30 to 900"),
        ({"tau": 0.1}, "tau has to"),
        ({"also": ["x"]}, "fcl"),
    ):
        with pytest.raises(AppError, match=said):
            client.predict([handle_file(path) for path in photographs], **wish, api_name="/train")


def test_errors_are_sentences(client, tmp_path):
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear Sir")
    with pytest.raises(AppError, match="is not an image that can be read"):
        client.predict(handle_file(letter), api_name="/inspect")
    with pytest.raises(AppError, match="should look like org/name"):
        client.predict("nothing", api_name="/open_checkpoint")


def test_an_opened_zip_belongs_to_one_client(client, address, photographs, tmp_path):
    file = tmp_path / "pair.zip"
    write_bundle(product_detectors("toy_plate"), file)
    opened = client.predict("", handle_file(file), api_name="/open_checkpoint")
    assert [detector["product"] for detector in opened] == ["toy_plate", "toy_plate"]
    assert [(detector["usable"], detector["self_test"]) for detector in opened] == [(True, None)] * 2
    told = client.predict(handle_file(photographs[0]), "own", api_name="/inspect")
    assert {record["source"] for record in told["results"]} == {"pair.zip"}
    with pytest.raises(AppError):
        Client(address, verbose=False).predict(handle_file(photographs[0]), "own", api_name="/inspect")


def test_detectors_that_find_no_made_up_faults_give_no_verdicts(client, photographs, tmp_path):
    poor = SelfTest({"erased": (0, 7), "copied": (2, 7), "scratched": (1, 6)}, 900)
    detectors = product_detectors("toy_block")
    file = tmp_path / "poor.zip"
    write_bundle([replace(d, config=replace(d.config, self_test=poor)) for d in detectors], file)
    opened = client.predict("", handle_file(file), api_name="/open_checkpoint")
    details = "erased 0 of 7, copied 2 of 7, scratched 1 of 6"
    for detector in opened:
        assert (detector["usable"], detector["self_test"]) == (False, {"found": 3, "made": 20, "details": details})
    told = client.predict(handle_file(photographs[0]), "own", api_name="/inspect")
    for record in told["results"]:
        by_kind = {"erased": [0, 7], "copied": [2, 7], "scratched": [1, 6]}
        assert (record["verdict"], record["self_test"]) == ("unsure", {"found": 3, "made": 20, "by_kind": by_kind})


def test_too_few_photographs_are_told_before_a_training_begins(client, photographs):
    with pytest.raises(AppError, match="please add 7 more"):
        client.predict([handle_file(path) for path in photographs[:5]], api_name="/train")


def test_the_readmes_program_raises_what_went_wrong_with_a_training(
    address, photographs, tmp_path, monkeypatch, capsys
):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    program = next(
        text for text in re.findall(r"^```python\n(.*?)^```$", readme, re.M | re.S) if "gradio_client" in text
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photographs").mkdir()
    for path in photographs[:3]:
        path.rename(tmp_path / "photographs" / path.name)
    photographs[3].rename(tmp_path / "photo.jpg")
    program = program.replace("http://127.0.0.1:7860", address).replace("terminal_block", "toy_block")
    with pytest.raises(AppError, match="12"):
        exec(program, {})
    assert capsys.readouterr().out
