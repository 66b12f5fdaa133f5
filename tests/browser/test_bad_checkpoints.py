"""A checkpoint with a number that is none is refused wherever a visitor or a program may open it."""

import math
import shutil
import zipfile
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from playwright.sync_api import expect
from safetensors.torch import load_file, save_file
from visiting import load_model


@pytest.fixture(params=[("student.0.weight", math.nan), ("channel_mean", math.inf), ("channel_std", 0.0)], ids=str)
def bad(request, page_weights: Path, tmp_path: Path) -> Path:
    """A zip as `train` and the page write it, with one number that is wrong."""
    name, value = request.param
    folder = shutil.copytree(page_weights / "toy_block" / "dfsc", tmp_path / "dfsc")
    tensors = load_file(folder / "model.safetensors")
    tensors[name].view(-1)[0] = value
    save_file(tensors, folder / "model.safetensors")
    packed = tmp_path / "bad.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"dfsc/{file.name}")
    return packed


def test_the_page_says_so_and_judges_nothing_by_it(bad, visit):
    page = visit()
    before = page.locator("#results .file").inner_text()
    load_model(page, bad)
    said = page.locator("#message .notice.error")
    expect(said).to_contain_text("dfsc")
    assert "\n" not in said.inner_text()
    assert page.locator("#results .file").inner_text() == before
    assert "Your model" not in page.locator("#product").inner_text()


def test_a_program_gets_the_same_sentence(bad, address):
    client = Client(address, verbose=False)
    with pytest.raises(AppError, match="dfsc"):
        client.predict("", handle_file(bad), api_name="/open_checkpoint")
    with pytest.raises(AppError, match="no longer here"):
        client.predict(handle_file(bad), "own", api_name="/inspect")
