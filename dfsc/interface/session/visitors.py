"""What belongs to one visitor, in memory while their page is open: photos, trainings and models.

Only finished pairs and the history outlive the page, for an hour and the same browser, so that a reload loses nothing;
with DFSC_HOME the history stays for good.
"""

import re
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Timer

import gradio as gr

from dfsc import Detector, DFSCError, Inspector, Region
from dfsc.hub.repository import RepositoryInfo
from dfsc.interface.session.asking import Question
from dfsc.interface.session.feedback import Feedback, feedback_of
from dfsc.interface.session.inspectors import shown_here
from dfsc.interface.session.many import Many
from dfsc.interface.session.passing_files import delete_file
from dfsc.interface.session.photograph import Finding
from dfsc.interface.session.retraining import Retraining, State
from dfsc.interface.session.settings import Settings
from dfsc.interface.session.zerogpu import own_device
from dfsc.interface.wording import NO_OWN, OWN
from dfsc.material.photographs import PhotoSet
from dfsc.training.previews import NovelChannels
from dfsc.training.recipe import Recipe

MAX_VISITORS = 64
MAX_PAIRS = 3
HOUR = 3600.0
# A browser's name: 128 random bits, drawn by static/page.js and kept in the browser's storage.
_BROWSER = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, eq=False)
class Pair:
    """The detectors of a retraining, under their product's name."""

    product: str
    detectors: tuple[Detector, ...]


@dataclass(frozen=True)
class Belongings:
    """What is kept for a browser to come back to, until a time of time.monotonic()."""

    pairs: list[Pair]
    trainings: int
    feedback: Feedback
    until: float


@dataclass(eq=False)
class Visitor:
    """One open page.

    Attributes:
        browser: name of the visitor's browser, "" for none.
        newest: number of the latest question.
        finding: what is shown or about to be.
        gallery: the product whose examples were sent last.
        many: photos inspected together.
        judged_by: the product with whose detectors to judge those.
        settings: from the sliders.
        photographs: of good parts, for the next training.
        counts: what counts of them, None for all.
        album: a token of the latest request for photos, by which slower ones see that they are outdated.
        stand_in: where the displayed photo is novel before any training.
        retraining: the latest one started.
        prolongable: the latest one finished, which can be continued.
        pairs: from finished retrainings, the latest last.
        cases: a token of the latest request for images of interest, like `album`.
        looked_up: the latest look-up on the Hub.
        opened: detectors from opened checkpoints.
        trainings: number of trainings started.
        within: inspectors with a region that the visitor drew, by product.
        adding: locked while photos are added, since uploads may overlap.
        feedback: what was inspected, and what the visitor said of it.
        token: a secret by which frames from this page are known to be the visitor's.
        looking: locked while one of these is inspected.
        arriving: locked while what the browser left is taken back.
    """

    browser: str = ""
    newest: int = 0
    finding: Finding | None = None
    gallery: str | None = None
    many: Many | None = None
    judged_by: str = ""
    settings: Settings = field(default_factory=Settings)
    photographs: PhotoSet | None = None
    counts: Region | None = None
    album: object = None
    stand_in: NovelChannels | None = None
    retraining: Retraining | None = None
    prolongable: Retraining | None = None
    pairs: list[Pair] = field(default_factory=list)
    cases: object = None
    looked_up: RepositoryInfo | None = None
    opened: list[Detector] = field(default_factory=list)
    trainings: int = 0
    within: dict[str, Inspector] = field(default_factory=dict)
    adding: Lock = field(default_factory=Lock)
    feedback: Feedback = field(default_factory=Feedback)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    looking: Lock = field(default_factory=Lock)
    arriving: Lock = field(default_factory=Lock)
    _deciding: Lock = field(default_factory=Lock)
    _served: dict[str, Path] = field(default_factory=dict)
    _inspector: Inspector | None = None

    def asks(self, question: Question) -> bool:
        """Register a question for another finding; False if a newer one has already arrived."""
        with self._deciding:
            self.newest = max(self.newest, question.number)
            self.settings = question.settings
            return self.still_asks(question)

    def still_asks(self, question: Question) -> bool:
        """Whether this is still the latest question."""
        return question.number >= self.newest

    def shows(self, question: Question, finding: Finding | None) -> bool:
        """Make the answer to a question the displayed finding; False if there is a newer question."""
        with self._deciding:
            if not self.still_asks(question):
                return False
            self.finding = finding
            return True

    def finding_for(self, question: Question) -> Finding | None:
        """The finding that a question is about, None if another one has replaced it."""
        finding = self.finding
        return finding if finding is not None and finding.number == question.finding else None

    @property
    def next_product(self) -> str:
        """Product name of the next pair."""
        return f"own_{self.trainings + 1}"

    def learned_at_once(self, detector: Detector) -> None:
        """Keep a closed-form detector until a pair with the same name is trained."""
        self._take([Pair(detector.config.product, (detector,))])

    def lets_count(self, region: Region | None) -> None:
        """Only what lies in a region of the photographs from now on; what was learned of them at once is gone."""
        self.counts = region
        self.pairs = [pair for pair in self.pairs if pair.product != self.next_product]
        self._has_others()

    def wishes(self, photographs: PhotoSet, recipe: Recipe) -> Retraining:
        """A new retraining with its own product name."""
        product = self.next_product
        self.trainings += 1
        at_once = next((pair.detectors[0] for pair in self.pairs if pair.product == product), None)
        return Retraining(photographs, recipe, product, at_once=at_once, region=self.counts)

    def keep(self, retraining: Retraining) -> None:
        """Keep a finished retraining, replacing the one it continues, or the oldest if there are too many.

        Only the latest can be continued.
        """
        if self.prolongable and self.prolongable is not retraining:
            self.prolongable.close()
        self.prolongable = retraining
        self._take([Pair(retraining.product, retraining.detectors)])

    def takes_back(self, belongings: "Belongings") -> None:
        """Restore what was trained and inspected in this browser before."""
        # Another page of the browser may have inspected nothing.
        if belongings.feedback.history.entries(most=1) or not self.feedback.history.entries(most=1):
            self.feedback = belongings.feedback
        self.trainings = max(self.trainings, belongings.trainings)
        self._take(belongings.pairs)

    def _take(self, pairs: list[Pair]) -> None:
        names = {pair.product for pair in pairs}
        self.pairs = [*(pair for pair in self.pairs if pair.product not in names), *pairs][-MAX_PAIRS:]
        self._has_others()

    def open(self, detectors: list[Detector]) -> None:
        """Add detectors from a checkpoint to the visitor's own, replacing those opened before.

        Raises:
            CheckpointError: for those that the page can't show.
        """
        self.opened = shown_here(detectors)
        self._has_others()

    def _has_others(self) -> None:
        """Other detectors than those of the inspectors that there are."""
        self._inspector = None
        self.within.pop(OWN, None)

    def serve(self, kind: str, file: Path) -> None:
        """Remember a file for download; the previous one of its kind is deleted."""
        before = self._served.get(kind)
        if before and before != file:
            delete_file(before)
        self._served[kind] = file

    def leave(self) -> None:
        """Stop the visitor's training and delete their files."""
        if self.retraining:
            self.retraining.abandon()
        for file in self._served.values():
            delete_file(file)

    @property
    def detectors(self) -> list[Detector]:
        """All detectors that the visitor trained or opened."""
        return [detector for pair in self.pairs for detector in pair.detectors] + self.opened

    def inspector(self) -> Inspector:
        """The inspector of these detectors; raises DFSCError if there are none."""
        if not self.detectors:
            raise DFSCError(NO_OWN)
        if self._inspector is None:
            self._inspector = Inspector(self.detectors, device=own_device())
        return self._inspector

    @property
    def trains(self) -> bool:
        """Whether a retraining is waiting or running."""
        return self.retraining is not None and self.retraining.state not in (State.DONE, State.FAILED)


_visitors: OrderedDict[str, Visitor] = OrderedDict()
_left: OrderedDict[str, Belongings] = OrderedDict()
_lock = Lock()


def visitor(request: gr.Request) -> Visitor:
    """The visitor whose page sent a request; if there are too many, the one idle for longest is dropped."""
    with _lock:
        known = _visitors.setdefault(request.session_hash, Visitor())
        _visitors.move_to_end(request.session_hash)
        idle = [session for session, other in _visitors.items() if other is not known and not other.trains]
        surplus = _dropped(idle[0]) if len(_visitors) > MAX_VISITORS and idle else None
    if surplus:
        surplus.leave()
    return known


def visitor_by_token(token: str) -> Visitor | None:
    """The visitor with this token, who is not idle then."""
    with _lock:
        for session, known in _visitors.items():
            if secrets.compare_digest(known.token.encode(), token.encode()):
                _visitors.move_to_end(session)
                return known
    return None


def welcome(known: Visitor, browser: object) -> None:
    """Give a visitor the pairs and the history that their browser left, or has in another page."""
    if not isinstance(browser, str) or not _BROWSER.fullmatch(browser):
        return
    forget_expired()
    # A page that has just come asks for its photo and for its pairs at once.
    with known.arriving:
        if known.browser:
            return
        with _lock:
            known.browser = browser
            # After a reload, the new page sometimes arrives before the old one is noticed to be gone.
            others = [other for other in _visitors.values() if other.browser == browser and other is not known]
            left = [_left.pop(browser)] if browser in _left else []
        found = [*left, *map(_belongings, others)]
        for belongings in found:
            known.takes_back(belongings)
        if not found:
            known.feedback = feedback_of(browser)


def forget(request: gr.Request) -> None:
    """The page was closed: stop the visitor's training and drop everything except finished pairs and the history."""
    with _lock:
        gone = _dropped(request.session_hash)
    if gone:
        gone.leave()


def forget_expired() -> None:
    """Drop what nobody came back to within the hour."""
    now = time.monotonic()
    with _lock:
        for browser in [browser for browser, belongings in _left.items() if belongings.until <= now]:
            del _left[browser]


def _dropped(session: str) -> Visitor | None:
    """Take a visitor off the list, and keep at once what their browser may come back to."""
    gone = _visitors.pop(session, None)
    if gone is None or not gone.browser or not (gone.pairs or gone.feedback.history.entries(most=1)):
        return gone
    _left[gone.browser] = _belongings(gone)
    _left.move_to_end(gone.browser)
    if len(_left) > MAX_VISITORS:
        _left.popitem(last=False)
    timer = Timer(HOUR, forget_expired)
    timer.daemon = True
    timer.start()
    return gone


def _belongings(known: Visitor) -> Belongings:
    return Belongings(known.pairs, known.trainings, known.feedback, time.monotonic() + HOUR)
