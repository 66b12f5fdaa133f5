"""A checkpoint from the Hugging Face Hub: looked up by name, described, and only downloaded on request."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gradio as gr

from dfsc import DFSCError
from dfsc.hub.names import HubName, hub_name
from dfsc.hub.repository import RepositoryInfo, cached_snapshot, fetch_version, repository_info
from dfsc.interface import wording
from dfsc.interface.inspect.inspecting import UNCHANGED, refused, show_opened
from dfsc.interface.markup import notice, text
from dfsc.interface.session.asking import question_from
from dfsc.interface.session.visitors import visitor
from dfsc.sources import is_chosen, open_snapshot, repository

TICK = 0.3


def offered() -> tuple[str, str]:
    """Initial field and card: the page's repository if it is not downloaded yet, or why it can't be used."""
    try:
        wanted = repository()
    except DFSCError as error:
        return "", notice(str(error), "error")
    return (str(wanted), notice(wording.HUB_ABSENT.format(name=wanted))) if isinstance(wanted, HubName) else ("", "")


def look_up(name: str, request: gr.Request) -> str:
    """A card with a repository's licence, detectors and size; nothing is downloaded."""
    known, wanted = visitor(request), hub_name(name or "")
    if wanted is None:
        return notice(wording.NO_HUB_NAME, "error")
    try:
        version = repository_info(wanted, public=not is_chosen(wanted))
    except DFSCError as error:
        return notice(str(error), "error")
    # Only now: the card that is shown until then may be clicked while its name is looked up once more.
    known.looked_up = version
    return _card(version, here=cached_snapshot(wanted) is not None)


def fetch_detectors(query: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
    """Download the card's repository, with progress, and add it to the visitor's own models."""
    known, question = visitor(request), question_from(query)
    version = known.looked_up
    card = question.about.get("name"), question.about.get("commit")
    if version is None or (str(version.name), version.commit) != card:
        yield *refused(question, known, wording.HUB_OTHER_CARD), gr.skip()
        return
    arrived: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        public = not is_chosen(version.name)
        fetching = pool.submit(fetch_version, version, progress=arrived.append, public=public)
        while not fetching.done():
            yield *UNCHANGED, _progress(version, sum(arrived))
            time.sleep(TICK)
    try:
        detectors = open_snapshot(fetching.result())
    except DFSCError as error:
        yield *refused(question, known, str(error)), _card(version, here=False)
        return
    yield *show_opened(question, detectors, str(version.name), known), _card(version, here=True)


def _card(version: RepositoryInfo, here: bool) -> str:
    megabytes = version.size / 1e6
    facts = {
        wording.HUB_LICENCE: version.licence or wording.HUB_UNSAID,
        wording.HUB_DETECTORS: ", ".join(folder or version.name.repository for folder in version.folders),
        wording.HUB_SIZE: f"{megabytes:.1f} MB",
        wording.HUB_VERSION: version.commit[:7],
    }
    rows = "".join(f"<dt>{name}</dt><dd>{text(value)}</dd>" for name, value in facts.items())
    label = wording.HUB_OPEN if here else wording.HUB_FETCH.format(megabytes=megabytes)
    return (
        f'<section class="card hub"><h3>{text(version.name)}</h3><dl>{rows}</dl>'
        f'<button type="button" data-name="{text(version.name)}" data-commit="{text(version.commit)}">{label}</button>'
        + "</section>"
    )


def _progress(version: RepositoryInfo, arrived: int) -> str:
    share = min(arrived / max(version.size, 1), 1)
    return (
        f'<section class="card hub"><h3>{text(version.name)}</h3>'
        f"<p>{wording.HUB_FETCHING.format(done=arrived / 1e6, all=version.size / 1e6)}</p>"
        f'<div class="progress"><i style="width:{share:.0%}"></i></div></section>'
    )
