"""What counts of the photos is drawn around, for one visitor alone; the rest is veiled and decides nothing."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from visiting import encoded, expect_inspected, load_model, upload

from dfsc import Inspector, Region, product_detectors, products, read_image, restricted, write_bundle
from dfsc.images.decoding import resize_for_network
from dfsc.training.closed_form import closed_form_detector


@pytest.fixture(scope="module")
def photograph(draw) -> bytes:
    return encoded(draw(7, width=640, height=480, scratch=True))


def draw_left_half(page: Page, place: str = "#results") -> None:
    panel = page.locator(f"{place} .interest")
    panel.locator("summary").click()
    stage = panel.locator(".stage img")
    box = stage.bounding_box()
    for x, y in ((0, 0), (0.5, 0), (0.5, 1), (0, 1)):
        position = {"x": min(x * box["width"], box["width"] - 1), "y": min(y * box["height"], box["height"] - 1)}
        stage.click(position=position)
    panel.locator("[data-do=done]").click()


def figures(page: Page) -> list[tuple[float, float]]:
    rows = page.locator("#results .method-row")
    fills = [[rows.nth(n).locator(f'[data-fill="{key}"]').inner_text() for key in ("score", "limit")] for n in range(2)]
    return [tuple(float(text.replace("−", "-")) for text in row) for row in fills]


def test_an_outline_decides_what_counts_until_the_whole_photo_does_again(visit, photograph):
    page = visit()
    upload(page, "part.png", photograph)
    expect_inspected(page, "part.png")
    before = figures(page)
    draw_left_half(page)
    expect(page.locator("#message")).to_contain_text("Only what you drew around counts now")
    page.wait_for_selector("#results [data-drawn]")
    cells = np.zeros((56, 56), bool)
    cells[:, :28] = True
    inside = restricted(product_detectors(products()[0]), Region(cells))
    results = Inspector(inside).inspect(read_image(photograph, "part")).results
    for (score, limit), result in zip(figures(page), results, strict=True):
        assert abs(score - result.score) < 0.011
        assert abs(limit - result.threshold) < 0.011
    colour = "canvas => [...canvas.getContext('2d').getImageData(canvas.width * 0.8, canvas.height / 2, 1, 1).data]"
    veiled = page.locator("#results .map.fused canvas").first.evaluate(colour)
    assert max(np.abs(np.subtract(veiled[:3], (122, 127, 136)))) < 60
    other = visit()
    upload(other, "part.png", photograph)
    expect_inspected(other, "part.png")
    assert figures(other) == before
    page.locator("#results .interest [data-do=whole]").click()
    expect(page.locator("#message")).to_contain_text("The whole photo counts again")
    page.wait_for_selector("#results [data-drawn]")
    assert figures(page) == before


def test_with_keys_too_and_fre_is_left_out_with_a_sentence(visit, photograph, tmp_path, draw):
    pictures = np.stack([resize_for_network(draw(seed)) for seed in range(6)])
    pair = product_detectors(products()[0])
    fre = closed_form_detector(pictures, pair[0].teacher, "part", {}, self_tested=False)
    write_bundle([*pair, fre], tmp_path / "three.zip")
    page = visit()
    load_model(page, tmp_path / "three.zip")
    expect(page.locator("#message")).to_contain_text("3 detectors opened")
    upload(page, "part.png", photograph)
    expect_inspected(page, "part.png")
    panel = page.locator("#results .interest")
    panel.locator("summary").click()
    panel.locator(".stage").focus()
    for key in ("Enter", "Shift+ArrowLeft", "Shift+ArrowLeft", "Enter", "Shift+ArrowUp", "Shift+ArrowUp", "Enter"):
        page.keyboard.press(key)
    panel.locator("[data-do=done]").click()
    expect(page.locator("#message")).to_contain_text("FRE is left out")
    expect(page.locator("#results .method-row")).to_have_count(2)


def test_nothing_outside_of_what_was_drawn_around_in_retrain_is_learned_or_judged(visit, draw):
    page = visit()
    page.get_by_role("tab", name="Retrain").click()
    page.click("#sample-toy_block")
    expect(page.locator("#retrain-result h3")).to_have_text("Ready at once: FRE")
    draw_left_half(page, "#counting")
    expect(page.locator("#retrain-message")).to_contain_text("Only what you drew around counts, 50% of the photo")
    expect(page.locator("#counting [data-do=whole]")).to_be_visible()
    expect(page.locator("#retrain-result")).to_contain_text("12 photos learned from, 50% of each")
    page.click("#inspect-pair")
    expect(page.locator("#product input[value=own]")).to_be_checked()
    scores = []
    for name, missing in (("whole.png", ()), ("outside.png", (1, 3)), ("inside.png", (2,))):
        upload(page, name, encoded(draw(40, width=200, height=150, missing=missing)))
        expect_inspected(page, name)
        scores.append(page.locator('#results [data-fill="score"]').inner_text())
    assert scores[0] == scores[1] != scores[2]
    page.get_by_role("tab", name="Retrain").click()
    page.locator("#counting [data-do=whole]").click()
    expect(page.locator("#retrain-message")).to_contain_text("The whole photo counts again")
