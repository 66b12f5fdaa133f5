"""What a retraining of a few minutes is worth: a pair and FRE of few photographs, judged on a data set's images."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean

import numpy as np

from dfsc.datasets import Dataset, check_divided, check_trainable, open_dataset
from dfsc.evaluation.evaluation import DetectorReport, evaluate
from dfsc.images.decoding import network_image
from dfsc.machine import Device, chosen
from dfsc.models.self_test import SelfTest
from dfsc.reporting.formats import markdown_table
from dfsc.sweeps.workbench import cross_validation_split
from dfsc.training.pacing import Budget
from dfsc.training.recipe import Recipe, start


@dataclass(frozen=True)
class RetrainRun:
    """One retraining.

    Attributes:
        first_step: seconds from the start, decoding included, to the first step's record.
        seconds: seconds to calibrated detectors.
        steps: by stage.
        reports: one a method.
        self_tests: by method.
    """

    seed: int
    first_step: float
    seconds: float
    steps: dict[str, int]
    reports: tuple[DetectorReport, ...]
    self_tests: dict[str, SelfTest] = field(default_factory=dict)


def runs(
    folder: Path,
    recipe: Recipe,
    photographs: int,
    seeds: Sequence[int],
    cross_validated: bool,
    device: Device | None = None,
) -> Iterator[RetrainRun]:
    """Retrain once a seed, on as many good photographs by a seeded draw; what is not drawn is not used.

    Args:
        cross_validated: each seed tests on another quarter of all good images (see cross_validation_split).

    Raises:
        DFSCError: for a data set that can't be opened or trained on.
    """
    whole = open_dataset(folder)
    check_trainable(whole)
    check_divided(whole)
    for seed in seeds:
        dataset = cross_validation_split(whole, seed) if cross_validated else whole
        yield _run(dataset, replace(recipe, seed=seed), photographs, chosen(device))


def _run(dataset: Dataset, recipe: Recipe, photographs: int, device: Device) -> RetrainRun:
    drawn = sorted(np.random.default_rng(recipe.seed).permutation(len(dataset.train))[:photographs])
    started, first_step = time.monotonic(), 0.0
    budget = Budget(recipe.seconds)
    good = np.stack([network_image(dataset.train[index]) for index in drawn])
    training = start(recipe, good, budget=budget, device=device)
    for _ in training.run():
        first_step = first_step or time.monotonic() - started
    detectors = list(training.detectors(dataset.name, {}).values())
    seconds = time.monotonic() - started
    steps = dict(training.taken)
    training.forget()
    reports = tuple(evaluate(dataset, detectors, device=device).detectors)
    self_tests = {detector.config.method: detector.config.self_test for detector in detectors}
    return RetrainRun(recipe.seed, first_step, seconds, steps, reports, self_tests)


def table(done: Sequence[RetrainRun]) -> str:
    """Image AUROC by seed, method and anomaly (local / global / fused), and their means over the seeds."""
    rows = []
    for number, report in enumerate(done[0].reports):
        for group in report.auroc:
            values = [run.reports[number].auroc[group] for run in done]
            cells = [" / ".join(f"{value[name]:.3f}" for name in ("local", "global", "fused")) for value in values]
            fused = mean(value["fused"] for value in values)
            rows.append([report.method, group, *cells, f"**{fused:.3f}**"])
    return markdown_table(["method", "anomaly", *(f"seed {run.seed}" for run in done), "mean"], rows)


def summary(run: RetrainRun, wished: float) -> str:
    """One line on time, steps and what the self-tests say beside the figures on real faults."""
    steps = ", ".join(f"{count} {stage}" for stage, count in run.steps.items())
    return (
        f"seed {run.seed}: first step after {run.first_step:.1f} s, ready after {run.seconds:.1f} of {wished:.0f} s; "
        f"steps of each method: {steps}"
        + "".join(f"; {method} {test.sentence}" for method, test in run.self_tests.items())
    )
