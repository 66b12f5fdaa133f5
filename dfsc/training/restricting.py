"""A region of interest for detectors that were trained without one.

Their own good photographs' maps, which a checkpoint keeps, give scale and limits for the region. With the photographs
themselves detectors are made for the region: they see nothing else from then on, networks are calibrated and tried
anew, and FRE, which judges each place by all others, is learned anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np
import torch

from dfsc.errors import DFSCError
from dfsc.machine import Device, batch, chosen, exact_arithmetic, on
from dfsc.material.training_set import (
    CHUNK,
    HELD_OUT_SHARE,
    MAX_HELD_OUT,
    PUBLISHED_HELD_OUT_SHARE,
    check_enough,
    evenly,
    images_digest,
    split_good,
)
from dfsc.models import fre
from dfsc.models.calibration import Calibration, PositionScale, RawMaps
from dfsc.models.detector import Detector, Detectors, network_input, several
from dfsc.models.methods import METHODS, PARTNER
from dfsc.models.region import Region
from dfsc.models.self_test import Fault, judge, make_faults
from dfsc.training.calibrating import POSITION_IMAGES, stacked
from dfsc.training.closed_form import closed_form_detector, closed_form_notes
from dfsc.training.plan import FIXTURE_FLOOR, MOVING_FLOOR
from dfsc.training.strangeness import by_another_camera, other_things, usual_error


def restricted(
    detectors: Detectors,
    region: Region,
    good: np.ndarray | None = None,
    validation: np.ndarray | None = None,
    device: Device | None = None,
) -> list[Detector]:
    """The detectors with a region of interest.

    Args:
        detectors: one or several without a region.
        good: photographs of good parts, uint8 N×256×256×3 resized by the rule. Of those that a network was trained
            with, it is calibrated on the ones that were held out, else on all.
        validation: others that a data set holds out.
        device: where the networks run (see Inspector).

    Raises:
        DFSCError: for a detector that has a region; for FRE without photographs, as it has to be learned anew.
        TrainingError: for fewer than four photographs.
    """
    detectors = several(detectors)
    if given := [detector for detector in detectors if detector.region]:
        raise DFSCError(f"{given[0].config.name} has a region already; set another one on it as it was trained.")
    if any(detector.config.tiles for detector in detectors):
        raise DFSCError("A detector of tiles can't have a region yet; leave it out.")
    if good is None:
        _refuse_unless_local(detectors)
        return [replace(one, calibration=one.calibration.within(region)) for one in detectors]
    check_enough(len(good), fre.MIN_IMAGES)
    photographs = _photographs(detectors, region, good, good[:0] if validation is None else validation)
    made = (_learned_anew if one.config.method == PARTNER else _calibrated_anew for one in detectors)
    return [make(one, photographs, chosen(device)) for make, one in zip(made, detectors, strict=True)]


@dataclass(frozen=True)
class _Photographs:
    """Good photographs, uint8 N×256×256×3: those to calibrate networks on, and those that these have learned from.

    `seed` is that of their training, `region` what counts of them.
    """

    held_out: np.ndarray
    fitted: np.ndarray
    region: Region
    seed: int = 0

    @property
    def all(self) -> np.ndarray:
        return np.concatenate([self.held_out, self.fitted])

    @cached_property
    def faults(self) -> list[Fault]:
        """Made on those that are held out, the same for all networks."""
        return make_faults(self.held_out, self.seed, self.region)


def _refuse_unless_local(detectors: Sequence[Detector]) -> None:
    if any(not METHODS[one.config.method].trained for one in detectors):
        raise DFSCError(
            "FRE judges each place by all the others, so for a region it is learned anew; name the good photographs "
            "with --good FOLDER (in Python good=…)."
        )


def _photographs(
    detectors: Sequence[Detector], region: Region, good: np.ndarray, validation: np.ndarray
) -> _Photographs:
    """Split as in the detectors' training, if they are that training's."""
    wanted = {detector.config.held_out for detector in detectors}
    seeds = {int(detector.config.training.get("seed", 0)) for detector in detectors}
    region = region.filled([*good, *validation])
    splits = [_Photographs(validation[evenly(len(validation), MAX_HELD_OUT)], good, region)] if len(validation) else []
    for seed, share in product(seeds, (HELD_OUT_SHARE, PUBLISHED_HELD_OUT_SHARE)):
        fit, held_out = split_good(len(good), seed, share, fre.MIN_IMAGES)
        splits.append(_Photographs(good[held_out], good[fit], region, seed))
    known = (split for split in splits if images_digest(split.held_out) in wanted)
    return next(known, _Photographs(np.concatenate([good, validation]), good[:0], region))


def _learned_anew(detector: Detector, photographs: _Photographs, place: torch.device) -> Detector:
    config, good = detector.config, photographs.all
    notes = config.training | closed_form_notes(config.training, len(good))
    made = closed_form_detector(
        good,
        detector.teacher,
        config.product,
        {name: value for name, value in notes.items() if name != "measured"},
        len(photographs.held_out),
        images_digest(photographs.held_out),
        config.bits,
        device=place,
        region=photographs.region,
    )
    return replace(made, source=detector.source)


def _calibrated_anew(detector: Detector, photographs: _Photographs, place: torch.device) -> Detector:
    def raw(images: np.ndarray) -> RawMaps:
        return _raw_maps(detector, photographs.region.seen(images), place)

    held_out, region, seed = photographs.held_out, photographs.region, photographs.seed
    notes, faults = detector.config.training, photographs.faults
    good, changed, others = (
        raw(images) for images in (held_out, by_another_camera(held_out, seed), other_things(seed))
    )
    position = None
    if detector.calibration.position:
        known = stacked([good, raw(photographs.fitted[:POSITION_IMAGES])]) if len(photographs.fitted) else good
        position = PositionScale.of(known, MOVING_FLOOR if notes.get("movement") else FIXTURE_FLOOR)
    calibration = Calibration(good, position, usual_error(good.local, changed.local, others.local, region), region)
    steps = detector.config.self_test.steps if detector.config.self_test else None
    config = replace(
        detector.config,
        training={name: value for name, value in notes.items() if name != "measured"},
        self_test=judge(faults, raw(np.stack([fault.image for fault in faults])), calibration, steps),
        held_out=images_digest(held_out),
    )
    return replace(detector, config=config, calibration=calibration, weights_digest="")


@torch.inference_mode()
def _raw_maps(detector: Detector, images: np.ndarray, place: torch.device) -> RawMaps:
    """Of uint8 N×256×256×3 images, N ≥ 1, in float32 arithmetic as in a training."""
    there = replace(
        detector,
        model=on(place, detector.model),
        channel_mean=detector.channel_mean.to(place),
        channel_std=detector.channel_std.to(place),
    )
    teacher, size = on(place, detector.teacher.network), batch(place, CHUNK)
    stacks = []
    with exact_arithmetic(place):
        for start in range(0, len(images), size):
            x = network_input(images[start : start + size], place)
            stacks.append(there.raw_maps(x, teacher(x)))
    return stacked(stacks)
