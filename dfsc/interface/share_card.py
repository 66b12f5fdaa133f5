"""The page's title, description and picture where a link to it is shared; gradio's template names gradio there."""

import re
from html import escape
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dfsc.interface import wording

PICTURE = Path(__file__).parent / "static" / "card.jpg"
PICTURE_PATH = "/card.jpg"
# What gradio's template says, and what takes its place; {picture} is the picture's address, or nothing.
REPLACED = {
    'property="og:title" content="Gradio"': f'property="og:title" content="{escape(wording.TITLE)}"',
    'property="og:description" content="Click to try out the app!"': (
        f'property="og:description" content="{escape(wording.SUBTITLE)}"'
    ),
    'name="twitter:title" content="Gradio"': f'name="twitter:title" content="{escape(wording.TITLE)}"',
    'name="twitter:description" content="Click to try out the app!"': (
        f'name="twitter:description" content="{escape(wording.SUBTITLE)}"'
    ),
    'name="twitter:creator" content="@Gradio"': f'name="description" content="{escape(wording.SUBTITLE)}"',
    "https://raw.githubusercontent.com/gradio-app/gradio/main/js/_website/src/lib/assets/img/header-image.jpg": (
        "{picture}"
    ),
}
# Whatever else a client calls the host does not come back in the page.
_HOST = re.compile(r"[\w.-]+(:\d+)?|\[[\da-fA-F:]+\](:\d+)?")


def share_card(app: ASGIApp) -> ASGIApp:
    """Middleware that puts this page's words into the one HTML document that the server has, and serves its picture."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PICTURE_PATH:
            await FileResponse(PICTURE)(scope, receive, send)
            return
        if scope["type"] != "http" or scope["path"] != "/":
            await app(scope, receive, send)
            return
        start: Message = {}
        parts: list[bytes] = []

        async def send_changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            body = _with_card(b"".join(parts), _picture_address(scope))
            others = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
            await send({**start, "headers": [*others, (b"content-length", str(len(body)).encode())]})
            await send({"type": "http.response.body", "body": body})

        await app(scope, receive, send_changed)

    return serve


def _picture_address(scope: Scope) -> str:
    """Where the visitor's side finds the picture, which has to be told in full; "" without a sound host."""
    headers = Headers(scope=scope)
    host = headers.get("x-forwarded-host", headers.get("host", ""))
    scheme = headers.get("x-forwarded-proto", scope.get("scheme", "http")).split(",")[0]
    if not _HOST.fullmatch(host) or scheme not in ("http", "https"):
        return ""
    return f"{scheme}://{host}{scope.get('root_path', '')}{PICTURE_PATH}"


def _with_card(page: bytes, picture: str) -> bytes:
    for gradios, ours in REPLACED.items():
        page = page.replace(gradios.encode(), ours.replace("{picture}", picture).encode())
    return page
