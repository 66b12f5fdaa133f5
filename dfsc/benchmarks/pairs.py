"""Matched pairs on rendered products at the published schedule, one after another until the time is over.

Photographs and penalty images are rendered by all cores beforehand, so that no step waits for one.
"""

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from dfsc.checkpoints.cards import detector_card
from dfsc.checkpoints.detectors import save_detector
from dfsc.datasets import open_dataset
from dfsc.evaluation.evaluation import evaluate
from dfsc.files import replacing
from dfsc.images.decoding import network_image
from dfsc.machine import give_back
from dfsc.material.on_demand import OnDemand
from dfsc.material.penalty import rendered
from dfsc.material.training_set import on_device
from dfsc.models.methods import PAIR, PARTNER
from dfsc.scenes import Counts, write_dataset
from dfsc.training.notes import training_notes
from dfsc.training.recipe import Recipe, begin, gather
from dfsc.training.training import Training

TELL_SECONDS = 20.0


@dataclass(frozen=True)
class PairPlan:
    """Which pairs are trained: each product with the first seed, then each with the next.

    Attributes:
        steps: of the joint training.
        counts: images of each product's data set.
        penalty_images: how many different penalty images there are; each is shown as often as there are steps for it.
    """

    products: tuple[str, ...]
    seeds: tuple[int, ...] = (0, 1, 2)
    size: str = "small"
    steps: int = 70_000
    counts: Counts = field(default_factory=Counts)
    penalty_images: int = 4096


def trained_pairs(folder: Path, plan: PairPlan, device: torch.device, deadline: float) -> Iterator[str]:
    """Lines on what is done. By `deadline` (time.monotonic) the running training is kept, and goes on the next time.

    A finished pair leaves pairs/PRODUCT-SEED.json and a checkpoint for each method in checkpoints/PRODUCT-SEED.
    """
    for seed in plan.seeds:
        for product in plan.products:
            result = folder / "pairs" / f"{product}-{seed}.json"
            if result.is_file():
                continue
            if time.monotonic() >= deadline:
                yield "The time is over; the same command goes on."
                return
            yield from _pair(folder, plan, product, seed, device, deadline, result)


def _pair(
    folder: Path, plan: PairPlan, product: str, seed: int, device: torch.device, deadline: float, result: Path
) -> Iterator[str]:
    name, began = f"{product}-{seed}", time.monotonic()
    for _ in write_dataset(product, folder / "data" / product, 0, plan.counts, workers=os.cpu_count() or 1):
        pass
    dataset = open_dataset(folder / "data" / product)
    recipe = Recipe((*PAIR, PARTNER), size=plan.size, steps=plan.steps, as_published=True, seed=seed)
    good, validation = (np.stack(list(map(network_image, of))) for of in (dataset.train, dataset.validation))
    material = gather(recipe, good, validation, device=device)
    pool = _penalty_pool(folder / f"penalty-{seed}.npy", seed, plan.penalty_images)
    stack = on_device(OnDemand(len(pool), pool.__getitem__, np.stack), device, material.data.memory)
    training = begin(recipe, replace(material, penalty=stack))
    yield f"{name}: prepared in {time.monotonic() - began:.0f} s"
    state = folder / "unfinished" / f"{name}.pt"
    state.parent.mkdir(exist_ok=True)
    yield from _steps(training, state, name, deadline)
    if training.taken.get("joint", 0) < plan.steps:
        return
    notes = training_notes(recipe, training, f"{len(good)} rendered images", training.seconds, "Apache-2.0")
    detectors = training.detectors(product, notes)
    for method, detector in detectors.items():
        save_detector(
            detector,
            folder / "checkpoints" / name / method,
            detector_card(detector.config, detector.calibration.count),
        )
    evaluation = evaluate(dataset, detectors, device=device)
    found = {"seconds": round(training.seconds, 1), "device": evaluation.device, "steps": plan.steps}
    with replacing(result) as unfinished:
        unfinished.write_text(json.dumps(found | evaluation.as_json(), indent=1) + "\n", encoding="utf-8")
    state.unlink(missing_ok=True)
    training.forget()
    give_back()
    yield f"{name}: {training.seconds:.0f} s for both methods\n{evaluation.table()}"


def _steps(training: Training, state: Path, name: str, deadline: float) -> Iterator[str]:
    told = time.monotonic()
    running = training.run(state)
    for progress in running:
        now, record = time.monotonic(), progress.record
        if now - told > TELL_SECONDS:
            told = now
            yield f"{name}: step {record.step} of {record.steps}, {progress.seconds_left:.0f} s left"
        if now >= deadline:
            running.close()
            yield f"{name}: stopped at step {record.step} of {record.steps}"
            return


def _penalty_pool(file: Path, seed: int, count: int) -> np.ndarray:
    """Rendered penalty images, uint8 count×256×256×3, from the file or drawn by all cores."""
    if file.is_file():
        pool = np.load(file)
        if len(pool) >= count:
            return pool[:count]
    workers = min(count, os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as processes:
        pool = np.stack(list(processes.map(partial(_penalty_image, seed), range(count), chunksize=8)))
    with replacing(file) as unfinished, unfinished.open("wb") as stream:
        np.save(stream, pool)
    return pool


def _penalty_image(seed: int, number: int) -> np.ndarray:
    return rendered(seed)(number)
