"""Image AUROC over several seeds: train on a data set's good images, evaluate on its test images, repeat.

With few good photographs a fixed test set would say little, so `cross_validated` draws, seed by seed, a quarter of all
good images as the good test images and trains on the others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

import numpy as np

from dfsc.datasets import GOOD, Dataset, TestImage
from dfsc.evaluation import Auroc, evaluate
from dfsc.images import read_image, resize_for_network
from dfsc.recipe import Recipe, start

TEST_SHARE = 0.25


@dataclass(frozen=True)
class SeedResult:
    """One seed's figures: AUROC by group and map for each method, and what its training's last step logged."""

    seed: int
    auroc: dict[str, dict[str, Auroc]]
    watch: dict[str, dict[str, float]]


def run(dataset: Dataset, recipe: Recipe, seeds: list[int], cross_validated: bool) -> Iterator[SeedResult]:
    """Train and evaluate once a seed, yielding each result as it comes."""
    for seed in seeds:
        divided = cross_validation_split(dataset, seed) if cross_validated else dataset
        yield _one_seed(divided, replace(recipe, seed=seed))


def cross_validation_split(dataset: Dataset, seed: int) -> Dataset:
    """The same data set with another quarter of all its good images as good test images."""
    good = [*dataset.train, *dataset.validation, *(image.path for image in dataset.test if image.is_good)]
    order = np.random.default_rng(seed).permutation(len(good))
    tested = round(TEST_SHARE * len(good))
    test = [TestImage(good[i], GOOD, GOOD) for i in sorted(order[:tested])]
    return replace(
        dataset,
        train=tuple(good[i] for i in sorted(order[tested:])),
        validation=(),
        test=(*test, *(image for image in dataset.test if not image.is_good)),
    )


def table(results: list[SeedResult]) -> str:
    """Markdown: a row for each method, group and map, a column for each seed, and the mean."""
    seeds = " | ".join(f"seed {result.seed}" for result in results)
    lines = [f"| method | anomaly | map | {seeds} | mean |", "|---|---|---|" + "---|" * (len(results) + 1)]
    for method, groups in results[0].auroc.items():
        for group, maps in groups.items():
            for name in maps:
                values = [result.auroc[method][group][name] for result in results]
                cells = " | ".join(f"{value:.3f}" for value in values)
                lines.append(f"| {method} | {group} | {name} | {cells} | {mean(values):.3f} |")
    return "\n".join(lines)


def _one_seed(dataset: Dataset, recipe: Recipe) -> SeedResult:
    training = start(recipe, _decoded(dataset.train), _decoded(dataset.validation) if dataset.validation else None)
    watch: dict[str, dict[str, float]] = {}
    for progress in training.run():
        record = progress.record
        watch.setdefault(record.method, {}).update(record.losses | record.watch)
    detectors = list(training.detectors(dataset.name, {}).values())
    reports = evaluate(dataset, detectors).detectors
    return SeedResult(recipe.seed, {report.method: report.auroc for report in reports}, watch)


def _decoded(paths: tuple[Path, ...]) -> np.ndarray:
    return np.stack([resize_for_network(read_image(path)) for path in paths])
