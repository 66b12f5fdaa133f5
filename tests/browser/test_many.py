"""Several photographs at once: a strip to filter, sort and go through, a file for a spreadsheet, the report of one."""

import csv
import io
import json
import zipfile

import pytest
from playwright.sync_api import Page, expect
from visiting import UPLOAD, encoded, expect_inspected, map_pictures

from dfsc.checkpoints.bundles import write_bundle
from dfsc.checkpoints.embedded import product_detectors, products
from dfsc.interface.session import photograph as photographs


@pytest.fixture
def files(draw) -> list[dict]:
    drawn = [encoded(draw(seed, width=200, height=150, scratch=seed == 3)) for seed in range(4)]
    named = [{"name": f"part {i}.png", "mimeType": "image/png", "buffer": data} for i, data in enumerate(drawn)]
    return [*named, {"name": "=letter.png", "mimeType": "image/png", "buffer": b"Dear Sir or Madam"}]


def upload_all(page: Page, files: list[dict]) -> None:
    page.locator(UPLOAD).first.set_input_files(files)
    expect(page.locator("#many a[download]")).to_be_visible()
    expect(page.locator("#message")).to_contain_text("photos inspected in")
    page.wait_for_selector("#results [data-drawn]")


def scores(page: Page) -> list[float]:
    """Each photo's highest score."""
    photos = page.locator("#many .photos button").all()
    texts = [photo.locator(".score").all_inner_texts() for photo in photos]
    return [max(float(text.replace("−", "-")) for text in row) for row in texts]


def shown(page: Page) -> list[str]:
    """Names of the photos that the strip shows, in its order."""
    return page.locator("#many .photos li:not([hidden]) .name").all_inner_texts()


def test_all_are_inspected_sorted_and_opened_on_a_click(visit, files):
    page = visit()
    upload_all(page, files)
    names = shown(page)
    assert sorted(names) == [f"part {i}.png" for i in range(4)]
    assert scores(page) == sorted(scores(page), reverse=True)
    expect_inspected(page, names[0])
    expect(page.locator("#many .photos .error")).to_contain_text("=letter.png is not an image that can be read")
    page.locator("#many .photos button").nth(2).click()
    expect_inspected(page, names[2])
    assert "200 × 150 pixels" in page.locator("#results .summary").inner_text()


def test_keys_go_through_the_strip_and_no_network_runs_again(visit, files, monkeypatch):
    page, runs, quick = visit(), [], photographs._results

    def counted(*arguments):
        runs.append(arguments)
        return quick(*arguments)

    monkeypatch.setattr(photographs, "_results", counted)
    upload_all(page, files)
    names = shown(page)
    assert len(runs) == 4
    for key, name in (("ArrowRight", names[1]), ("ArrowRight", names[2]), ("ArrowLeft", names[1])):
        page.keyboard.press(key)
        expect_inspected(page, name)
        expect(page.locator("#many [aria-current] .name")).to_have_text([name])
        expect(page.locator("#many button:focus .name")).to_have_text(name)
    maps = map_pictures(page)
    page.keyboard.press("ArrowLeft")
    expect_inspected(page, names[0])
    page.keyboard.press("ArrowRight")
    expect_inspected(page, names[1])
    assert map_pictures(page) == maps
    assert len(runs) == 4


def test_the_strip_is_filtered_and_sorted(visit, files, draw):
    page = visit()
    strange = {"name": "strange.png", "mimeType": "image/png", "buffer": encoded(draw(3)[::-1] // 4)}
    upload_all(page, [*files[::-1], strange])
    by_score = shown(page)
    page.select_option("#many [name=many-order]", "given")
    assert shown(page) == [*(f"part {i}.png" for i in (3, 2, 1, 0)), "strange.png"]
    badges = page.locator("#many .photos li").evaluate_all(
        "all => all.map(one => [...one.querySelectorAll('.badge')].map(badge => badge.className.split(' ')[1]))"
    )
    wanted = {
        "all": [True] * 6,
        "rejected": ["reject" in verdicts for verdicts in badges],
        "unsure": [bool(verdicts) and set(verdicts) not in ({"accept"}, {"reject"}) for verdicts in badges],
        "error": [not verdicts for verdicts in badges],
    }
    assert any(wanted["unsure"])
    for kind, expected in wanted.items():
        choice = page.locator(f"#many [name=many-show][value={kind}]")
        choice.check()
        assert choice.locator("xpath=../b").inner_text() == str(sum(expected))
        items = page.locator("#many .photos li")
        assert items.evaluate_all("all => all.map(one => !one.hidden)") == expected
    page.locator("#many [value=all]").check()
    page.select_option("#many [name=many-order]", "score")
    assert shown(page) == by_score
    page.locator("#many [value=unsure]").check()
    # What was chosen stays with the photos' next verdicts.
    page.locator(f"#product input[value='{products()[-1]}']").check()
    expect(page.locator("#many h2")).to_contain_text(products()[-1].replace("_", " ").capitalize())
    expect(page.locator("#many [value=unsure]")).to_be_checked()
    expect(page.locator("#many .photos .error")).to_be_hidden()


def test_the_strip_follows_sliders_and_product(visit, files):
    page = visit()
    upload_all(page, files)
    before = page.locator("#many .photos .score").all_inner_texts()
    slider = page.locator("#results .sliders input[name=weight]")
    slider.evaluate(
        """slider => { slider.value = 100;
            for (const kind of ['input', 'change']) slider.dispatchEvent(new Event(kind, {bubbles: true})); }"""
    )
    expect(page.locator("#many .photos .score").first).not_to_have_text(before[0])
    page.locator(f"#product input[value='{products()[-1]}']").check()
    expect(page.locator("#many h2")).to_contain_text(products()[-1].replace("_", " ").capitalize())


def test_a_zip_of_photographs_is_a_list_too_and_gives_a_spreadsheet(visit, files):
    page = visit()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in files:
            archive.writestr(file["name"], file["buffer"])
    upload_all(page, [{"name": "all.zip", "mimeType": "application/zip", "buffer": packed.getvalue()}])
    with page.expect_download() as download:
        page.locator("#many a[download]").click()
    *rows, left_out = csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig")))
    assert (left_out["verdict"], "=letter.png" in left_out["note"]) == ("not inspected", True)
    assert len(rows) == 4 * 2
    assert {row["verdict"] for row in rows} <= {"accept", "reject", "foreign"}
    assert {row["photograph"] for row in rows} == {f"part {i}.png" for i in range(4)}


def test_a_list_without_a_photograph_says_so_and_loses_nothing(visit, files):
    page = visit()
    before = page.locator("#results .file").inner_text()
    letters = [{"name": f"{i}.txt", "mimeType": "text/plain", "buffer": b"Dear Sir"} for i in range(2)]
    page.locator(UPLOAD).first.set_input_files(letters)
    expect(page.locator("#message .notice.error")).to_contain_text("0.txt is not an image")
    assert page.locator("#results .file").inner_text() == before


def test_the_strip_follows_a_model_that_is_dropped_where_photos_are(visit, files, tmp_path):
    page = visit()
    upload_all(page, files[:2])
    pair = tmp_path / "pair.zip"
    write_bundle(product_detectors(products()[0]), pair)
    page.locator(UPLOAD).first.set_input_files(pair)
    expect(page.locator("#message")).to_contain_text("pair.zip: 2 detectors opened")
    expect(page.locator("#many h2")).to_contain_text("Your model: 2 photos")


def test_the_report_is_what_is_shown(visit, files):
    page = visit()
    page.locator(UPLOAD).first.set_input_files(files[:1])
    expect_inspected(page, "part 0.png")
    with page.expect_download() as download:
        page.locator("button[data-act=report]").click()
    assert download.value.suggested_filename == "inspection-part-0.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        record = json.loads(archive.read("inspection.json"))
    shown = page.locator("#results .method-row .score b").all_inner_texts()
    scores = [float(score.replace("−", "-")) for score in shown[::2]]
    assert scores == pytest.approx([result["score"] for result in record["results"]], abs=0.005)
