"""The page behind a proxy that serves it under a path of its own, as an institute's server does."""

import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser
from visiting import encoded, expect_inspected, launch, upload

from dfsc.interface.page import build_page

PLACE = "/quality/inspector"
NOT_PASSED_ON = {"connection", "transfer-encoding", "content-length", "host"}


class Proxy(BaseHTTPRequestHandler):
    """Passes on what lies under PLACE, without it, and notes every other path."""

    protocol_version = "HTTP/1.0"  # an answer ends with its connection
    target = ""
    elsewhere: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        if not self.path.startswith(f"{PLACE}/"):
            self.elsewhere.append(self.path)
            self.send_error(404)
            return
        there = HTTPConnection(self.target)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in NOT_PASSED_ON}
        headers |= {"Host": self.headers["Host"], "X-Forwarded-Host": self.headers["Host"], "X-Forwarded-Proto": "http"}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        there.request(self.command, self.path.removeprefix(PLACE), body or None, headers)
        answer = there.getresponse()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in NOT_PASSED_ON:
                self.send_header(name, value)
        self.end_headers()
        while part := answer.read1(65536):
            self.wfile.write(part)
            self.wfile.flush()

    do_POST = do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def proxied(demo_weights, tmp_path, monkeypatch) -> Iterator[str]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("GRADIO_ROOT_PATH", PLACE)
    page = build_page()
    Proxy.target, Proxy.elsewhere = urlsplit(launch(page)).netloc, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{PLACE}/"
    server.shutdown()
    page.close()


def test_one_inspects_and_nothing_is_asked_for_outside_of_the_path(browser: Browser, proxied: str, draw):
    context = browser.new_context()
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(proxied)
    page.wait_for_selector("#upload input[type=file]", state="attached")
    upload(page, "part.png", encoded(draw(5)))
    expect_inspected(page, "part.png")
    context.close()
    assert all(url.startswith((proxied, "data:", "blob:")) for url in asked), asked
    assert set(Proxy.elsewhere) <= {"/favicon.ico"}  # a browser asks each host for it by itself
