"""The Retrain tab as a visitor uses it, with real trainings of some seconds on drawn photographs."""

import io
import re
import time
import zipfile
from pathlib import Path

import pytest
from gradio.utils import get_upload_folder
from gradio_client.exceptions import AppError
from playwright.sync_api import Page, expect
from visiting import PATIENCE, encoded, expect_inspected, load_model

from dfsc.interface.session.lane import lane
from dfsc.interface.session.retraining import State

PHOTOGRAPHS = "#photographs input[type=file]"
NOT_USABLE = re.compile(r"Not usable yet, after .* EAD-S finds \d+ of 20 made-up faults.*“Train longer”")


def files(draw, numbers) -> list[dict]:
    return [
        {"name": f"part {n}.jpg", "mimeType": "image/jpeg", "buffer": encoded(draw(n, width=320, height=240), "JPEG")}
        for n in numbers
    ]


def open_retrain(page: Page) -> Page:
    page.get_by_role("tab", name="Retrain").click()
    page.wait_for_selector("#train")
    return page


def bring(page: Page, uploads: list[dict], count: int) -> None:
    page.locator(PHOTOGRAPHS).first.set_input_files(uploads)
    expect(page.locator("#album h3")).to_have_text(f"{count} photos of good parts")


def set_number(page: Page, place: str, value: str) -> None:
    page.fill(f"{place} input[type=number]", value)
    page.keyboard.press("Tab")


def begin(page: Page, seconds: int) -> None:
    set_number(page, "#seconds", str(seconds))
    page.click("#train")


def wait_until(condition) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def last_job():
    return lane.jobs[-1]


@pytest.fixture
def ready(visit, draw):
    """A page with twelve good photographs."""
    page = open_retrain(visit())
    bring(page, files(draw, range(12)), 12)
    page.wait_for_selector("#novelty .card")
    return page


def test_of_a_folder_with_a_whole_data_set_only_the_good_training_images_are_taken(visit, draw, tmp_path: Path):
    for number, folder in enumerate(("train/good", "train/good", "test/good", "test/broken", "ground_truth/broken")):
        place = tmp_path / "bottle" / folder / f"{number}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(encoded(draw(number), "JPEG"))
    page = open_retrain(visit())
    page.locator("#photograph-folder input[type=file], input[type=file][webkitdirectory]").first.set_input_files(
        tmp_path / "bottle"
    )
    expect(page.locator("#album h3")).to_have_text("2 photos of good parts")
    expect(page.locator("#album")).to_contain_text("of this data set the 2 in bottle/train/good")


def test_too_few_and_wrong_files_are_explained_and_the_rest_goes_on(visit, draw):
    page = open_retrain(visit())
    page.click("#train")
    expect(page.locator("#retrain-message")).to_contain_text("12 to 200 photos")
    wrong = {"name": "notes<b>.jpg", "mimeType": "image/jpeg", "buffer": b"not a picture"}
    bring(page, [*files(draw, range(5)), wrong], 5)
    expect(page.locator("#album .lines.bad")).to_contain_text("notes<b>.jpg")
    expect(page.locator("#retrain-message")).to_contain_text("please add 7 more")
    page.click("#train")
    expect(page.locator("#retrain-message")).to_contain_text("please add 7 more")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(20, 27):
            archive.writestr(f"line/{number}.png", encoded(draw(number, width=320, height=240)))
        archive.writestr("line/copy.png", encoded(draw(20, width=320, height=240)))
    bring(page, [{"name": "more.zip", "mimeType": "application/zip", "buffer": packed.getvalue()}], 13)
    expect(page.locator("#retrain-message")).to_contain_text("13 photos are ready")
    expect(page.locator("#album .lines.hint")).to_contain_text("nearly identical")
    widths = page.eval_on_selector_all("#album img", "images => images.map(image => image.naturalWidth)")
    assert widths == [160] * 13
    page.click("#clear")
    expect(page.locator("#album .card")).to_have_count(0)


def test_fre_inspects_as_soon_as_there_are_photographs(visit, draw):
    page = open_retrain(visit())
    bring(page, files(draw, range(6)), 6)
    expect(page.locator("#retrain-message")).to_contain_text("please add 6 more")
    expect(page.locator("#retrain-result")).to_contain_text("Ready at once: FRE")
    expect(page.locator("#retrain-result .badge")).to_contain_text("made-up faults")
    expect(page.locator("#retrain-result")).to_contain_text("It knows only 6 photos")
    page.click("#inspect-pair")
    expect(page.locator("#product input[value=own]")).to_be_checked()
    expect(page.locator("#results .method-row")).to_have_count(0)
    # Limits can be moved while nothing is shown.
    page.get_by_role("tab", name="History").click()
    page.locator("#history-overview .limit input").press("End")
    expect(page.locator("#history-overview .hand")).to_be_visible()
    page.get_by_role("tab", name="Inspect").click()
    page.locator("#upload input[type=file]").first.set_input_files(files(draw, [7]))
    expect_inspected(page, "part 7.jpg")
    expect(page.locator("#results .method-row")).to_have_count(1)
    expect(page.locator("#results .method-row")).to_have_attribute("data-method", "fre")
    expect(page.locator("#results .sliders [name=partner]")).to_have_count(0)


def test_the_slider_shows_at_once_what_is_novel_on_a_photograph(ready):
    expect(ready.locator("#novelty h3")).to_have_text("τ′ = 0.99: 1% of all features are novel")
    expect(ready.locator("#novelty")).to_contain_text("Estimate before training, on part 0.jpg")
    before = ready.get_attribute("#novelty img", "src")
    ready.click("#advanced > button")
    set_number(ready, "#tau", "0.6")
    expect(ready.locator("#novelty h3")).to_have_text("τ′ = 0.6: 40% of all features are novel")
    assert ready.get_attribute("#novelty img", "src") != before
    set_number(ready, "#tau", "1")
    expect(ready.locator("#novelty")).to_contain_text("nothing is novel: DFSC is EAD-S")


def test_own_photographs_are_one_click_away(visit):
    page = open_retrain(visit())
    page.click("#sample-toy_block")
    expect(page.locator("#album h3")).to_have_text("12 photos of good parts")


def test_the_whole_way_from_photographs_to_the_downloaded_pair(ready, visit, draw, tmp_path, set_pace):
    other = open_retrain(visit())
    bring(other, files(draw, range(12)), 12)
    # So slow a clock that a click ends it, not the time.
    set_pace(0.02)
    begin(ready, 80)
    expect(ready.locator("#retrain-message")).to_contain_text("600 are usual")
    expect(ready.locator("#retrain-message")).to_contain_text("Stage 1 of 3: training auto-encoders")
    expect(ready.locator("#curves [data-plot=autoencoder] polyline")).to_have_count(2)
    expect(ready.locator("#train")).to_be_hidden()
    expect(ready.locator("#longer")).to_be_hidden()
    other.click("#train")
    expect(other.locator("#retrain-message")).to_contain_text("1 training ahead of you")
    other.get_by_role("tab", name="Inspect").click()
    other.locator("#upload input[type=file]").first.set_input_files(files(draw, [7]))
    expect(other.locator("#results .file")).to_have_text("part 7.jpg")
    other.get_by_role("tab", name="Retrain").click()
    other.click("#stop")
    expect(ready.locator("#preview figure")).to_have_count(4)
    assert "made-up fault" in ready.locator("#preview figcaption").nth(1).inner_text()
    expect(ready.locator("#curves [data-plot=student] polyline")).to_have_count(6)
    ready.click("#stop")
    expect(ready.locator("#retrain-result")).to_contain_text("Calibrated on 4 held-out photos")
    # After so few steps it must not look like a pair that can be relied on.
    expect(ready.locator("#retrain-message .notice.unsure")).to_contain_text(NOT_USABLE)
    expect(ready.locator("#retrain-result .notice.unsure")).to_contain_text("“Train longer” goes on")
    expect(ready.locator("#retrain-result .badge.unsure")).to_have_count(2)
    expect(ready.locator("#retrain-result")).to_contain_text("Inspect with FRE, as not all of them are usable yet.")
    expect(ready.locator("#curves [data-plot=found] polyline")).to_have_count(3)
    expect(ready.locator("#curves [data-plot=found] polyline[stroke-dasharray='5 4']")).to_have_count(1)
    expect(ready.locator("#retrain-result .examples figure")).to_have_count(3)
    expect(other.locator("#retrain-message")).to_contain_text("stopped before its turn")

    with ready.expect_download() as download:
        ready.click("#download-pair")
    pair = tmp_path / "pair.zip"
    download.value.save_as(pair)
    ready.click("#inspect-pair")
    expect(ready.locator("#product")).to_contain_text("Your model")
    expect(ready.locator("#message")).to_contain_text("Your model is chosen")
    expect(ready.locator("#results .method-row")).to_have_count(0)
    expect(ready.locator("#examples button")).to_have_count(0)
    ready.locator("#upload input[type=file]").first.set_input_files(files(draw, [8]))
    expect_inspected(ready, "part 8.jpg")
    expect(ready.locator("#results")).to_contain_text("your own training")
    expect(ready.locator("#results .method-row .badge.unsure")).to_have_count(2)
    scores = ready.locator("#results .score").all_inner_texts()

    other = visit()
    assert "Your model" not in other.locator("#product").inner_text()
    other.locator("#upload input[type=file]").first.set_input_files(files(draw, [7]))
    expect_inspected(other, "part 7.jpg")
    load_model(other, pair)
    expect(other.locator("#message")).to_contain_text("pair.zip: 3 detectors opened")
    expect(other.locator("#results")).to_contain_text("Checkpoint: pair.zip")
    other.locator("#upload input[type=file]").first.set_input_files(files(draw, [8]))
    expect_inspected(other, "part 8.jpg")
    assert other.locator("#results .score").all_inner_texts() == scores

    taken = last_job().steps_taken
    ready.get_by_role("tab", name="Retrain").click()
    ready.click("#longer")
    wait_until(lambda: last_job().steps_taken > taken + 2)
    ready.click("#stop")
    expect(ready.locator("#retrain-message")).to_contain_text("Stopping")
    wait_until(lambda: last_job().finished)
    expect(ready.locator("#retrain-result")).to_contain_text("Calibrated on 4 held-out photos")
    ready.click("#inspect-pair")
    expect_inspected(ready, "part 8.jpg")
    assert ready.locator("#results .method-row").count() == 3

    (served,) = Path(get_upload_folder()).rglob("own_1.zip")
    ready.context.close()
    wait_until(lambda: not served.exists())


@pytest.fixture
def readmes_program(address, draw, tmp_path, monkeypatch) -> str:
    """README's program for this page, 30 seconds and one of its products, in a folder with the photographs it names."""
    readme = (Path(__file__).parent.parent.parent / "README.md").read_text(encoding="utf-8")
    (snippet,) = re.findall(r"^```python\n(from pathlib.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photographs").mkdir()
    for file in files(draw, range(12)):
        (tmp_path / "photographs" / file["name"]).write_bytes(file["buffer"])
    (tmp_path / "photo.jpg").write_bytes(file["buffer"])
    for said, tried in (("http://127.0.0.1:7860", address), ("terminal_block", "toy_block"), ("120", "30")):
        assert said in snippet
        snippet = snippet.replace(said, tried)
    return snippet


def test_the_readmes_program_trains_and_inspects(readmes_program, set_pace, capsys):
    set_pace(0.1)
    scope: dict = {}
    exec(readmes_program, scope)
    assert len(scope["found"]["results"]) == 3
    states = re.findall(rf"^({'|'.join(State)}) [\d.]+$", capsys.readouterr().out, re.MULTILINE)
    assert len(states) > 1
    assert states.index("done") == len(states) - 1
    assert "failed" not in states


def test_the_readmes_program_shows_why_a_training_failed(readmes_program, set_pace):
    set_pace(20)
    with pytest.raises(AppError, match="30 seconds are too short to train here"):
        exec(readmes_program, {})
    for path in sorted(Path("photographs").iterdir())[5:]:
        path.unlink()
    with pytest.raises(AppError, match="please add 7 more"):
        exec(readmes_program, {})


def test_leaving_the_page_stops_the_work(ready):
    begin(ready, 300)
    expect(ready.locator("#curves polyline").first).to_be_visible()
    job = last_job()
    assert not job.finished
    asked = []
    ready.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    ready.close(run_before_unload=True)
    wait_until_asked = time.monotonic() + PATIENCE / 1000
    while not asked and time.monotonic() < wait_until_asked:
        ready.wait_for_timeout(100)
    assert asked == ["beforeunload"]
    assert not job.finished
    ready.context.close()
    wait_until(lambda: job.finished)
    taken = job.steps_taken
    time.sleep(1.5)
    assert job.steps_taken == taken
    assert job.detectors == ()


def test_a_zip_that_is_no_checkpoint_gets_a_sentence(visit):
    page = visit()
    before = page.locator("#results .file").inner_text()
    load_model(page, {"name": "pair.zip", "mimeType": "application/zip", "buffer": b"PK\3\4 and nothing else"})
    expect(page.locator("#message")).to_contain_text(re.compile("pair.zip .* damaged"))
    assert page.locator("#results .file").inner_text() == before


@pytest.mark.parametrize(("tool", "strokes"), [("erase", 1), ("scratch", 1), ("copy", 2)])
def test_a_defect_made_by_hand_is_scored_at_once_and_undone(visit, draw, tool, strokes):
    page = visit()
    page.locator("#upload input[type=file]").first.set_input_files(files(draw, [9]))
    expect(page.locator("#results .file")).to_have_text("part 9.jpg")
    whole = page.get_attribute("#results .defect img", "src")
    page.locator(f".defect input[value={tool}]").check()
    stage = page.locator(".defect .stage")
    stage.scroll_into_view_if_needed()
    place = stage.bounding_box()

    def at(x, y):
        return place["x"] + x * place["width"], place["y"] + y * place["height"]

    page.mouse.move(*at(0.2, 0.2))
    page.mouse.down()
    page.mouse.move(*at(0.3, 0.3), steps=4)
    page.mouse.move(*at(0.4, 0.4), steps=4)
    page.mouse.up()
    if strokes == 2:
        expect(page.locator(".defect .hint.place")).to_be_visible()
        page.mouse.click(*at(0.5, 0.5))
    expect(page.locator("#results .file")).to_have_text("part 9.jpg, with a defect made by hand")
    assert page.get_attribute("#results .defect img", "src") != whole
    page.click(".defect button")
    expect(page.locator("#results .file")).to_have_text("part 9.jpg")
    assert page.get_attribute("#results .defect img", "src") == whole
