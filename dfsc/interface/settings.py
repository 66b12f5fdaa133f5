"""What a visitor has set with the sliders: it stays when the next photograph comes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dfsc import Inspection, Result

REJECTED_SHARE = 4


@dataclass(frozen=True)
class Settings:
    """Weight of the local map (0 to 1), good parts that the limit gives up, strength of the colours (0 to 1)."""

    weight: float = 0.5
    rejected: int = 0
    strength: float = 0.86

    def judged(self, results: Sequence[Result]) -> tuple[Result, ...]:
        """The results by these settings, as far as the good parts allow; no network runs."""
        rejected = min(self.rejected, most_rejected(results))
        return tuple(replace(result, local_weight=self.weight, rejected_good=rejected) for result in results)

    def applied(self, inspection: Inspection) -> Inspection:
        """The inspection with its results judged by these settings."""
        return replace(inspection, results=self.judged(inspection.results))


def settings_from(told: object) -> Settings | None:
    """Settings as a browser tells them, in percent; None for anything that is none."""
    values = [told.get(name) for name in ("weight", "rejected", "strength")] if isinstance(told, dict) else [None]
    if not all(isinstance(value, (int, float)) and 0 <= value <= 100 for value in values):
        return None
    weight, rejected, strength = values
    return Settings(weight / 100, int(rejected), strength / 100)


def most_rejected(results: Sequence[Result]) -> int:
    """How many of the held-out good parts a visitor may give up at most: a quarter, but one where there are few."""
    return min(
        max(result.calibration.count // REJECTED_SHARE, min(1, result.calibration.count - 1)) for result in results
    )
