"""What belongs to one visitor alone, in memory while his page is open: his photographs, trainings and models.

Finished pairs alone outlive the page, for an hour and for the same browser, so that a reload loses nothing.
"""

import re
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Timer

import gradio as gr

from dfsc import Detector, DFSCError, Inspector
from dfsc.hub.repository import RepositoryInfo
from dfsc.interface.session.asking import Question
from dfsc.interface.session.many import Many
from dfsc.interface.session.passing_files import delete_file
from dfsc.interface.session.photograph import Finding
from dfsc.interface.session.retraining import Retraining, State
from dfsc.interface.session.settings import Settings
from dfsc.interface.wording import NO_OWN
from dfsc.material.photographs import PhotoSet
from dfsc.training.previews import NovelChannels
from dfsc.training.recipe import Recipe

MAX_VISITORS = 64
MAX_PAIRS = 3
HOUR = 3600.0
# A browser's name for itself, drawn by static/page.js and kept in its storage: 128 random bits.
_BROWSER = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, eq=False)
class Pair:
    """What a retraining is worth keeping of: its detectors, under the product's name that they have."""

    product: str
    detectors: tuple[Detector, ...]


@dataclass(frozen=True)
class Belongings:
    """What a browser may come back for, until a time (of time.monotonic)."""

    pairs: list[Pair]
    trainings: int
    until: float


@dataclass(eq=False)
class Visitor:
    """One open page.

    Attributes:
        browser: by which name his browser is known, "" for none.
        newest: number of the question that he asked last.
        finding: what is shown, or on its way to him.
        gallery: the product whose examples he was sent last.
        many: several photographs that he had inspected at once.
        judged_by: the product by which those are to be judged.
        settings: what he set with the sliders.
        photographs: of good parts, for the next training.
        album: stands for the photographs that he asked for last; slower requests see that they were overtaken.
        stand_in: where the shown photograph is novel before any training.
        retraining: the last one that was begun.
        prolongable: the last one that was finished, which can go on.
        pairs: what finished retrainings made, the latest last.
        cases: stands for the images of interest that he asked for last; older requests see that they are.
        looked_up: what he looked up on the Hub.
        opened: detectors from checkpoints that he opened.
        trainings: how many he has begun.
        adding: held while photographs are added, since uploads may overlap.
    """

    browser: str = ""
    newest: int = 0
    finding: Finding | None = None
    gallery: str | None = None
    many: Many | None = None
    judged_by: str = ""
    settings: Settings = field(default_factory=Settings)
    photographs: PhotoSet | None = None
    album: object = None
    stand_in: NovelChannels | None = None
    retraining: Retraining | None = None
    prolongable: Retraining | None = None
    pairs: list[Pair] = field(default_factory=list)
    cases: object = None
    looked_up: RepositoryInfo | None = None
    opened: list[Detector] = field(default_factory=list)
    trainings: int = 0
    adding: Lock = field(default_factory=Lock)
    _deciding: Lock = field(default_factory=Lock)
    _served: dict[str, Path] = field(default_factory=dict)
    _inspector: Inspector | None = None

    def asks(self, question: Question) -> bool:
        """Take note of a question that brings another finding; False when a newer one came before it."""
        with self._deciding:
            self.newest = max(self.newest, question.number)
            self.settings = question.settings
            return self.still_asks(question)

    def still_asks(self, question: Question) -> bool:
        """Whether nothing newer was asked since."""
        return question.number >= self.newest

    def shows(self, question: Question, finding: Finding | None) -> bool:
        """Take the answer to a question for what is shown, unless something newer was asked meanwhile."""
        with self._deciding:
            if not self.still_asks(question):
                return False
            self.finding = finding
            return True

    def finding_for(self, question: Question) -> Finding | None:
        """The finding that a question is about, None when another one has taken its place."""
        finding = self.finding
        return finding if finding is not None and finding.number == question.finding else None

    @property
    def next_product(self) -> str:
        """What his next pair's product will be called."""
        return f"own_{self.trainings + 1}"

    def learned_at_once(self, detector: Detector) -> None:
        """Keep what is in closed form, until a pair of the same name is trained."""
        self._take([Pair(detector.config.product, (detector,))])

    def wishes(self, photographs: PhotoSet, recipe: Recipe) -> Retraining:
        """A new retraining of his, with a product's name of its own."""
        product = self.next_product
        self.trainings += 1
        return Retraining(photographs, recipe, product)

    def keep(self, retraining: Retraining) -> None:
        """Keep a finished retraining, in place of what it prolongs, and of the oldest when there are too many.

        Only the latest can be prolonged.
        """
        if self.prolongable and self.prolongable is not retraining:
            self.prolongable.close()
        self.prolongable = retraining
        self._take([Pair(retraining.product, retraining.detectors)])

    def takes_back(self, belongings: "Belongings") -> None:
        """Have again what was trained in this browser before."""
        self.trainings = max(self.trainings, belongings.trainings)
        self._take(belongings.pairs)

    def _take(self, pairs: list[Pair]) -> None:
        names = {pair.product for pair in pairs}
        self.pairs = [*(pair for pair in self.pairs if pair.product not in names), *pairs][-MAX_PAIRS:]
        self._inspector = None

    def open(self, detectors: list[Detector]) -> None:
        """Put detectors from a checkpoint beside the visitor's own, in place of those opened before."""
        self.opened = detectors
        self._inspector = None

    def serve(self, kind: str, file: Path) -> None:
        """Remember a file that he may download, in place of the one of its kind before, which is deleted."""
        before = self._served.get(kind)
        if before and before != file:
            delete_file(before)
        self._served[kind] = file

    def leave(self) -> None:
        """He is gone: stop his training and delete his files."""
        if self.retraining:
            self.retraining.abandon()
        for file in self._served.values():
            delete_file(file)

    @property
    def detectors(self) -> list[Detector]:
        """All that he trained or opened."""
        return [detector for pair in self.pairs for detector in pair.detectors] + self.opened

    def inspector(self) -> Inspector:
        """Raises DFSCError when he has no detectors yet."""
        if not self.detectors:
            raise DFSCError(NO_OWN)
        if self._inspector is None:
            self._inspector = Inspector(self.detectors)
        return self._inspector

    @property
    def trains(self) -> bool:
        """Whether a retraining of his waits or runs."""
        return self.retraining is not None and self.retraining.state not in (State.DONE, State.FAILED)


_visitors: OrderedDict[str, Visitor] = OrderedDict()
_left: OrderedDict[str, Belongings] = OrderedDict()
_lock = Lock()


def visitor(request: gr.Request) -> Visitor:
    """The visitor whose page sent a request; for too many, who was idle for longest makes room."""
    with _lock:
        known = _visitors.setdefault(request.session_hash, Visitor())
        _visitors.move_to_end(request.session_hash)
        idle = [session for session, other in _visitors.items() if other is not known and not other.trains]
        surplus = _visitors.pop(idle[0]) if len(_visitors) > MAX_VISITORS and idle else None
    if surplus:
        _bid_farewell(surplus)
    return known


def welcome(known: Visitor, browser: object) -> None:
    """Give a visitor the pairs that his browser left within the hour, or has in another page."""
    if known.browser or not isinstance(browser, str) or not _BROWSER.fullmatch(browser):
        return
    forget_expired()
    with _lock:
        known.browser = browser
        # After a reload, the old page is sometimes noticed to be gone only when the new one is there.
        beside = [_belongings(other) for other in _visitors.values() if other.browser == browser and other is not known]
        left = _left.pop(browser, None)
    for belongings in [*([left] if left else []), *beside]:
        known.takes_back(belongings)


def forget(request: gr.Request) -> None:
    """The page was closed: stop the visitor's training and drop all that is his, but for his pairs."""
    with _lock:
        gone = _visitors.pop(request.session_hash, None)
    if gone:
        _bid_farewell(gone)


def forget_expired() -> None:
    """Drop pairs that nobody came back for within the hour."""
    now = time.monotonic()
    with _lock:
        for browser in [browser for browser, belongings in _left.items() if belongings.until <= now]:
            del _left[browser]


def _bid_farewell(gone: Visitor) -> None:
    gone.leave()
    if not gone.browser or not gone.pairs:
        return
    with _lock:
        _left[gone.browser] = _belongings(gone)
        _left.move_to_end(gone.browser)
        if len(_left) > MAX_VISITORS:
            _left.popitem(last=False)
    timer = Timer(HOUR, forget_expired)
    timer.daemon = True
    timer.start()


def _belongings(known: Visitor) -> Belongings:
    return Belongings(known.pairs, known.trainings, time.monotonic() + HOUR)
