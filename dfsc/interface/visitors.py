"""What belongs to one visitor alone, in memory while his page is open: his photographs, trainings and models."""

from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import gradio as gr

from dfsc import Detector, DFSCError, Inspection, Inspector
from dfsc.hub import Listed
from dfsc.interface.many import Many
from dfsc.interface.passing_files import delete_file
from dfsc.interface.retraining import Retraining, State
from dfsc.interface.settings import Settings
from dfsc.interface.wording import NO_OWN
from dfsc.photoset import PhotoSet
from dfsc.previews import NovelChannels
from dfsc.recipe import Recipe

MAX_VISITORS = 64
MAX_PAIRS = 3


@dataclass(eq=False)
class Visitor:
    """One open page.

    Attributes:
        chosen: the product that he chose last, or OWN.
        inspection: of the photograph that is shown.
        many: several photographs that he had inspected at once.
        settings: what he set with the sliders.
        photographs: of good parts, for the next training.
        stand_in: where the shown photograph is novel before any training.
        retraining: the last one that was begun.
        pairs: finished retrainings, the latest last.
        cases: stands for the images of interest that he asked for last; older requests see that they are.
        listed: what he looked up on the Hub.
        opened: detectors from checkpoints that he opened.
        trainings: how many he has begun.
        adding: held while photographs are added, since uploads may overlap.
    """

    chosen: str = ""
    inspection: Inspection | None = None
    many: Many | None = None
    settings: Settings = field(default_factory=Settings)
    photographs: PhotoSet | None = None
    stand_in: NovelChannels | None = None
    retraining: Retraining | None = None
    pairs: list[Retraining] = field(default_factory=list)
    cases: object = None
    listed: Listed | None = None
    opened: list[Detector] = field(default_factory=list)
    trainings: int = 0
    adding: Lock = field(default_factory=Lock)
    _served: dict[str, Path] = field(default_factory=dict)
    _inspector: Inspector | None = None

    def wishes(self, photographs: PhotoSet, recipe: Recipe) -> Retraining:
        """A new retraining of his, with a product's name of its own."""
        self.trainings += 1
        return Retraining(photographs, recipe, f"own_{self.trainings}")

    def keep(self, retraining: Retraining) -> None:
        """Keep a finished retraining, in place of what it prolongs, and of the oldest when there are too many.

        Only the latest can be prolonged.
        """
        others = [pair for pair in self.pairs if pair.product != retraining.product]
        for pair in others:
            pair.close()
        self.pairs = [*others, retraining][-MAX_PAIRS:]
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
_lock = Lock()


def visitor(request: gr.Request) -> Visitor:
    """The visitor whose page sent a request; for too many, who was idle for longest makes room."""
    with _lock:
        known = _visitors.setdefault(request.session_hash, Visitor())
        _visitors.move_to_end(request.session_hash)
        idle = [session for session, other in _visitors.items() if other is not known and not other.trains]
        surplus = _visitors.pop(idle[0]) if len(_visitors) > MAX_VISITORS and idle else None
    if surplus:
        surplus.leave()
    return known


def forget(request: gr.Request) -> None:
    """The page was closed: stop the visitor's training and drop all that is his."""
    with _lock:
        gone = _visitors.pop(request.session_hash, None)
    if gone:
        gone.leave()
