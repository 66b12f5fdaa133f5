"""Which routes exist, how often they may be asked, and who may show the page."""

import json

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from dfsc.errors import DFSCError
from dfsc.interface import environment
from dfsc.interface.gatekeeper import is_served, names_address
from dfsc.interface.page import launch_arguments


async def echo(request) -> JSONResponse:
    return JSONResponse((await request.body()).decode())


def client() -> TestClient:
    routes = [
        Route("/", lambda _: PlainTextResponse("page")),
        Route("/monitoring", lambda _: PlainTextResponse("figures")),
    ]
    routes += [Route(f"/gradio_api/{name}", echo, methods=["POST"]) for name in ("queue/join", "upload")]
    return TestClient(Starlette(routes=routes, middleware=[launch_arguments()["app_kwargs"]["middleware"][0]]))


def test_what_the_page_needs_is_served_and_nothing_else():
    for path in ("/", "/config", "/config/", "/assets/index.js", "/gradio_api/file=/tmp/gradio/a.zip"):
        assert is_served(path)
    for path in (
        "/monitoring",
        "//",
        "/gradio_api",
        "/gradio_api/deep_link",
        "/gradio_api/file=http://a.b",
        "",
        "/Config",
    ):
        assert not is_served(path)
    assert client().get("/").text == "page"
    assert client().get("/monitoring").status_code == 404


def test_a_question_arrives_as_it_was_asked_unless_a_file_is_an_address():
    question = json.dumps({"data": ["ä", {"path": "/tmp/gradio/a.png"}]})
    assert client().post("/gradio_api/queue/join", content=question).json() == question
    for path in ("http://a.b/c.png", " HTTPS://a.b/c.png"):
        hostile = json.dumps({"data": [[{"deep": {"path": path}}]]})
        assert client().post("/gradio_api/queue/join", content=hostile).status_code == 400
    assert client().post("/gradio_api/queue/join", content=b"x" * 5_000_000).status_code == 413
    assert not names_address(b"[" * 100_000)
    assert not names_address(b'{"path": 3}')


def test_requests_beyond_the_rate_are_turned_away(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DFSC_MAX_REQUESTS", "3")
    limited = client()
    assert [limited.post("/gradio_api/upload", content=b"x").status_code for _ in range(5)] == [200] * 3 + [429] * 2
    assert limited.get("/").status_code == 200


def test_who_may_show_the_page_is_for_its_operator_to_say(monkeypatch: pytest.MonkeyPatch):
    def policy() -> str:
        return client().get("/").headers["content-security-policy"]

    assert "frame-ancestors 'self'" in policy()
    monkeypatch.setenv("SPACE_ID", "org/inspector")
    assert policy().endswith("frame-ancestors 'self' https://huggingface.co https://*.hf.space")
    monkeypatch.setenv("DFSC_FRAME_ANCESTORS", "'none'")
    assert policy().endswith("frame-ancestors 'none'")
    for wrong in ("*; script-src *", "https://a.b\nX: y", "javascript:alert(1)", "a,b"):
        monkeypatch.setenv("DFSC_FRAME_ANCESTORS", wrong)
        with pytest.raises(DFSCError, match=r"DFSC_FRAME_ANCESTORS is .*\.$"):
            environment.frame_ancestors()
