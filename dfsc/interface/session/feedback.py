"""A visitor's history, and what follows from it: their own calibrations, limits and lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dfsc import Inspector, Result, read_image
from dfsc.images.display import display_copy, jpeg, png
from dfsc.inspection.feedback import joined
from dfsc.inspection.history import BAD, GOOD, MARKS, History, Inspected, Score
from dfsc.inspection.limits import limit_key, overall
from dfsc.interface import environment
from dfsc.interface.session.photograph import Photograph
from dfsc.interface.session.settings import Settings
from dfsc.models.calibration import RawMaps

THUMBNAIL_EDGE = 120
MOST_SAID, LONGEST_NAME = 500, 200
HISTORY_FILE = "history.sqlite"


@dataclass(frozen=True)
class KnownParts:
    """Scores of parts that are known to be good or bad, by one method as it is judged now.

    Attributes:
        title: the method's.
        key: of a limit set by hand (dfsc.inspection.limits.limit_key).
        automatic: the limit without such a one.
        held_out, good, bad: of held-out good parts, and of those that people marked, in no order.
    """

    title: str
    key: str
    automatic: float
    held_out: Sequence[float]
    good: Sequence[float]
    bad: Sequence[float]


@dataclass(eq=False)
class Feedback:
    """What one visitor inspected and said of it. Inspectors are kept while what was said of their product stays."""

    history: History = field(default_factory=History.in_memory)
    _adjusted: dict[str, tuple[Inspector, tuple[int, ...], Inspector]] = field(default_factory=dict)

    def adjusted(self, product: str, inspector: Inspector) -> Inspector:
        """A product's inspector with the parts that were marked good among its good parts, if they shall count."""
        numbers = self.history.numbers(product, GOOD) if self.history.joins(product) else ()
        if not numbers:
            return inspector
        before = self._adjusted.get(product)
        if before is None or before[:2] != (inspector, numbers):
            before = (inspector, numbers, self._with_marked(product, inspector))
            self._adjusted[product] = before
        return before[2]

    def record(
        self,
        product: str,
        inspector: Inspector,
        photograph: Photograph,
        results: Sequence[Result],
        settings: Settings,
        shown: Sequence[int] | None = None,
    ) -> int:
        """Remember an inspection as it was judged; returns its number.

        Args:
            results: one a detector of the inspector.
            shown: indices of the detectors that had a voice in it; all by default.
        """
        judged = settings.judged(results)
        scores = tuple(Score.of(judged[i]) for i in (range(len(judged)) if shown is None else shown))
        maps = {one: result.raw for one, result in zip(inspector.identities, results, strict=True)}
        return self.history.add(
            Inspected(
                product=product,
                photograph=photograph.name,
                verdict=overall([one.verdict for one in scores]),
                scores=scores,
                maps=maps,
                thumbnail=jpeg(display_copy(photograph.display, THUMBNAIL_EDGE)),
                digest=photograph.digest,
                photo=(jpeg(photograph.display), png(photograph.network)),
            )
        )

    def take(self, said: Mapping[str, Any]) -> None:
        """Keep what a browser says: "marks" by number, and by product whether those marked good "joins" the good parts.

        Anything invalid is ignored; raises DFSCError if it can't be kept.
        """
        marks, joins = (said.get(name) for name in ("marks", "joins"))
        for number, mark in list(marks.items())[:MOST_SAID] if isinstance(marks, dict) else ():
            if number.isascii() and number.isdecimal() and len(number) < 16 and mark in MARKS:
                self.history.mark(int(number), mark)
        for product, join in list(joins.items())[:MOST_SAID] if isinstance(joins, dict) else ():
            if len(product) < LONGEST_NAME and isinstance(join, bool):
                self.history.join(product, join)

    def known_parts(self, product: str, inspector: Inspector, settings: Settings) -> list[KnownParts]:
        """Where each method's good and bad parts are. The inspector is `adjusted`."""
        first = [RawMaps(d.calibration.good.local[0], d.calibration.good.global_[0]) for d in inspector.detectors]
        scores = {}
        for mark in (GOOD, BAD):
            marked = self.history.marked(product, mark, inspector.identities).values()
            judged = [settings.judged(inspector.judge(maps)) for maps in marked]
            scores[mark] = [[result.score for result in results] for results in judged]
        joined = len(scores[GOOD]) if self.history.joins(product) else 0
        return [
            _known_parts(result, joined, *([of_part[i] for of_part in scores[mark]] for mark in (GOOD, BAD)))
            for i, result in enumerate(settings.judged(inspector.judge(first)))
        ]

    def photograph(self, number: int) -> tuple[str, Photograph] | None:
        """A part's product and photo, as it was inspected, if that was kept."""
        kept = self.history.photo(number)
        if kept is None:
            return None
        product, name, photo, network = kept
        display, small = read_image(photo), read_image(network)
        height, width = display.shape[:2]
        return product, Photograph(name, True, width, height, display, small)

    def _with_marked(self, product: str, inspector: Inspector) -> Inspector:
        parts = self.history.marked(product, GOOD, inspector.identities)
        return inspector.variant(dict(enumerate(joined(inspector.detectors, list(parts.values())))))


def _known_parts(result: Result, joined: int, good: Sequence[float], bad: Sequence[float]) -> KnownParts:
    behind = result.good.scores_in_order(result.local_weight).tolist()
    return KnownParts(
        title=result.title,
        key=limit_key(result.good, result.local_weight),
        automatic=result.good.threshold(result.rejected_good, result.local_weight),
        held_out=behind[joined:],
        good=behind[:joined] or good,
        bad=bad,
    )


def feedback_of(browser: str) -> Feedback:
    """What a browser's visitor left on this machine, if such things are kept here (DFSC_HOME)."""
    home = environment.home()
    return Feedback(History.in_file(home / HISTORY_FILE, browser)) if home else Feedback()
