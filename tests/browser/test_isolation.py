"""Two visitors on one server: whatever one of them guesses, nothing of the other's is told, kept or changed."""

import json
import re
from http.client import IncompleteRead
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import expect
from visiting import encoded, expect_inspected, upload

from dfsc import product_detectors
from dfsc.checkpoints.bundles import write_bundle
from dfsc.interface.session import visitors

MARK = "the-victims-own-part"


def asked(address: str, path: str, body: object = None, **headers: str) -> tuple[int, str, dict[str, str]]:
    """Status, text and headers of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(address.rstrip("/") + path, data, {"Content-Type": "application/json"} | headers)
    try:
        with urlopen(request, timeout=20) as answer:
            return answer.status, answer.read(5_000_000).decode("utf-8", "replace"), dict(answer.headers)
    except HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace"), dict(error.headers)
    except IncompleteRead as error:  # a stream that is broken off
        return 0, error.partial.decode("utf-8", "replace"), {}


def first_told(address: str, path: str) -> str:
    """What a stream that may never end tells at first."""
    try:
        with urlopen(address.rstrip("/") + path, timeout=3) as answer:
            return answer.read1(100_000).decode("utf-8", "replace")
    except (TimeoutError, HTTPError, IncompleteRead):
        return ""


@pytest.fixture
def victim(visit, draw, address):
    """A visitor who has inspected a photograph, and the name of their session."""
    before = set(visitors._visitors)
    page = visit()
    upload(page, f"{MARK}.png", encoded(draw(5)))
    expect_inspected(page, f"{MARK}.png")
    (session,) = set(visitors._visitors) - before
    return page, session


ROUTES = (
    *("/gradio_api/deep_link?session_hash={session}", "/monitoring", "/monitoring/summary", "/monitoring/x"),
    *("/gradio_api/proxy=http://127.0.0.1/", "/gradio_api/file=http://127.0.0.1/", "/gradio_api/file=HTTPS://a.b/"),
    *("/gradio_api/file/etc/passwd", "/gradio_api/runs", "/gradio_api/run-history/buckets", "/gradio_api/vibe-code"),
    *("/gradio_api/stream/{session}/0/1/playlist.m3u8", "/gradio_api/dev/reload", "/gradio_api/profiling/traces"),
    *("/gradio_api/process_recording", "/gradio_api/component_server", "/gradio_api/token", "/docs", "/redoc"),
    *("/openapi.json", "/custom_component/x/client/component/index.js", "/gradio_api/mcp/sse", "/login", "/logout"),
    *("/.env", "/.git/config", "/app.py", "/weights/teacher/demo/model.safetensors", "/%2e%2e/etc/passwd"),
)


def test_guessed_routes_are_not_there(victim, address: str):
    _, session = victim
    for route in ROUTES:
        status, said, _ = asked(address, route.format(session=session))
        assert status in (403, 404, 405), (route, status, said[:200])
        assert MARK not in said
        assert session not in said
        assert "root:" not in said


FILES = (
    *(
        "/etc/passwd",
        "{cache}",
        "{cache}/",
        "{weights}/toy_block/dfsc/config.json",
        "/proc/self/environ",
        "../etc/passwd",
    ),
    *("{cache}/../weights/toy_block/dfsc/config.json", "{cache}/%2e%2e/x", "file:///etc/passwd", "/etc/passwd%00.png"),
    *("{cache}/deep_links", "{cache}/vibe_edit_history", "app.py", "weights", "/dev/zero", "\\\\host\\share"),
)


@pytest.mark.parametrize("file", FILES)
def test_guessed_files_are_not_served(file: str, address: str, page_weights: Path):
    path = file.format(cache=page_weights.parent / "cache", weights=page_weights)
    status, said, _ = asked(address, f"/gradio_api/file={quote(path, safe='/%:')}")
    assert status in (400, 403, 404, 500)
    assert "root:" not in said
    assert "dfsc-detector" not in said


def test_an_uploaded_photograph_is_gone_from_the_cache(victim, page_weights: Path):
    left = [path for path in (page_weights.parent / "cache").rglob("*") if MARK in path.name]
    assert left == []


def test_another_session_brings_nothing_of_the_first(victim, visit):
    page, session = victim
    other = visit()
    assert MARK not in other.content()
    config = other.evaluate("fetch('config').then(answer => answer.text())")
    assert MARK not in config
    assert session not in config
    expect(page.locator("#results .file")).to_have_text(f"{MARK}.png")


def private_functions(address: str) -> list[int]:
    return [one["id"] for one in json.loads(asked(address, "/config")[1])["dependencies"]]


def test_with_a_guessed_session_private_functions_tell_nothing_of_the_photograph(victim, address: str):
    """A session's name is 50 random bits, so it can't be guessed; another name must never lead to this one."""
    _, session = victim
    for guess in (session[:-1], session.upper(), ""):
        for function in private_functions(address):
            body = {"data": ["{}"], "fn_index": function, "session_hash": guess}
            _, said, _ = asked(address, "/gradio_api/queue/join", body)
            assert MARK not in said
        assert guess == session or guess not in visitors._visitors or visitors._visitors[guess].finding is None


def test_guessed_events_are_not_told_and_not_cancelled(victim, address: str):
    _, session = victim
    for event in ("0", "00000000-0000-0000-0000-000000000000", session):
        assert MARK not in first_told(address, f"/gradio_api/call/inspect/{event}")
        body = {"session_hash": "attacker", "fn_index": 0, "event_id": event}
        _, said, _ = asked(address, "/gradio_api/cancel", body)
        assert MARK not in said
    assert visitors._visitors[session].finding.photograph.name == f"{MARK}.png"


def test_programs_see_no_other_clients_models_or_files(address: str, draw, tmp_path: Path):
    first, second = (Client(address, verbose=False) for _ in range(2))
    write_bundle(product_detectors("toy_plate"), tmp_path / "pair.zip")
    Image.fromarray(draw(3)).save(tmp_path / "part.png")
    first.predict("", handle_file(tmp_path / "pair.zip"), api_name="/open_checkpoint")
    with pytest.raises(AppError, match="no longer here"):
        second.predict(handle_file(tmp_path / "part.png"), "own", api_name="/inspect")


ADDRESSES = ("http://127.0.0.1:1/part.png", "https://example.org/part.png", "HTTPS://example.org/part.png")


def test_the_server_fetches_nothing_for_a_visitor(address: str, monkeypatch: pytest.MonkeyPatch):
    asked_for = []

    async def fetched(url: str, *_arguments, **_options) -> str:
        asked_for.append(url)
        raise OSError("no request may leave")

    for name in ("async_ssrf_protected_download", "async_save_url_to_cache", "async_get_with_secure_transport"):
        monkeypatch.setattr(f"gradio.processing_utils.{name}", fetched, raising=False)
    functions = private_functions(address)
    for url in ADDRESSES:
        asked(address, f"/gradio_api/file={url}")
        file = {"path": url, "url": url, "orig_name": "a.png", "meta": {"_type": "gradio.FileData"}}
        status, said, _ = asked(address, "/gradio_api/call/inspect", {"data": [file, "toy_block", 0.5, 0, False]})
        assert (status, said) == (400, "Files are uploaded here; nothing is fetched from an address.")
        for function in functions:
            for data in ([file], [[file]], ["{}", file], ["{}", [file]]):
                body = {"data": data, "fn_index": function, "session_hash": "attacker"}
                assert asked(address, "/gradio_api/queue/join", body)[0] == 400
    assert asked_for == []
    assert asked(address, "/gradio_api/queue/join", {"data": ["x" * 5_000_000]})[0] == 413


def test_every_answer_forbids_frames_guessing_of_types_and_loading_from_elsewhere(address: str):
    for path in ("/", "/config", "/nothing", "/gradio_api/info", "/theme.css"):
        _, _, headers = asked(address, path)
        headers = {name.lower(): value for name, value in headers.items()}
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'self'" in policy
        assert not re.search(r"https?:|[ *]\*", policy)


def test_the_page_stays_whole_under_its_policy(visit):
    said = []
    page = visit()
    page.on("console", lambda message: said.append(message.text))
    page.reload()
    page.wait_for_selector("#results [data-drawn]")
    for tab in ("Retrain", "Compare", "Inspect"):
        page.get_by_role("tab", name=tab).click()
    assert not [text for text in said if "Content Security Policy" in text or "MIME" in text]
    blocked = page.evaluate("fetch('https://example.org/').then(() => 'sent', () => 'blocked')")
    assert blocked == "blocked"
