"""The Retrain tab's photographs, progress, previews and result as HTML."""

import numpy as np
from PIL import Image

from dfsc import Detector, Region
from dfsc.inspection.colours import SCALE_END, css_gradient, overlay
from dfsc.interface.interest import interest_html
from dfsc.interface.markup import notice, picture, text
from dfsc.interface.retrain import wording
from dfsc.interface.session.retraining import SURE_STEPS, Retraining, State
from dfsc.interface.session.zerogpu import training_place
from dfsc.material.photographs import PhotoSet
from dfsc.models.methods import METHODS
from dfsc.training.previews import NovelChannels, Preview

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
        f'<section class="card album"><h3>{len(photographs)} photos of good parts</h3>'
        + _lines(photographs.left_out, "Left out", "bad")
        + _lines(photographs.hints, "Worth a look", "hint")
        + f'<div class="thumbs">{pictures}</div>{rest}</section>'
    )


def counting_html(photographs: PhotoSet, region: Region | None) -> str:
    """The first photograph, on which to draw around what counts; empty without photographs."""
    if not len(photographs):
        return ""
    hint = wording.COUNTING_HINT if region is None else wording.counts(region)
    first = _in_proportion(photographs.images[0], photographs)
    return interest_html(first, len(photographs), hint, region is not None)


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
        configs = [detector.config for detector in job.detectors]
        return notice(wording.done(job.took, configs), "info" if job.usable else "unsure")
    share = 0.0 if job.state is State.WAITING else 1 - job.seconds_left / job.recipe.seconds
    return (
        notice(_under_way(job, place, ahead))
        + _forecast(job)
        + f'<div class="progress" role="progressbar" aria-valuenow="{100 * share:.0f}" aria-valuemin="0" '
        + f'aria-valuemax="100" aria-label="Training"><i style="width:{share:.1%}"></i></div>'
    )


def _under_way(job: Retraining, place: int, ahead: float) -> str:
    if job.state is State.CALIBRATING:
        return wording.CALIBRATING
    if job.stopping:
        return wording.STOPPING if job.would_keep else wording.STOPPING_EARLY
    if job.state is State.WAITING and place:
        return wording.waiting(place, ahead)
    record = job.record
    if job.state is not State.LEARNING or record is None or record.stage not in job.stages:
        return wording.PREPARING
    steps = record.steps if record.step >= SURE_STEPS else None
    return wording.progress(job.stages, record.stage, record.step, steps, job.seconds_left)


def _forecast(job: Retraining) -> str:
    if job.state is not State.LEARNING or job.stopping:
        return ""
    sentence = wording.manages(job.foreseen, job.recipe.seconds, training_place())
    return notice(sentence, "unsure") if wording.manages_too_few(job.foreseen) else f'<p class="quiet">{sentence}</p>'


def preview_html(found: Preview, photographs: PhotoSet) -> str:
    """Both methods' maps of a good photograph and of the same with a fault, on one fixed scale."""
    said, full, end = wording.PREVIEWS[found.kind]
    faulty = wording.PREVIEW_FAULTY.format(kind=found.fault.kind)
    sides = (
        (wording.PREVIEW_GOOD, found.good, _in_proportion(found.photograph, photographs)),
        (faulty, found.faulty, _in_proportion(found.fault.image, photographs)),
    )
    figures = "".join(
        _preview_figure(f"{METHODS[method].title}, {what}", said, maps[method], image, end)
        for method in found.good
        for what, maps, image in sides
    )
    return (
        f'<section class="card previews"><h3>Preview</h3><p class="quiet">{text(wording.preview(said, full))}</p>'
        f'<div class="pair">{figures}</div>{_scale("0", f"{end:g}")}</section>'
    )


def _preview_figure(title: str, said: str, cells: np.ndarray, image: np.ndarray, end: float) -> str:
    return (
        f"<figure>{picture(overlay(image, cells * SCALE_END / end), f'{title}: {said}')}"
        f"<figcaption>{text(title)} <span>highest {cells.max():.2f}</span></figcaption></figure>"
    )


def result_html(detectors: tuple[Detector, ...], photographs: PhotoSet | None = None) -> str:
    """What was learned, how far its limits can be trusted, and which of several finds most made-up faults.

    Args:
        photographs: of which it was learned; without them pictures are square, as the networks see them.
    """
    first = detectors[0]
    trained = METHODS[first.config.method].trained
    unusable = [detector.config for detector in detectors if not detector.config.usable]
    rows = "".join(
        f"<tr><th>{METHODS[detector.config.method].title}</th><td>{_settings(detector)}</td>"
        f"<td>{detector.calibration.good_parts.threshold():.2f}</td><td>{_self_tested(detector)}</td></tr>"
        for detector in detectors
    )
    said = wording.recommended(detectors) if trained else wording.at_once(first.config.training["fitted"])
    return (
        f'<section class="card result"{" data-trained" if trained else ""}>'
        + f"<h3>{wording.PAIR_TITLE if trained else wording.AT_ONCE_TITLE}</h3>"
        + f"<p>{text(said)}</p>"
        + '<div class="scrolled">'
        + f"<table><tr><th>Model</th><th>Constraint</th><th>Limit</th><th>Self-test</th></tr>{rows}</table></div>"
        + (notice(wording.not_usable(unusable, trained), "unsure") if unusable else "")
        + f'<p class="quiet">{text(wording.SELF_TEST_NOTE)}</p>'
        + _examples(detectors, photographs)
        + f"<p>{text(wording.calibrated(first.calibration.good_parts))}</p>"
        + "".join(
            f'<p class="quiet">{text(line)}</p>' for line in map(_learned_from, detectors[:: len(detectors) - 1 or 1])
        )
        + "</section>"
    )


def _examples(detectors: tuple[Detector, ...], photographs: PhotoSet | None) -> str:
    """A fault of each detector's self-test and its map of it, folded away; empty for what was loaded from disk."""
    figures = ""
    for detector in detectors:
        one = detector.config.self_test.example
        if one is None or one.image is None:
            continue
        image = _in_proportion(one.image, photographs) if photographs else one.image
        said = wording.example(METHODS[detector.config.method].title, one.kind, one.found)
        figures += (
            f'<figure class="example">{picture(image, said)}{picture(overlay(image, one.fused), f"{said}: fused map")}'
            f"<figcaption>{text(said)}</figcaption></figure>"
        )
    if not figures:
        return ""
    return (
        f'<details class="examples"><summary>{text(wording.EXAMPLES_TITLE)}</summary><div class="pair">{figures}</div>'
        + "</details>"
    )


def _learned_from(detector: Detector) -> str:
    """How a detector came about, in one line."""
    notes = detector.config.training
    known = {"steps": "steps", "seed": "seed", "penalty": "penalty images", "calibration": "calibration"}
    facts = ", ".join(f"{words} {notes[name]}" for name, words in known.items() if name in notes)
    seen = f", {detector.region.share:.0%} of each" if detector.region else ""
    return f"{METHODS[detector.config.method].title}: {notes['fitted']} photos learned from{seen}, {facts}."


def _settings(detector: Detector) -> str:
    separation, coding = detector.config.separation, detector.config.consistency
    told = [] if separation is None else [f"τ′ {separation.tau:g}, κ {separation.margin_ratio:g}"]
    if coding:
        told.append(f"SNC {coding.neighbourhood}×{coding.neighbourhood}, t {coding.temperature:g}")
    return "; ".join(told) or "none"


def _self_tested(detector: Detector) -> str:
    test = detector.config.self_test
    verdict = "accept" if test.usable else "unsure"
    return f'<span class="badge {verdict}">{text(test.sentence)}</span> <span class="quiet">{text(test.details)}</span>'


def _in_proportion(image: np.ndarray, photographs: PhotoSet) -> np.ndarray:
    """A photograph that was stretched to a square for the networks, as wide and high as the first one was."""
    width, height = photographs.sizes[0]
    scale = PREVIEW_EDGE / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))


def _scale(low: str, high: str) -> str:
    bar = f'<i style="background:{css_gradient()}"></i>'
    return f'<p class="scale"><span>{low}</span>{bar}<span>{high}</span></p>'
