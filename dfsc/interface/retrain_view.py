"""The Retrain tab's photographs, progress, previews and result as HTML."""

import numpy as np
from PIL import Image

from dfsc import Detector
from dfsc.figures import SCALE_END, css_gradient, overlay
from dfsc.interface import retrain_wording as wording
from dfsc.interface.markup import notice, picture, text
from dfsc.interface.retraining import Retraining, State
from dfsc.objectives import METHODS
from dfsc.photoset import PhotoSet
from dfsc.previews import NovelChannels, Preview

SHOWN_THUMBNAILS = 60
SHOWN_LINES = 8
PREVIEW_EDGE = 300


def album_html(photographs: PhotoSet | None) -> str:
    """Count, thumbnails, and what is to be said about them."""
    if photographs is None:
        return ""
    shown = list(zip(photographs.thumbnails, photographs.names, strict=True))[:SHOWN_THUMBNAILS]
    pictures = "".join(f"<figure>{picture(image, name)}</figure>" for image, name in shown)
    more = len(photographs) - len(shown)
    rest = f'<p class="quiet">and {more} more</p>' if more > 0 else ""
    return (
        f'<section class="card album"><h3>{len(photographs)} photographs of good parts</h3>'
        + _lines(photographs.left_out, "Left out", "bad")
        + _lines(photographs.hints, "Worth a look", "hint")
        + f'<div class="thumbs">{pictures}</div>{rest}</section>'
    )


def _lines(sentences: tuple[str, ...], title: str, kind: str) -> str:
    if not sentences:
        return ""
    shown = "".join(f"<li>{text(sentence)}</li>" for sentence in sentences[:SHOWN_LINES])
    more = len(sentences) - SHOWN_LINES
    rest = f"<li>and {more} more</li>" if more > 0 else ""
    return f'<div class="lines {kind}"><h4>{title}</h4><ul>{shown}{rest}</ul></div>'


def novelty_html(photographs: PhotoSet, novel: NovelChannels, tau: float, shown: np.ndarray, sentence: str) -> str:
    """The share of novel channels at each position of a photograph (uint8 256×256×3) for a τ′."""
    share = novel.share(tau)
    image = _in_proportion(shown, photographs)
    alt = f"Share of novel features at τ′ {tau:g}: highest {share.max():.0%}"
    return (
        '<section class="card novelty"><div class="side">'
        + picture(overlay(image, share * SCALE_END), alt)
        + f"<div><h3>τ′ = {tau:g}: {share.mean():.0%} of all features are novel</h3><p>{text(sentence)}</p>"
        + (f"<p><b>{wording.TAU_ONE}</b></p>" if tau >= 1 else "")
        + _scale("none", f"all (highest here {share.max():.0%})")
        + "</div></div></section>"
    )


def progress_html(job: Retraining, place: int, ahead: float) -> str:
    """One line on how far it is, and a bar."""
    if job.state is State.FAILED:
        return notice(job.error, "error")
    if job.state is State.DONE:
        return notice(wording.done(job.took))
    said = {State.PREPARING: wording.PREPARING, State.CALIBRATING: wording.CALIBRATING}.get(job.state, "")
    if job.state is State.WAITING:
        said = wording.waiting(place, ahead) if place else wording.PREPARING
    elif job.state is State.LEARNING and job.record:
        said = wording.progress(job.record.stage, job.record.step, job.record.steps, job.seconds_left)
    share = 0.0 if job.state is State.WAITING else 1 - job.seconds_left / job.recipe.seconds
    return (
        notice(said)
        + f'<div class="progress" role="progressbar" aria-valuenow="{100 * share:.0f}" aria-valuemin="0" '
        + f'aria-valuemax="100" aria-label="Training"><i style="width:{share:.1%}"></i></div>'
    )


def preview_html(found: Preview, photographs: PhotoSet, shown: np.ndarray) -> str:
    """Both methods' maps of a held-out photograph (uint8 256×256×3), on one fixed scale."""
    said, end = wording.PREVIEWS[found.kind]
    image = _in_proportion(shown, photographs)
    figures = "".join(
        f"<figure>{picture(overlay(image, cells * SCALE_END / end), f'{METHODS[method].title}: {said}')}"
        f"<figcaption>{METHODS[method].title} <span>mean {cells.mean():.3f}</span></figcaption></figure>"
        for method, cells in found.maps.items()
    )
    return (
        f'<section class="card previews"><h3>Preview</h3><p class="quiet">{text(said)}</p>'
        f'<div class="pair">{figures}</div>{_scale("0", f"{end:g}")}</section>'
    )


def result_html(detectors: tuple[Detector, ...]) -> str:
    """What was trained, and how far its limits can be trusted."""
    first = detectors[0]
    rows = "".join(
        f"<tr><th>{METHODS[detector.config.method].title}</th><td>{_settings(detector)}</td>"
        f"<td>{detector.calibration.threshold():.2f}</td></tr>"
        for detector in detectors
    )
    notes = first.config.training
    return (
        '<section class="card result"><h3>Your pair</h3>'
        + f"<table><tr><th>Model</th><th>Constraint</th><th>Limit</th></tr>{rows}</table>"
        + f"<p>{text(wording.calibrated(first.calibration))}</p>"
        + f'<p class="quiet">{text(notes["fitted"])} photographs learned from, steps: {text(notes["steps"])}, '
        + f"seed {text(notes['seed'])}, penalty images {text(notes['penalty'])}, "
        + f"calibration {text(notes['calibration'])}.</p></section>"
    )


def _settings(detector: Detector) -> str:
    separation = detector.config.separation
    return "none" if separation is None else f"τ′ {separation.tau:g}, κ {separation.margin_ratio:g}"


def _in_proportion(image: np.ndarray, photographs: PhotoSet) -> np.ndarray:
    """A photograph that was stretched to a square for the networks, as wide and high as the first one was."""
    width, height = photographs.sizes[0]
    scale = PREVIEW_EDGE / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))


def _scale(low: str, high: str) -> str:
    bar = f'<i style="background:{css_gradient()}"></i>'
    return f'<p class="scale"><span>{low}</span>{bar}<span>{high}</span></p>'
