"""The Live tab: one frame at a time, a verdict beside its own frame, and what is kept of it."""

import threading
import urllib.request
from urllib.error import HTTPError

import pytest
from fake_camera import expect_verdict, turn_to, watch
from playwright.sync_api import Page, expect
from visiting import PATIENCE

from dfsc.interface.live.frames import TOKEN
from dfsc.interface.session import photograph as photographs
from dfsc.interface.session import visitors


@pytest.fixture
def pictures(draw) -> dict:
    return {"good": draw(3), "bad": draw(5, scratch=True), "other": draw(0)[::-1] // 4}


@pytest.fixture
def gate(monkeypatch) -> threading.Event:
    """Inspections go on while it is set."""
    quick, free = photographs._results, threading.Event()
    free.set()

    def held_up(*arguments):
        free.wait(PATIENCE / 1000)
        return quick(*arguments)

    monkeypatch.setattr(photographs, "_results", held_up)
    return free


def scratch_is_seen(page: Page) -> bool:
    """Whether the frame beside the verdict has the white scratch in its middle."""
    return page.evaluate(
        """() => { const canvas = document.querySelector('#live canvas');
            const [x, y] = [canvas.width / 2, canvas.height * 0.48].map(Math.round);
            return Math.min(...canvas.getContext('2d').getImageData(x, y, 1, 1).data.slice(0, 3)) > 180; }"""
    )


def inspected(page: Page) -> int:
    return int((page.inner_text("#live .stats") or "0").split()[0])


def test_verdicts_follow_the_camera_and_rejects_open_in_the_inspect_tab(visit, pictures):
    page = visit()
    watch(page, pictures)
    expect_verdict(page, "OK")
    assert not scratch_is_seen(page)
    turn_to(page, "bad")
    expect_verdict(page, "NOT OK")
    assert scratch_is_seen(page)
    expect(page.locator("#live .meaning")).to_have_text("Rejected by EAD-S, DFSC.")
    expect(page.locator("#live .spoken")).to_contain_text("NOT OK")
    turn_to(page, "other")
    expect_verdict(page, "NO PART")
    turn_to(page, "bad")
    expect_verdict(page, "NOT OK")
    cards = page.locator("#live .rejects button")
    expect(cards).to_have_count(2)
    name = cards.first.get_attribute("data-photo")
    cards.first.click()
    expect(page.locator("#results .file")).to_have_text(name)
    expect(page.locator("#results .agreement")).to_have_text("Rejected by both detectors.")
    page.get_by_role("tab", name="History").click()
    expect(page.locator("#history-list tbody tr")).to_have_count(3)
    expect(page.locator("#history-overview .rate")).to_contain_text("2 of 3 parts rejected")


def test_there_is_never_a_second_question_and_no_verdict_for_another_frame(visit, pictures, gate):
    page = visit()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "live/frame" in request.url else None)
    watch(page, {"bad": pictures["bad"], "good": pictures["good"]}, "key")
    gate.clear()
    page.keyboard.press("Space")
    turn_to(page, "good")
    for _ in range(3):
        page.click("#live [data-act=now]")
    turn_to(page, "good")
    assert len(asked) == 1
    expect_verdict(page, "READY")
    with page.expect_response(lambda response: "live/frame" in response.url):
        gate.set()
    expect_verdict(page, "OK")  # the newest frame, once
    page.wait_for_function("document.querySelector('#live .stats').innerText.startsWith('2 ')")
    turn_to(page, "good")
    assert len(asked) == 2
    cards = page.locator("#live .rejects button")
    expect(cards).to_have_count(1)


def test_a_verdict_is_shown_with_the_frame_that_it_is_about(visit, pictures, gate):
    page = visit()
    watch(page, {"bad": pictures["bad"], "good": pictures["good"]}, "key")
    gate.clear()
    with page.expect_request(lambda request: "live/frame" in request.url):
        page.keyboard.press("Space")
    turn_to(page, "good")
    gate.set()
    expect_verdict(page, "NOT OK")
    assert scratch_is_seen(page)


def test_an_answer_to_what_is_no_longer_watched_is_not_shown(visit, pictures, gate):
    page = visit()
    watch(page, pictures, "key")
    gate.clear()
    with page.expect_response(lambda response: "live/frame" in response.url):
        page.keyboard.press("Space")
        page.select_option("#live [name=method]", "DFSC")
        gate.set()
    expect_verdict(page, "READY")
    page.click("#live [data-act=now]")
    expect_verdict(page, "OK")
    plain = page.evaluate("document.querySelector('#live canvas').toDataURL()")
    page.check("#live [name=map]")
    page.click("#live [data-act=now]")
    page.wait_for_function("plain => document.querySelector('#live canvas').toDataURL() !== plain", arg=plain)
    assert [line.split()[0] for line in page.locator("#live .details li").all_inner_texts()] == ["DFSC"]


def test_a_part_that_comes_to_rest_is_inspected_once(visit, draw):
    page = visit()
    watch(page, {"empty": draw(3, missing=[0, 1, 2, 3]), "part": draw(3), "next": draw(5, scratch=True)}, "part")
    expect(page.locator("#live .scene")).to_contain_text("Show the scene without a part")
    turn_to(page, "part", 8)
    assert inspected(page) == 0  # what the empty scene is was not said
    turn_to(page, "empty")
    page.click("#live [data-act=empty]")
    expect(page.locator("#live .scene")).to_contain_text("The empty scene is known")
    turn_to(page, "part", 8)
    expect(page.locator("#live .stats")).to_contain_text("1 inspected")
    turn_to(page, "part", 12)
    assert inspected(page) == 1
    turn_to(page, "empty", 8)
    turn_to(page, "next", 8)
    expect(page.locator("#live .stats")).to_contain_text("2 inspected")
    expect_verdict(page, "NOT OK")


def test_the_space_key_is_for_frames_unless_somebody_uses_a_control(visit, pictures):
    page = visit()
    watch(page, pictures, "key")
    page.locator("#live [name=sound]").focus()
    page.keyboard.press("Space")
    expect(page.locator("#live [name=sound]")).to_be_checked()
    assert inspected(page) == 0
    page.locator("#live .stage").focus()
    page.keyboard.press("Space")
    expect_verdict(page, "OK")


def test_a_video_file_is_watched_too_and_what_is_none_is_named(visit, pictures):
    page = visit()
    watch(page, {"bad": pictures["bad"]})
    film = page.evaluate(
        """async () => {
            const recorder = new MediaRecorder(await navigator.mediaDevices.getUserMedia(), { mimeType: 'video/webm' });
            const chunks = [];
            recorder.ondataavailable = event => chunks.push(event.data);
            recorder.start();
            const from = fake.frames;
            while (fake.frames < from + 30) await new Promise(done => setTimeout(done, 40));
            await new Promise(done => { recorder.onstop = done; recorder.stop(); });
            return Array.from(new Uint8Array(await new Blob(chunks).arrayBuffer()));
        }"""
    )
    page.click("#live [data-act=stop]")
    field = page.locator("#live input[type=file]")
    field.set_input_files({"name": "letter.webm", "mimeType": "video/webm", "buffer": b"Dear Sir or Madam"})
    expect(page.locator("#live .failed")).to_contain_text("can’t play that file")
    field.set_input_files({"name": "parts.webm", "mimeType": "video/webm", "buffer": bytes(film)})
    expect_verdict(page, "NOT OK")
    assert page.locator("#live .rejects button").first.get_attribute("data-photo").startswith("parts.webm ")
    assert page.locator("#live .failed").inner_text() == ""


def test_two_pages_see_only_their_own_parts(visit, pictures):
    one, other = visit(), visit()
    watch(one, {"bad": pictures["bad"]})
    expect_verdict(one, "NOT OK")
    other.get_by_role("tab", name="History").click()
    expect(other.locator("#history-overview")).to_contain_text("Photos of this product")
    expect(other.locator("#history-list tr")).to_have_count(0)


def post(address: str, token: str, body: bytes) -> tuple[int, str]:
    request = urllib.request.Request(f"{address.rstrip('/')}/live/frame", data=body, headers={TOKEN: token})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_frames_are_taken_from_pages_alone_and_only_if_they_are_pictures(visit, address):
    visit()
    known = list(visitors._visitors.values())[-1]
    assert post(address, "", b"x")[0] == 403
    assert post(address, known.token + "x", b"x")[0] == 403
    status, text = post(address, known.token, b"Dear Sir or Madam")
    assert (status, "Traceback" in text) == (422, False)
    assert post(address, known.token, bytes(5_000_000))[0] == 413
    known.looking.acquire()
    assert post(address, known.token, b"x")[0] == 409
    known.looking.release()
