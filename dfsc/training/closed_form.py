"""A FRE detector from good photographs: learned, calibrated and tried on made-up faults in one go (see models.fre).

It takes no steps, so it learns from all photographs, also from those that trained methods hold out. For the calibration
and the self-test, each is judged by a model of the others.
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from dfsc.machine import CPU, exact_arithmetic, on
from dfsc.material.augmentation import jittered, moved
from dfsc.models.calibration import Calibration, PositionScale, RawMaps
from dfsc.models.detector import Detector, DetectorConfig, Teacher, network_input, rounded
from dfsc.models.fre import FLOOR_IMAGES, FOLDS, GLOBAL, LOCAL, Photographs, position_floor
from dfsc.models.methods import PARTNER
from dfsc.models.region import Region
from dfsc.models.self_test import MADE, MADE_BESIDE, SelfTest, judge, make_faults

Look = Callable[[np.ndarray], Tensor]

# So many photographs' maps are kept, or all that other methods hold out, so that a checkpoint stays small.
KEPT_MAPS = 64
# Measured with 24 photographs of three rendered products (docs/measurements.md): copies help where there are so few.
FEW, COPIES, COPY_MOVEMENT = 24, 3, 0.05
MOST_LEARNED = 1000
# What decides a detector beside its photographs, teacher and seed; no option changes any of it.
FIXED = {
    "local": asdict(LOCAL),
    "global": asdict(GLOBAL),
    "folds": FOLDS,
    "floor_images": FLOOR_IMAGES,
    "kept_maps": KEPT_MAPS,
    "copies": (FEW, COPIES, COPY_MOVEMENT),
    "most_learned": MOST_LEARNED,
}


def closed_form_detector(
    photographs: np.ndarray,
    teacher: Teacher,
    product: str,
    notes: dict,
    held_out: int = 0,
    held_out_digest: str = "",
    bits: int | None = None,
    self_tested: bool = True,
    seed: int = 0,
    device: torch.device = CPU,
    region: Region | None = None,
) -> Detector:
    """A detector by the method FRE from good photographs, uint8 N×256×256×3.

    Args:
        notes: its config's `training`.
        held_out: how many of them, the first ones, other methods' calibrations are of; the calibration has at least
            these, in their order, so that it goes with theirs.
        held_out_digest, bits: see DetectorConfig.
        seed: of the made-up faults.
        device: where the teacher looks; the rest takes a second on the processor.
        region: what counts of the photographs; it has a fill.

    Raises:
        TrainingError: for fewer than four photographs.
    """
    photographs = _some(photographs, held_out)
    look = partial(_features, on(device, teacher.network), device, region)
    known = Photographs(_looks(look, image, number, len(photographs)) for number, image in enumerate(photographs))
    kept = max(held_out, min(len(photographs), KEPT_MAPS))
    good = _raw(known.unseen(), len(photographs))
    scale = PositionScale.of(good, position_floor(len(photographs)))
    calibration = Calibration(RawMaps(good.local[:kept], good.global_[:kept]), scale, region=region)
    config = closed_form_config(product, teacher, notes, bits)
    test = _tried(photographs, look, known, calibration, seed) if self_tested else None
    config = replace(config, self_test=test, held_out=held_out_digest)
    return detector_of(known.model().compact(), teacher, config, calibration)


def closed_form_config(product: str, teacher: Teacher, notes: dict, bits: int | None) -> DetectorConfig:
    """The config of a detector by FRE, without what is measured of it; `notes` are its `training`."""
    return DetectorConfig(
        product=product,
        method=PARTNER,
        size=teacher.size.name,
        teacher_digest=teacher.digest,
        separation=None,
        schedule="closed form",
        training=notes,
        bits=bits,
    )


def detector_of(model: nn.Module, teacher: Teacher, config: DetectorConfig, calibration: Calibration) -> Detector:
    """A detector of a model by FRE, which has a scale of its own for each of its numbers."""
    channels = teacher.size.teacher_channels
    return Detector(config, teacher, model.eval(), torch.zeros(channels, 1, 1), torch.ones(channels, 1, 1), calibration)


def looks(count: int) -> int:
    """How many images the teacher looks at for a detector from so many photographs, its self-test included."""
    return min(count, MOST_LEARNED) * (1 + _copies(count)) + MADE + MADE_BESIDE


def closed_form_notes(notes: dict, learned_from: int) -> dict:
    """What a training's notes say that holds for a method without steps as well."""
    kept = {name: notes[name] for name in ("data", "seed", "license") if name in notes}
    return kept | {"fitted": learned_from, "calibration": "each photograph by a model of the others"}


def _tried(
    photographs: np.ndarray,
    look: Look,
    known: Photographs,
    calibration: Calibration,
    seed: int,
) -> SelfTest:
    faults = make_faults(photographs, seed, calibration.region)
    features = (look(fault.image) for fault in faults)
    maps = known.unseen(features, [fault.photograph for fault in faults])
    return judge(faults, _raw(maps, len(faults)), calibration, steps=None)


def _raw(maps: tuple[Tensor, Tensor], kept: int) -> RawMaps:
    return RawMaps(*(rounded(of_branch[:kept]) for of_branch in maps))


def _some(photographs: np.ndarray, held_out: int) -> np.ndarray:
    """All of them, or of very many the held-out ones and others in equal steps."""
    surplus = len(photographs) - MOST_LEARNED
    if surplus <= 0:
        return photographs
    others = np.linspace(held_out, len(photographs) - 1, max(0, MOST_LEARNED - held_out)).round().astype(int)
    return photographs[np.concatenate([np.arange(held_out), others])]


def _copies(count: int) -> int:
    return COPIES if count <= FEW else 0


def _looks(look: Look, image: np.ndarray, number: int, count: int) -> Tensor:
    """Features K×C×56×56 of a photograph and, where there are few, of copies of it in other light and place."""
    rng = np.random.default_rng((0, number))
    images = [image, *(moved(jittered(image, rng), COPY_MOVEMENT, rng) for _ in range(_copies(count)))]
    return torch.stack([look(each) for each in images])


@torch.inference_mode()
def _features(network: nn.Module, device: torch.device, region: Region | None, image: np.ndarray) -> Tensor:
    """The teacher's output C×56×56 on what is seen of one image; float32, as it is computed once."""
    image = region.seen(image) if region else image
    with exact_arithmetic(device):
        return network(network_input(image[None], device))[0].float().cpu()
