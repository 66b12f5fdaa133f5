"""Frames of a live picture: one photo in, a verdict out, past gradio's queue.

A page asks for one frame at a time and numbers it; a second one meanwhile is refused instead of lined up.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import anyio
import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dfsc import DFSCError, Inspector, Result
from dfsc.images.uploads import display_name
from dfsc.inspection.colours import scale_position
from dfsc.inspection.limits import overall
from dfsc.interface.inspect.inspecting import inspector_of
from dfsc.interface.live import wording
from dfsc.interface.session.asking import Question, question_from
from dfsc.interface.session.lane import courtesy
from dfsc.interface.session.photograph import Photograph, inspect_photograph, read_photograph
from dfsc.interface.session.visitors import Visitor, visitor_by_token

PATH, TOKEN = "/live/frame", "x-dfsc-token"
MAX_BYTES = 4_000_000
AT_ONCE = 2
# What asks for a frame besides time itself; then it is a part of its own.
TRIGGERS = ("key", "part")

_at_once = anyio.CapacityLimiter(AT_ONCE)


@dataclass(frozen=True)
class Seen:
    """What the chosen detectors found in a frame, `results`, and how that is `judged` by a visitor's settings."""

    photograph: Photograph
    results: tuple[Result, ...]
    judged: tuple[Result, ...]

    @property
    def verdict(self) -> str:
        return overall([result.verdict for result in self.judged])


def live_frames(app: ASGIApp) -> ASGIApp:
    """Middleware that answers POST live/frame.

    The body is a picture, the parameter `question` a numbered question as dfsc.interface.session.asking reads them, and
    the header x-dfsc-token says whose page asks. The answer is JSON: "number", "verdict", "results" and so on, or
    "error" with a sentence.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].endswith(PATH):
            await app(scope, receive, send)
            return
        response = await _response(Request(scope, receive))
        await response(scope, receive, send)

    return serve


async def _response(request: Request) -> JSONResponse:
    known = visitor_by_token(request.headers.get(TOKEN, ""))
    if known is None:
        return JSONResponse({"error": wording.GONE}, 403)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            return JSONResponse({"error": wording.NOT_A_FRAME}, 413)
    question = question_from(request.query_params.get("question"))
    if not known.looking.acquire(blocking=False):
        return JSONResponse({"error": wording.BUSY}, 409)
    try:
        answer = await anyio.to_thread.run_sync(look, body, question, known, limiter=_at_once)
    except DFSCError as error:
        return JSONResponse({"error": str(error), "number": question.number}, 422)
    finally:
        known.looking.release()
    return JSONResponse(answer)


def look(frame: bytes, question: Question, known: Visitor) -> dict[str, Any]:
    """Inspect a frame as its question wishes; raises DFSCError for what is no picture.

    The question's "about" has the "product", "method" (a title; all without it), "trigger", the "name" to keep the
    frame under, the verdict "before" it, and whether a "map" is wanted.

    Returns:
        "number" of the question, "verdict" of all chosen detectors, "results" with title, verdict, score and limit,
        "kept": the number in the history or null, "openable", and "map": the fused map of the detector that is furthest
        above its limit, uint8 56×56 on the colour scale in base64, or null.
    """
    about = question.about
    product = _text(about.get("product"))
    inspector = inspector_of(product, known)
    chosen = [i for i, title in enumerate(inspector.titles) if title == about.get("method")]
    name = display_name(_text(about.get("name")) or wording.FRAME_NAME)
    # Equal frames are parts of their own, so none is known again by its digest.
    photograph = replace(read_photograph(frame, name, uploaded=True), digest="")
    seen = _seen(photograph, _some(inspector, chosen), question)
    kept = _keep(seen, product, inspector, chosen, question, known)
    return {
        "number": question.number,
        "verdict": seen.verdict,
        "results": [
            {"title": one.title, "verdict": one.verdict, "score": one.score, "limit": one.threshold}
            for one in seen.judged
        ],
        "kept": kept,
        "openable": kept is not None and seen.verdict != "accept",
        "map": _map(seen.judged) if about.get("map") is True else None,
    }


def _some(inspector: Inspector, chosen: Sequence[int]) -> Inspector:
    return inspector.variant({i: inspector.detectors[i] for i in chosen}) if chosen else inspector


def _seen(photograph: Photograph, inspector: Inspector, question: Question) -> Seen:
    with courtesy.inspecting():
        inspection = inspect_photograph(photograph, inspector)
    return Seen(photograph, inspection.results, question.settings.judged(inspection.results))


def _keep(
    seen: Seen, product: str, inspector: Inspector, chosen: Sequence[int], question: Question, known: Visitor
) -> int | None:
    """Remember a part once: when it was asked for, or when the verdict has changed with it.

    Without a trigger, the scene between two parts is none. All detectors look at a part that is remembered, so that it
    can join the good parts of all of them.
    """
    asked = question.about.get("trigger") in TRIGGERS
    changed = seen.verdict in ("accept", "reject") and seen.verdict != question.about.get("before")
    if not asked and not changed:
        return None
    with courtesy.inspecting():
        results = inspect_photograph(seen.photograph, inspector).results if chosen else seen.results
    shown = chosen or range(len(results))
    return known.feedback.record(product, inspector, seen.photograph, results, question.settings, shown)


def _map(results: Sequence[Result]) -> str:
    worst = max(results, key=lambda result: result.score - result.threshold)
    shades = np.round(255 * scale_position(worst.fused)).astype(np.uint8)
    return base64.b64encode(shades.tobytes()).decode()


def _text(value: object) -> str:
    return value[:200] if isinstance(value, str) else ""
