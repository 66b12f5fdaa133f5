"""A report's text: figures in percent, as the field's papers print them."""

from dfsc.evaluation.evaluation import MEAN
from dfsc.evaluation.localisation import LIMITS, USUAL_LIMIT
from dfsc.evaluation.scoring import FUSED, MAPS
from dfsc.evaluation.significance import FEW, RESAMPLES
from dfsc.reporting.figures_of_merit import DetectorFigures, FiguresOfMerit, PairFigures
from dfsc.reporting.formats import markdown_table, percent, points
from dfsc.reporting.naming import group_title, main_groups
from dfsc.reporting.pictures import Picture

NOTHING = "–"
_OF_BOTH = "; the mean of both is that of the logical and the structural figure"
DIGITS = 12  # of a digest, as many as tell checkpoints apart; report.json has it whole


def markdown(figures: FiguresOfMerit, pictures: list[Picture]) -> str:
    """The report; pictures follow the tables under their own headings."""
    sections = [
        f"# Evaluation on {figures.name}",
        _introduction(figures),
        _summary(figures),
        "## Data set",
        _folders(figures),
        "## Detectors",
        _detectors(figures),
        "## Image AUROC",
        _auroc(figures),
    ]
    if figures.pairs:
        sections += ["## Paired comparison", _pairs(figures)]
    if figures.seeds:
        sections += ["## Methods over seeds", _seeds(figures)]
    if figures.located:
        sections += ["## Localisation", _localisation(figures)]
    for picture in pictures:
        sections += [f"## {picture.title}", f"![{picture.title}]({picture.file})", picture.caption]
    if figures.evaluation.unreadable:
        sections += ["## Left out", "\n".join(f"- {sentence}" for sentence in figures.evaluation.unreadable)]
    return "\n\n".join(sections) + "\n"


def _introduction(figures: FiguresOfMerit) -> str:
    known = figures.computation
    where = f", networks in {known['arithmetic']} on {known['device']}" if "arithmetic" in known else ""
    return (
        "All figures are in percent, and of the fused map (the mean of local and global map) where nothing else is "
        "said. "
        f"Computed with {known['library']}{where}. "
        "`report.json` has the same figures unrounded, and every image's scores."
    )


def _summary(figures: FiguresOfMerit) -> str:
    groups = main_groups(figures.evaluation)
    heads = [f"AUROC<br>{group_title(group)}" for group in groups]
    if figures.located:
        metric = figures.located[0].localisation.metric
        heads += [f"{metric} {USUAL_LIMIT[metric]:g}<br>{group_title(group)}" for group in groups]
    rows = []
    for detector in figures.detectors:
        row = [detector.label, *(percent(detector.report.auroc[group][FUSED]) for group in groups)]
        if detector.localisation:
            row += [percent(detector.localisation.usual[group]) for group in groups]
        rows.append(row)
    return markdown_table(["Detector", *heads], rows, words=1)


def _folders(figures: FiguresOfMerit) -> str:
    rows = [
        [folder.name, group_title(folder.family or NOTHING), folder.images, folder.masks or NOTHING]
        for folder in figures.folders
    ]
    return markdown_table(["Test folder", "Kind", "Images", "Ground-truth masks"], rows, words=2)


def _detectors(figures: FiguresOfMerit) -> str:
    rows, notes = [], []
    for detector in figures.detectors:
        facts = detector.facts
        row = [detector.label, detector.name]
        if facts:
            row += [f"`{facts.checkpoint}`", facts.size, facts.schedule, _short(facts.weights), _short(facts.teacher)]
            groups = {"constraint": facts.constraint, "coding": facts.coding}
            settings = facts.training | {
                f"{group} {name}": value for group, of in groups.items() for name, value in (of or {}).items()
            }
            text = "; ".join(
                f"{name.replace('_', ' ')} {value}" for name, value in settings.items() if value is not None
            )
            notes.append(f"- {detector.label}: {text or 'no notes'}.")
        rows.append(row)
    most = max(map(len, rows))
    rows = [row + [NOTHING] * (most - len(row)) for row in rows]
    heads = ["Detector", "Name"]
    if not notes:
        return markdown_table(heads, rows, words=2)
    heads += ["Checkpoint", "Size", "Schedule", "Weights", "Teacher"]
    text = "\n".join(notes)
    return markdown_table(heads, rows, words=len(heads)) + (
        f"\n\nWeights and teacher: the first {DIGITS} digits of their files' SHA-256. "
        f"What the checkpoints note on their training:\n\n{text}"
    )


def _auroc(figures: FiguresOfMerit) -> str:
    rows = [
        [group_title(group), detector.label, count.good, count.anomalous]
        + [percent(detector.report.auroc[group][key]) for key in MAPS]
        + [_interval(detector, group)]
        for group, count in ((group, figures.evaluation.counts[group]) for group in figures.groups)
        for detector in figures.detectors
    ]
    heads = ["Anomalies", "Detector", "Good images", "Anomalous images", "Local map", "Global map", "Fused map"]
    return markdown_table([*heads, "95 % interval of the fused map"], rows, words=2) + (
        "\n\nAn image's score is its map's maximum on the 56×56 grid. Each group's anomalous images are set against "
        f"all good ones{_OF_BOTH if MEAN in figures.groups else ''}. Intervals: percentile bootstrap over images, "
        f"{RESAMPLES:,} resamples; they don't say how trainings differ, and have no width where no image is misplaced."
    )


def _interval(detector: DetectorFigures, group: str) -> str:
    interval = detector.intervals.get(group)
    return f"{percent(interval.low)} to {percent(interval.high)}" if interval else NOTHING


def _pairs(figures: FiguresOfMerit) -> str:
    rows = [
        [group_title(pair.group), f"{pair.second.label} − {pair.first.label}", *_difference(pair)]
        for group in figures.groups
        for pair in figures.pairs
        if pair.group == group
    ]
    return markdown_table(["Anomalies", "Detectors", "Difference", "Standard error", "p"], rows, words=2) + (
        "\n\nDifference of the image AUROCs of the fused maps in percentage points; DeLong's test on the same images, "
        "two-sided, not corrected for the number of comparisons." + _few(figures)
    )


def _few(figures: FiguresOfMerit) -> str:
    """A warning where DeLong's test leans on too few images."""
    images = figures.evaluation.images
    good = sum(image.is_good for image in images)
    fewest = min(good, len(images) - good)
    return f" With {fewest} images of a class, errors and p are too small." if fewest < FEW else ""


def _difference(pair: PairFigures) -> list[str]:
    result = pair.result
    if result.p_value is None:
        return [points(result.difference), NOTHING, NOTHING]
    p = "< 0.001" if result.p_value < 0.001 else f"{result.p_value:.3f}"
    return [points(result.difference), percent(result.standard_error), p]


def _seeds(figures: FiguresOfMerit) -> str:
    rows = [
        [
            group_title(pair.group),
            f"{pair.second} − {pair.first}",
            len(pair.seeds),
            points(pair.result.mean),
            f"{points(pair.result.interval.low)} to {points(pair.result.interval.high)}",
            ", ".join(map(points, pair.result.differences)),
        ]
        for group in figures.groups
        for pair in figures.seeds
        if pair.group == group
    ]
    heads = ["Anomalies", "Methods", "Seeds", "Mean difference", "95 % interval", "Seed by seed"]
    return markdown_table(heads, rows, words=2) + (
        "\n\nDifference of the image AUROCs of the fused maps in percentage points, between trainings of one seed. "
        f"Intervals: percentile bootstrap over seeds and images, {RESAMPLES:,} resamples; few seeds make them narrow."
    )


def _localisation(figures: FiguresOfMerit) -> str:
    metric = figures.located[0].localisation.metric
    rows = [
        [group_title(group), detector.label]
        + [percent(detector.localisation.areas[group][limit]) for limit in LIMITS]
        + [percent(detector.localisation.pixel_auroc[group])]
        for group in figures.groups
        for detector in figures.located
        if group in detector.localisation.areas
    ]
    heads = ["Anomalies", "Detector", *(f"{metric} {limit:g}" for limit in LIMITS), "Pixel AUROC"]
    left_out = figures.located[0].localisation.left_out
    without = f" Images left out, because their masks could not be used: {left_out}." if left_out else ""
    return markdown_table(heads, rows, words=2) + f"\n\n{_MEASURES[metric]} {_COMPARED}{without}"


_MEASURES = {
    "sPRO": (
        "sPRO 0.05 is the area under the mean saturated overlap with the defects up to a false positive rate of 0.05, "
        "divided by it (Bergmann et al., IJCV 2022); a defect saturates as `defects_config.json` says."
    ),
    "AUPRO": (
        "AUPRO 0.3 is the area under the mean overlap with the connected regions of the masks up to a false positive "
        "rate of 0.3, divided by it (Bergmann et al., CVPR 2020)."
    ),
}
_COMPARED = (
    "The rate is that of the pixels outside of every defect, those of good images included. Maps are compared with "
    "masks at each image's own size."
)


def _short(digest: str | None) -> str:
    return f"`{digest.removeprefix('sha256:')[:DIGITS]}`" if digest else NOTHING
