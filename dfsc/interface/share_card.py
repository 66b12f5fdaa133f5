"""The page's title and description where a link to it is shared; gradio's template names gradio there."""

from html import escape

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dfsc.interface import wording

# What gradio's template says, and what takes its place; its picture is of gradio, so there is none.
REPLACED = {
    'property="og:title" content="Gradio"': f'property="og:title" content="{escape(wording.TITLE)}"',
    'property="og:description" content="Click to try out the app!"': (
        f'property="og:description" content="{escape(wording.SUBTITLE)}"'
    ),
    'name="twitter:title" content="Gradio"': f'name="twitter:title" content="{escape(wording.TITLE)}"',
    'name="twitter:description" content="Click to try out the app!"': (
        f'name="twitter:description" content="{escape(wording.SUBTITLE)}"'
    ),
    'content="summary_large_image"': 'content="summary"',
    'name="twitter:creator" content="@Gradio"': f'name="description" content="{escape(wording.SUBTITLE)}"',
    "https://raw.githubusercontent.com/gradio-app/gradio/main/js/_website/src/lib/assets/img/header-image.jpg": "",
}


def share_card(app: ASGIApp) -> ASGIApp:
    """Middleware that puts this page's words into the one HTML document that the server has."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
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
            body = _with_card(b"".join(parts))
            others = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
            await send({**start, "headers": [*others, (b"content-length", str(len(body)).encode())]})
            await send({"type": "http.response.body", "body": body})

        await app(scope, receive, send_changed)

    return serve


def _with_card(page: bytes) -> bytes:
    for gradios, ours in REPLACED.items():
        page = page.replace(gradios.encode(), ours.encode())
    return page
