"""A report's text: figures in percent, as the field's papers print them."""

from dfsc.evaluation import FUSED, MAPS
from dfsc.localisation import LIMITS
from dfsc.reporting.figures_of_merit import DetectorFigures, FiguresOfMerit


def markdown(name: str, figures: FiguresOfMerit, pictures: dict[str, str]) -> str:
    """The report on data set `name`; `pictures` are captions by file name."""
    sections = [f"# {name}", _counts(figures), "## Image AUROC", _auroc(figures)]
    if figures.pairs:
        sections += ["## Paired comparison", _pairs(figures)]
    located = [detector for detector in figures.detectors if detector.localisation]
    if located:
        sections += ["## Localisation", _localisation(located)]
    for file, caption in pictures.items():
        sections += [f"## {caption}", f"![{caption}]({file})"]
    if figures.evaluation.unreadable:
        sections += ["## Left out", "\n".join(f"- {sentence}" for sentence in figures.evaluation.unreadable)]
    return "\n\n".join(sections) + "\n"


def _counts(figures: FiguresOfMerit) -> str:
    counts = figures.evaluation.counts
    good = next(iter(counts.values())).good
    return (
        f"{good} good images against {counts['all'].anomalous} anomalous ones. An image's score is its map's maximum "
        "on the 56×56 grid. All figures in percent."
    )


def _auroc(figures: FiguresOfMerit) -> str:
    rows = []
    for detector in figures.detectors:
        for group, values in detector.report.auroc.items():
            interval = detector.intervals.get(group)
            between = f"{100 * interval.low:.1f} to {100 * interval.high:.1f}" if interval else ""
            count = figures.evaluation.counts[group].anomalous
            rows.append([detector.report.detector, group, count, *(_percent(values[key]) for key in MAPS), between])
    heads = ["detector", "anomaly", "images", *MAPS, f"{FUSED}, 95 % interval"]
    return _table(heads, rows) + (
        "\n\nIntervals: percentile bootstrap over images, 2,000 resamples; they leave out how trainings differ. "
        "`mean` is that of logical and structural, `all` pools them."
    )


def _pairs(figures: FiguresOfMerit) -> str:
    rows = [
        [pair.second, pair.first, pair.group, f"{100 * pair.result.difference:+.1f}", f"{pair.result.p_value:.3f}"]
        for pair in figures.pairs
    ]
    return _table(["detector", "against", "anomaly", "difference", "p"], rows) + (
        "\n\nDeLong's test of the fused maps' AUROCs on the same images, two-sided."
    )


def _localisation(detectors: list[DetectorFigures]) -> str:
    metric = detectors[0].localisation.metric
    rows = [
        [
            detector.report.detector,
            group,
            *(_percent(areas[limit]) for limit in LIMITS),
            _percent(detector.localisation.pixel_auroc[group]),
        ]
        for detector in detectors
        for group, areas in detector.localisation.areas.items()
    ]
    heads = ["detector", "anomaly", *(f"{metric} to FPR {limit:g}" for limit in LIMITS), "pixel AUROC"]
    return _table(heads, rows) + "\n\nOf the fused map, at each image's own size."


def _table(heads: list[str], rows: list[list]) -> str:
    lines = ["| " + " | ".join(map(str, cells)) + " |" for cells in (heads, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(heads), *lines[1:]])


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
