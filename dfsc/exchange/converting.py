"""From another library's EfficientAD to a checkpoint of this one: networks and quantiles stay, good photographs add.

Good photographs give the maps from which limits and percentiles follow, the usual error, the self-test and, where the
origin kept none, the teacher's channel statistics and the quantiles.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dfsc.checkpoints.cards import detector_card, teacher_card
from dfsc.checkpoints.detectors import load_teacher, save_detector, save_teacher
from dfsc.checkpoints.files import check_replaceable
from dfsc.checkpoints.format import TEACHER
from dfsc.errors import CheckpointError
from dfsc.exchange.origins import Origin, autoencoder_of, student_of, teacher_of
from dfsc.machine import CPU, exact_arithmetic
from dfsc.material.training_set import MAX_HELD_OUT, MIN_HELD_OUT, channel_statistics, check_enough, evenly
from dfsc.models.calibration import Calibration, RawMaps
from dfsc.models.detector import (
    BORDER_CONVENTION,
    GIVEN_QUANTILES,
    PADDED_NETWORKS,
    Detector,
    DetectorConfig,
    StudentAutoencoder,
    Teacher,
    network_input,
    raw_maps,
)
from dfsc.models.methods import BASELINE
from dfsc.models.self_test import SelfTest, judge, make_faults
from dfsc.training.strangeness import by_another_camera, other_things, usual_error

BATCH = 4
SEED = 0

Look = Callable[[np.ndarray], RawMaps]


def convert_teacher(origin: Origin, folder: Path, known: str = "") -> str:
    """Write the teacher of an origin as a checkpoint folder, for `train --teacher`; the name of its size.

    Args:
        known: as what it was recognised, a phrase for its card.

    Raises:
        CheckpointError: for a network that is none of EfficientAD's, and a folder with other files.
    """
    network, size = teacher_of(origin)
    notes = {"converted_from": f"{known or origin.title} ({origin.digest})"}
    save_teacher(network, size, notes, folder, teacher_card(size, notes))
    return size


def convert_detector(
    origin: Origin, photographs: np.ndarray, folder: Path, product: str, license_name: str, bits: int | None = None
) -> Detector:
    """Write a detector of an origin to a folder: its own in `ead-s`, its teacher's in `teacher`.

    Args:
        photographs: good parts that it was not trained on, uint8 N×256×256×3, of which 500 are used at most.
        bits: see DetectorConfig.

    Raises:
        CheckpointError: for networks that are none of EfficientAD's, and a folder with other files.
        TrainingError: for fewer than four photographs.
    """
    check_enough(len(photographs), MIN_HELD_OUT)
    photographs = photographs[evenly(len(photographs), MAX_HELD_OUT)]
    for place in (folder / BASELINE, folder / TEACHER):
        check_replaceable(place)
    model = _model(origin)
    convert_teacher(origin, folder / TEACHER)
    teacher = load_teacher(folder / TEACHER)
    mean, std = origin.statistics or _channel_statistics(teacher, photographs)
    if mean.shape[0] != teacher.size.teacher_channels or not std.min() > 0:
        raise CheckpointError("The channel statistics are not those of a teacher, so the detector can't be used.")
    config = DetectorConfig(
        product=product,
        method=BASELINE,
        size=teacher.size.name,
        teacher_digest=teacher.digest,
        separation=None,
        schedule="joint",
        border=_border(origin),
        training=_notes(origin, len(photographs), license_name),
        bits=bits,
        held_out=f"sha256:{hashlib.sha256(np.ascontiguousarray(photographs).data).hexdigest()}",
    )
    calibration, test = _calibrated(origin, photographs, lambda images: _maps(teacher, model, mean, std, images))
    detector = Detector(replace(config, self_test=test), teacher, model, mean, std, calibration)
    save_detector(detector, folder / BASELINE, detector_card(detector.config, calibration.count))
    return detector


def _model(origin: Origin) -> StudentAutoencoder:
    _, size = teacher_of(origin)
    return StudentAutoencoder(student_of(origin, size), autoencoder_of(origin, size)).eval()


def _border(origin: Origin) -> str:
    if origin.padded:
        return PADDED_NETWORKS
    return GIVEN_QUANTILES if origin.quantiles else BORDER_CONVENTION


def _notes(origin: Origin, count: int, license_name: str) -> dict:
    statistics = "its own" if origin.statistics else f"of {count} good photographs"
    quantiles = "its own" if origin.quantiles else f"of {count} good photographs"
    return {
        "converted_from": f"{origin.title} ({origin.digest})",
        "statistics": f"channel mean and std {statistics}, quantiles {quantiles}",
        "license": license_name,
    }


def _calibrated(origin: Origin, photographs: np.ndarray, look: Look) -> tuple[Calibration, SelfTest]:
    good = look(photographs)
    typical = usual_error(good.local, look(by_another_camera(photographs, SEED)).local, look(other_things(SEED)).local)
    calibration = Calibration(good, typical=typical, given=origin.quantiles)
    if origin.padded and not origin.quantiles:
        calibration = replace(calibration, given=calibration.quantiles)
    faults = make_faults(photographs, SEED)
    maps = look(np.stack([fault.image for fault in faults]))
    return calibration, judge(faults, maps, calibration, steps=None)


@torch.inference_mode()
def _maps(teacher: Teacher, model: StudentAutoencoder, mean: Tensor, std: Tensor, images: np.ndarray) -> RawMaps:
    """Raw maps of uint8 N×256×256×3 images."""
    stacks = []
    with exact_arithmetic(CPU):
        for start in range(0, len(images), BATCH):
            x = network_input(images[start : start + BATCH])
            stacks.append(raw_maps(model, (teacher.network(x) - mean) / std, x))
    return RawMaps(np.concatenate([s.local for s in stacks]), np.concatenate([s.global_ for s in stacks]))


@torch.inference_mode()
def _channel_statistics(teacher: Teacher, photographs: np.ndarray) -> tuple[Tensor, Tensor]:
    return channel_statistics(teacher.network(network_input(image[None]))[0] for image in photographs)
