"""Some of the hostile files through the page and its API: a sentence or an inspection, and nothing is left of them."""

import sys
import zipfile
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import expect
from visiting import load_model, upload

sys.path.append(str(Path(__file__).parents[1] / "images"))
from hostile_files import BOMBS, ODD

SHOWN = (
    *(
        "cut at 0.5.JPEG",
        "zeros behind its start.TIFF",
        "other kind.PSD",
        "says 65535x65535.png",
        "pickle.jpg",
        "empty.jpg",
    ),
    *("no bits.tif", "HEIC.jpg", "film.jpg", "drawing.jpg"),
)
GONE_OFF = ("tags.tif", "tags in EXIF.jpg", "many comments.gif", "chunks before.png", "comment.pgm", "runs.bmp")
MARKUP = "<img src=x onerror=document.title='taken'>.png"


def is_sentence(said: str) -> bool:
    return said.endswith(".") and "Traceback" not in said and "/tmp" not in said and "\n" not in said


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


def test_through_the_api_each_is_one_sentence(client: Client, page_weights: Path, tmp_path: Path):
    for number, make in enumerate((*(ODD[name] for name in SHOWN), *(BOMBS[name][0] for name in GONE_OFF))):
        file = tmp_path / f"{number}.png"
        file.write_bytes(make())
        for arguments, name in (
            ((handle_file(file), "toy_block"), "/inspect"),
            (("", handle_file(file)), "/open_checkpoint"),
        ):
            with pytest.raises(AppError) as caught:
                client.predict(*arguments, api_name=name)
            assert is_sentence(str(caught.value)), (number, str(caught.value))
    assert not [path for path in (page_weights.parent / "cache").rglob("*.png") if path.stem.isdigit()]


def test_numbers_that_are_none_are_refused(client: Client, draw, tmp_path: Path):
    Image.fromarray(draw(3)).save(tmp_path / "part.png")
    for weight, rejected in ((float("nan"), 0), (float("inf"), 0), ("much", 0), (0.5, float("nan")), (0.5, [1])):
        with pytest.raises((AppError, ValueError)):
            client.predict(handle_file(tmp_path / "part.png"), "toy_block", weight, rejected, api_name="/inspect")


def test_on_the_page_a_bomb_and_a_name_of_markup_are_said_and_harmless(visit):
    page = visit()
    title = page.title()
    upload(page, MARKUP, BOMBS["tags.tif"][0]()[:2_000_000])
    said = page.locator("#message .notice.error")
    expect(said).to_contain_text("onerror")
    assert is_sentence(said.inner_text())
    assert page.title() == title
    assert page.locator("#message img").count() == 0


def test_on_the_page_a_zip_of_all_of_them_is_a_table_with_reasons(visit, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in SHOWN:
            archive.writestr(f"../../{name}", ODD[name]())
        for name in ("whole.PNG", "whole.JPEG"):
            archive.writestr(name, ODD[name]())
        archive.writestr(MARKUP, ODD["whole.PNG"]())
    page = visit()
    upload(page, "all.zip", (tmp_path / "all.zip").read_bytes(), "application/zip")
    expect(page.locator("#many")).to_contain_text("whole.JPEG")
    expect(page.locator("#many")).to_contain_text("onerror")
    assert page.locator("#many img[src=x]").count() == 0
    assert page.title() != "taken"
    load_model(page, tmp_path / "all.zip")
    expect(page.locator("#message .notice.error")).to_contain_text("holds no checkpoint")
