"""Model cards: what a checkpoint is, how it was trained, its measured accuracy and its licence."""

import json
from collections.abc import Sequence

from dfsc.models.detector import DetectorConfig
from dfsc.models.methods import METHODS, method_title, reconstructed
from dfsc.models.self_test import SelfTest
from dfsc.models.separation import Form

# Networks are not trained on fewer.
FEW_PHOTOGRAPHS = 12
FEW_LEARNED = "- **few photographs**: it knows only {}, so that much that is good will look new to it"


def _recipe_line(training: dict) -> str:
    quick = ", quick" if training.get("quick") else ""
    return (
        f"- rates: {training.get('rates', '?')}{quick}; hard-feature loss over the hardest "
        f"{100 * training['hardest_share']:g} % of elements"
    )


def detector_card(config: DetectorConfig, held_out: int) -> str:
    """The README.md of a detector's checkpoint folder."""
    training = config.training
    lines = [
        *_front_matter(training.get("license", "unknown"), [config.method, config.product, "efficientad"], [config]),
        f"# {method_title(config)} for {config.product} ({config.size})",
        "",
        *_about(config, held_out),
        *([f"- calibration: {training['calibration']}"] if "calibration" in training else []),
        *([f"- 16-bit photos: read as {config.bits}-bit values"] if config.bits else []),
        f"- teacher: `{config.teacher_digest}`",
    ]
    if config.separation:
        s = config.separation
        margin = f"margin ratio {s.margin_ratio:g}" if s.margin is None else f"margin {s.margin:g}"
        lines.append(
            f"- τ′ {s.tau:g}, {margin}, λ {s.weight:g}, warm-up {s.warm_up:g}, split over {s.unit}, "
            f"hinge {s.hinge}, "
            + (f"normaliser {s.normaliser}" if s.constraint is Form.REPLACES else "added to the auto-encoder's loss")
        )
    if config.consistency:
        c = config.consistency
        losses = f", losses: context {c.context_weight:g}, affinity {c.affinity_weight:g}, auto-encoder's share "
        lines.append(
            f"- SNC: {c.snc}, {c.neighbourhood}×{c.neighbourhood} neighbourhoods, temperature {c.temperature:g}"
            + (f"{losses}{c.autoencoder_weight:g}" if c.in_training else "")
        )
    lines += ["", "## Measured", "", *_measured(training.get("measured")), ""]
    if config.self_test:
        lines += ["## Self-test", "", *_self_tested(config.self_test), ""]
    return "\n".join(lines) + "\n"


def _about(config: DetectorConfig, held_out: int) -> list[str]:
    if "converted_from" in config.training:
        return _about_converted(config, held_out)
    return _about_trained(config, held_out) if METHODS[config.method].trained else _about_closed_form(config, held_out)


def _about_converted(config: DetectorConfig, held_out: int) -> list[str]:
    return [
        f"A detector for DFSC Inspector, converted from {config.training['converted_from']}: its networks are as they "
        f"were trained there, size `{config.size}`.",
        "",
        "## Origin",
        "",
        f"- {config.training['statistics']}",
        f"- limits, percentiles and self-test: from {held_out} good photographs given at the conversion",
        f"- border: {config.border}",
    ]


def _about_trained(config: DetectorConfig, held_out: int) -> list[str]:
    training = config.training
    return [
        f"A detector for DFSC Inspector: student and auto-encoder of EfficientAD-S (arXiv 2303.14535), size "
        f"`{config.size}`, trained with {method_title(config)}.",
        *reconstructed(config),
        "",
        "## Training",
        "",
        f"- images: {training.get('data', 'unknown')}; {training.get('fitted', '?')} fitted, "
        f"{held_out} held out for calibration",
        f"- schedule: {config.schedule}; steps: {training.get('steps', '?')}; "
        f"optimiser: {training.get('optimiser', '?')}; seed {training.get('seed', '?')}",
        f"- time: {training.get('seconds', '?')} s for {training.get('trained_with', 'this method')}",
        f"- penalty images: {training.get('penalty', '?')}",
        *([_recipe_line(training)] if "hardest_share" in training else []),
    ]


def _about_closed_form(config: DetectorConfig, calibrated: int) -> list[str]:
    training = config.training
    return [
        f"A detector for DFSC Inspector: a closed-form linear model of the features of EfficientAD's teacher (size "
        f"`{config.size}`). Feature reconstruction error, after Ahuja et al. (arXiv 1909.11786) and Ndiour et al.; "
        "`dfsc/models/fre.py` lists the differences.",
        "",
        "## Training",
        "",
        f"- images: {training.get('data', 'unknown')}; {training.get('fitted', '?')} fitted, maps of "
        f"{calibrated} used for calibration",
        *([FEW_LEARNED.format(calibrated)] if calibrated < FEW_PHOTOGRAPHS else []),
    ]


def teacher_card(size: str, training: dict) -> str:
    """The README.md of a teacher's checkpoint folder."""
    converted = "converted_from" in training
    origin = "that another library distilled" if converted else "distilled from a pretrained backbone"
    rows = [f"- {name.replace('_', ' ')}: {value}" for name, value in training.items()]
    return "\n".join(
        [
            *_front_matter("unknown" if converted else "apache-2.0", ["teacher", "efficientad"]),
            f"# Teacher of size {size}",
            "",
            f"A patch description network (arXiv 2303.14535, section 3.1) {origin}.",
            "",
            *rows,
            "",
        ]
    )


def repository_card(
    repository: str, configs: Sequence[DetectorConfig], folders: Sequence[str] = (), pictures: str = ""
) -> str:
    """The README.md of a Hub repository: contents, usage and measured accuracy.

    Args:
        folders: where each detector lies; by default in a folder called as its method.
        pictures: the address below which the pictures of dfsc.reporting.card_picture lie; "" for none.
    """
    licences = sorted({config.training.get("license", "unknown") for config in configs})
    tags = sorted({config.product for config in configs} | {config.method for config in configs})
    told = dict.fromkeys(sentence for config in configs for sentence in reconstructed(config))
    sections = [
        line
        for config in configs
        for line in (
            f"## {method_title(config)} for {config.product} ({config.size})",
            "",
            *_measured(config.training.get("measured")),
            "",
            *([*_self_tested(config.self_test), ""] if config.self_test else []),
        )
    ]
    return "\n".join(
        [
            *_front_matter(licences[0] if len(licences) == 1 else "other", [*tags, "efficientad"], configs, pictures),
            f"# {repository.partition('/')[2]}",
            "",
            "Detectors for DFSC Inspector; they find structural and logical anomalies, trained on good images only.",
            "Each folder contains one detector; `teacher` is the network they share.",
            "",
            *(_shown(configs) if pictures else []),
            *_used(repository, folders or [config.method for config in configs]),
            *(line for sentence in told for line in (sentence, "")),
            *sections,
        ]
    )


def _shown(configs: Sequence[DetectorConfig]) -> list[str]:
    titles = ", ".join(method_title(config) for config in configs)
    return [f"![A photo, and the fused maps of {titles}](maps.jpg)", ""]


def _used(repository: str, folders: Sequence[str]) -> list[str]:
    """How the detectors are loaded, one by its folder where there are several."""
    name, *others = [f"{repository}:{folder}" for folder in folders] if len(folders) > 1 else [repository]
    more = f"  # or {', '.join(others)}" if others else ""
    return [
        "```python",
        "import dfsc",
        "",
        f'detector = dfsc.load("{name}"){more}',
        'inspection = dfsc.inspect(dfsc.read_image("photo.jpg"), detector)',
        "print(inspection.results[0].verdict, inspection.results[0].score)",
        "```",
        "",
        *([f'All of them at once: `dfsc.open_checkpoints("{repository}")`.', ""] if others else []),
    ]


def _front_matter(
    license_name: str, tags: list[str], configs: Sequence[DetectorConfig] = (), pictures: str = ""
) -> list[str]:
    lines = [f"  - {tag}" for tag in [*tags, "anomaly-detection", "industrial-inspection"]]
    results = [line for config in configs if config.training.get("measured") for line in _results(config)]
    # The Hub reads one model's results, so all detectors of a repository are one.
    index = ["model-index:", "  - name: dfsc", "    results:", *results] if results else []
    task = ["pipeline_tag: image-classification"] if configs else []
    widget = [
        f"thumbnail: {pictures}/maps.jpg",
        "widget:",
        f"  - src: {pictures}/photo.jpg",
        "    example_title: A photo to inspect",
    ]
    shown = widget if pictures else []
    return [
        "---",
        "library_name: dfsc",
        f"license: {license_name}",
        *task,
        "tags:",
        *lines,
        *shown,
        *index,
        "---",
        "",
    ]


def _results(config: DetectorConfig) -> list[str]:
    """What was measured of a detector, as an entry of a model-index."""
    metrics = [
        f"{{type: roc_auc, name: {json.dumps(f'image AUROC, fused map, {group}')}, value: {values['fused']:.4f}}}"
        for group, values in config.training["measured"]["auroc"].items()
    ]
    return [
        f"      - task: {{type: image-classification, name: {json.dumps(f'anomalies, {method_title(config)}')}}}",
        f"        dataset: {{type: images, name: {json.dumps(f'test images of {config.product}')}}}",
        "        metrics:",
        *(f"          - {metric}" for metric in metrics),
    ]


def _self_tested(test: SelfTest) -> list[str]:
    verdicts = "" if test.usable else " **Not usable yet**: it gives no verdicts."
    return [
        f"It {test.sentence}: {test.details}.{verdicts}",
        "",
        "The faults were made on held-out good photos. The test shows whether the detector learned to find anything; "
        "it does not measure accuracy on real faults.",
    ]


def _measured(measured: dict | None) -> list[str]:
    if not measured:
        return ["Not measured on test images."]
    rows = [
        f"| {group} | {values['local']:.3f} | {values['global']:.3f} | {values['fused']:.3f} |"
        for group, values in measured["auroc"].items()
    ]
    counts = json.dumps(measured["counts"])
    return [f"Image AUROC; images: {counts}.", "", "| anomaly | local | global | fused |", "|---|---|---|---|", *rows]
