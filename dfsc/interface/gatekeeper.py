"""What stands between the open internet and the page: which of gradio's routes exist, how often, and what they may do.

Gradio serves more than this page needs: a link that keeps what a session shows, figures about all visitors, a fetcher
of any address, tools for developers. Whatever is not listed here is not there. Every answer tells the browser to load
nothing from elsewhere and to tell nobody where a visitor came from.
"""

import json
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from threading import Lock

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dfsc.interface import wording

API = "/gradio_api"
# Whole paths, and the starts of others.
ROUTES = frozenset(
    (
        *(
            "/",
            "/config",
            "/theme.css",
            "/favicon.ico",
            "/robots.txt",
            "/manifest.json",
            "/pwa_icon",
            "/card.jpg",
            "/live/frame",
        ),
        *(f"{API}/info", f"{API}/openapi.json", f"{API}/startup-events", f"{API}/theme.css", f"{API}/queue/join"),
        *(f"{API}/queue/data", f"{API}/queue/status", f"{API}/upload", f"{API}/upload_progress", f"{API}/cancel"),
        *(f"{API}/reset", f"{API}/app_id", f"{API}/login_check"),
    )
)
STARTS = ("/assets/", "/static/", "/svelte/", f"{API}/file=", f"{API}/heartbeat/", f"{API}/call/", f"{API}/run/")
QUESTIONS = (f"{API}/queue/join", f"{API}/call/", f"{API}/run/")
MOST_ASKED = 4_000_000  # bytes; a thousand files' names take 300,000
# Where language models reach their tools; photographs may be in the questions themselves.
MCP, MOST_TOLD = f"{API}/mcp", 64_000_000
LOADED_FROM_ELSEWHERE = ("http:", "https:", "ftp:")
# Gradio's scripts are partly in the page, and make functions of texts.
POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
MINUTE = 60.0
MOST_ADDRESSES = 10_000


def gatekeeper(app: ASGIApp, ancestors: str, requests: int, tools: Sequence[str] = ()) -> ASGIApp:
    """Middleware that refuses routes that the page does not need, and requests beyond the rate; adds the headers.

    Args:
        ancestors: which sites may show the page within theirs, as environment.frame_ancestors gives it.
        requests: how many that do something are answered a minute and address; 0 for any number.
        tools: what language models may use; without any there is no route for them.
    """
    headers = _headers(ancestors)
    rate = Rate(requests)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = {name for name, _ in headers}
                others = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in ours]
                message = {**message, "headers": [*others, *headers]}
            await send(message)

        for_model = bool(tools) and scope["path"].rstrip("/") == MCP
        if not (for_model or is_served(scope["path"])):
            await PlainTextResponse(wording.NO_SUCH_ROUTE, 404)(scope, receive, send_with_headers)
        elif scope["method"] == "POST" and not rate.allows((scope.get("client") or ("",))[0]):
            await PlainTextResponse(wording.TOO_MANY_REQUESTS, 429)(scope, receive, send_with_headers)
        elif scope["method"] == "POST" and (for_model or scope["path"].startswith(QUESTIONS)):
            body = await _body(receive, MOST_TOLD if for_model else MOST_ASKED)
            if body is None or (not for_model and names_address(body)):
                said = wording.TOO_LONG if body is None else wording.NOTHING_FETCHED
                await PlainTextResponse(said, 413 if body is None else 400)(scope, receive, send_with_headers)
            else:
                await app(_with_tools(scope, tools) if for_model else scope, _again(body, receive), send_with_headers)
        else:
            await app(scope, receive, send_with_headers)

    return serve


def is_served(path: str) -> bool:
    """Whether the page needs a route; a path is as the server gives it, decoded."""
    if path != "/":
        path = path.rstrip("/")
    if path.startswith(f"{API}/file="):
        # Gradio would fetch an address and hand on what it says.
        return not path.removeprefix(f"{API}/file=").lstrip().lower().startswith(LOADED_FROM_ELSEWHERE)
    return path in ROUTES or path.startswith(STARTS)


def names_address(body: bytes) -> bool:
    """Whether a question in JSON holds a file by its address: gradio would fetch it, of any size, from anywhere."""
    try:
        waiting = [json.loads(body)]
    except (ValueError, RecursionError):  # which is for gradio to refuse
        return False
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            path = value.get("path")
            if isinstance(path, str) and path.strip().lower().startswith(LOADED_FROM_ELSEWHERE):
                return True
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return False


def _with_tools(scope: Scope, tools: Sequence[str]) -> Scope:
    """A request that is answered with these of gradio's tools alone, of which every endpoint is one."""
    return {**scope, "query_string": f"tools={','.join(tools)}".encode()}


async def _body(receive: Receive, most: int) -> bytes | None:
    """The whole of what is asked; None where it is longer than `most` bytes."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size, more = size + len(parts[-1]), message.get("more_body", False)
        if size > most:
            return None
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read already, then whatever comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return waiting.pop() if waiting else await receive()

    return next_message


class Rate:
    """Counts each address's requests of the last minute; `most` 0 allows any number."""

    def __init__(self, most: int):
        self._most = most
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def allows(self, address: str) -> bool:
        if not self._most:
            return True
        now = time.monotonic()
        with self._lock:
            times = self._times.setdefault(address, deque())
            self._times.move_to_end(address)
            if len(self._times) > MOST_ADDRESSES:
                self._times.popitem(last=False)
            while times and times[0] <= now - MINUTE:
                times.popleft()
            if len(times) >= self._most:
                return False
            times.append(now)
            return True


def _headers(ancestors: str) -> list[tuple[bytes, bytes]]:
    policy = POLICY | {"frame-ancestors": ancestors}
    headers = {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
    }
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
