"""Where a report's detectors come from: their checkpoints' notes, and digests that identify them."""

from dataclasses import asdict, dataclass

from dfsc.evaluation.evaluation import Evaluation
from dfsc.models.detector import Detector
from dfsc.version import __version__

EMBEDDED = "embedded"


@dataclass(frozen=True)
class DetectorFacts:
    """What is known of a detector beside its figures.

    Attributes:
        checkpoint: where it comes from in words, product/method for an embedded one.
        size: key of the networks' size.
        schedule: "staged" or "joint".
        weights: "sha256:…" of the checkpoint's weights file, None for a detector that was trained in memory.
        teacher: "sha256:…" of the teacher's weights file.
        training: the checkpoint's notes on its training, without what was measured then.
        constraint: the settings of the DFSC constraint; None for methods without it.
        coding: those of spatial neighbouring coding, likewise.
    """

    checkpoint: str
    size: str
    schedule: str
    weights: str | None
    teacher: str
    training: dict[str, str | int | float | bool | None]
    constraint: dict[str, str | int | float | bool | None] | None
    coding: dict[str, str | int | float | bool | None] | None


def facts(detector: Detector) -> DetectorFacts:
    """What a detector and its checkpoint say of themselves."""
    config = detector.config
    return DetectorFacts(
        checkpoint=f"{config.product}/{config.method}" if detector.source == EMBEDDED else detector.source,
        size=config.size,
        schedule=str(config.schedule),
        weights=detector.weights_digest or None,
        teacher=config.teacher_digest,
        training=_plain(config.training),
        constraint=_plain(asdict(config.separation)) if config.separation else None,
        coding=_plain(asdict(config.consistency)) if config.consistency else None,
    )


def computation(evaluation: Evaluation) -> dict[str, str]:
    """What the figures were computed with, as far as the evaluation knows."""
    told = {"library": f"dfsc {__version__}", "device": evaluation.device, "arithmetic": evaluation.arithmetic}
    return {name: value for name, value in told.items() if value}


def _plain(settings: dict) -> dict[str, str | int | float | bool | None]:
    """The entries that are single values."""
    return {name: value for name, value in settings.items() if value is None or isinstance(value, str | int | float)}
