"""The positions of the sliders, kept from one photo to the next."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dfsc import Inspection, Result
from dfsc.inspection.colours import OPACITY
from dfsc.inspection.limits import limit_key
from dfsc.inspection.results import with_partners

REJECTED_SHARE = 4
MOST_LIMITS, LONGEST_KEY, HIGHEST_LIMIT = 64, 24, 1000.0


@dataclass(frozen=True)
class Settings:
    """What a visitor has set.

    Attributes:
        weight: of the local map, 0 to 1.
        rejected: how many held-out good parts the limit rejects.
        strength: of the colours, 0 to 1.
        partner: whether each trained method is combined with the closed-form one.
        limits: limits set by hand, by dfsc.inspection.limits.limit_key.
    """

    weight: float = 0.5
    rejected: int = 0
    strength: float = OPACITY
    partner: bool = True
    limits: Mapping[str, float] = field(default_factory=dict)

    def judged(self, results: Sequence[Result]) -> tuple[Result, ...]:
        """The results with these settings, within the limits of the good parts; no network runs."""
        together = with_partners(results) if self.partner else results
        rejected = min(self.rejected, most_rejected(together))
        return tuple(
            replace(result, local_weight=self.weight, rejected_good=rejected, limit=self._limit(result))
            for result in together
        )

    def _limit(self, result: Result) -> float | None:
        return self.limits.get(limit_key(result.good, self.weight)) if self.limits else None

    def record(self) -> dict[str, Any]:
        """As the browser sends them (see settings_from)."""
        percent = {"weight": round(100 * self.weight), "strength": round(100 * self.strength)}
        return percent | {"rejected": self.rejected, "partner": self.partner, "limits": dict(self.limits)}

    def applied(self, inspection: Inspection) -> Inspection:
        """The inspection with its results judged by these settings."""
        return replace(inspection, results=self.judged(inspection.results))


def settings_from(record: Any) -> Settings | None:
    """Parse a browser's settings, in percent; None if they are invalid."""
    if not isinstance(record, dict):
        return None
    values: list[Any] = [record.get(name) for name in ("weight", "rejected", "strength")]
    if not all(isinstance(value, (int, float)) and 0 <= value <= 100 for value in values):
        return None
    weight, rejected, strength = values
    partner, limits = record.get("partner") is not False, _limits(record.get("limits"))
    return Settings(weight / 100, int(rejected), strength / 100, partner, limits)


def _limits(record: Any) -> dict[str, float]:
    """The latest ones of those that make sense."""
    if not isinstance(record, dict):
        return {}
    sound = {
        key: float(value)
        for key, value in record.items()
        if len(key) <= LONGEST_KEY and type(value) in (int, float) and math.isfinite(value)
    }
    return {key: value for key, value in list(sound.items())[-MOST_LIMITS:] if abs(value) <= HIGHEST_LIMIT}


def most_rejected(results: Sequence[Result]) -> int:
    """The most held-out good parts that the limit may reject: a quarter, but at least one of few."""
    return min(max(result.good.count // REJECTED_SHARE, min(1, result.good.count - 1)) for result in results)
