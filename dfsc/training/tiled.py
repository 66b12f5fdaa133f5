"""FRE on the tiles of large photographs: a model for each tile, one map of all, limits by its good maps.

A network sees 256×256 pixels, so of a photograph of 2,048 a scratch one pixel wide is an eighth of a pixel there. Each
tile has a model of its own, since a place is judged by what is usual there. The calibration by position is of the whole
map, so every tile has its own scale, and one limit holds for all of them.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import torch
from torch import Tensor, nn

from dfsc.errors import TrainingError
from dfsc.geometry import INPUT_SIZE, MAP_SIZE, TILE_STRIDE, input_edge
from dfsc.images.tiling import Tiles, tile
from dfsc.machine import Device, chosen, exact_arithmetic, on
from dfsc.material.training_set import check_enough, evenly
from dfsc.models.calibration import Calibration, PositionScale, RawMaps
from dfsc.models.detector import Detector, Teacher, network_input, rounded
from dfsc.models.fre import LOCAL, MIN_IMAGES, Photographs, TiledReconstruction, position_floor
from dfsc.models.self_test import Fault, SelfTest, judge, make_faults
from dfsc.training.closed_form import closed_form_config, detector_of

# A tile's row and column.
Place = tuple[int, int]

# Their pixels all lie in memory, and the checkpoint keeps their maps.
MOST_LEARNED = 64
# There are many tiles, and a checkpoint keeps the components of each.
TILE_LOCAL = replace(LOCAL, most=8)


def tiled_detector(
    photographs: Sequence[np.ndarray],
    tiles: Tiles,
    teacher: Teacher,
    name: str,
    notes: dict,
    bits: int | None = None,
    seed: int = 0,
    device: Device | None = None,
) -> Detector:
    """A FRE detector of tiles from good photographs (uint8 H×W×3 each, resized for the tiles); 64 at most are used.

    Args:
        name: of the product.
        notes: its config's `training`.
        bits: see DetectorConfig.
        seed: of the made-up faults.
        device: where the teacher looks (see Inspector).

    Raises:
        TrainingError: for fewer than four photographs, or some of another size.
    """
    check_enough(len(photographs), MIN_IMAGES)
    photographs = [photographs[number] for number in evenly(len(photographs), MOST_LEARNED)]
    if len({one.shape for one in photographs}) > 1:
        raise TrainingError("The photographs are not all resized for the same tiles.")
    look = partial(_features, on(place := chosen(device), teacher.network), place)
    faults = _faults(photographs, tiles, seed)
    rows, columns = tiles
    good = _empty(len(photographs), tiles)
    models, faulty = [], []
    for at in product(range(rows), range(columns)):
        known = Photographs((look(tile(one, *at))[None] for one in photographs), local=TILE_LOCAL)
        models.append(known.model().compact())
        _put(good, np.s_[:], at, known.unseen())
        if of_tile := faults.get(at, []):
            owners = [fault.photograph for fault in of_tile]
            faulty.append((at, of_tile, known.unseen((look(fault.image) for fault in of_tile), owners)))
    calibration = Calibration(good, PositionScale.of(good, position_floor(len(photographs))))
    config = closed_form_config(name, teacher, notes, bits)
    config = replace(config, self_test=_tried(faulty, tiles, calibration), tiles=tiles)
    return detector_of(TiledReconstruction(models, tiles), teacher, config, calibration)


def _faults(photographs: Sequence[np.ndarray], tiles: Tiles, seed: int) -> dict[Place, list[Fault]]:
    """By tile, faults made on one tile of each photograph; their boxes are in shares of the tile's edges."""
    rng, (rows, columns) = np.random.default_rng((seed, 2)), tiles
    places = [(int(rng.integers(rows)), int(rng.integers(columns))) for _ in photographs]
    made = make_faults(np.stack([tile(one, *at) for one, at in zip(photographs, places, strict=True)]), seed)
    return {at: [fault for fault in made if places[fault.photograph] == at] for at in dict.fromkeys(places)}


def _tried(
    faulty: Sequence[tuple[Place, list[Fault], tuple[Tensor, Tensor]]], tiles: Tiles, calibration: Calibration
) -> SelfTest | None:
    """How many are found in the whole photograph; None where none could be made."""
    faults = [_on_whole(fault, at, tiles) for at, of_tile, _ in faulty for fault in of_tile]
    owners = [fault.photograph for fault in faults]
    maps = RawMaps(calibration.good.local[owners], calibration.good.global_[owners])  # copies
    first = 0
    for at, of_tile, own in faulty:
        _put(maps, np.s_[first : first + len(of_tile)], at, own)
        first += len(of_tile)
    return judge(faults, maps, calibration, steps=None) if faults else None


def _on_whole(fault: Fault, at: Place, tiles: Tiles) -> Fault:
    """With boxes in shares of the photograph's edges instead of the tile's."""
    (top, left), (height, width) = np.multiply(at, TILE_STRIDE), (input_edge(count * MAP_SIZE) for count in tiles)
    scale, shift = np.array([INPUT_SIZE / width, INPUT_SIZE / height] * 2), np.array([left / width, top / height] * 2)
    return replace(fault, boxes=tuple(tuple((np.array(box) * scale + shift).tolist()) for box in fault.boxes))


def _empty(count: int, tiles: Tiles) -> RawMaps:
    shape = count, *(number * MAP_SIZE for number in tiles)
    return RawMaps(np.empty(shape, np.float16), np.empty(shape, np.float16))


def _put(whole: RawMaps, images: slice, at: Place, own: tuple[Tensor, Tensor]) -> None:
    """Write a tile's maps of some images N×56×56 where they belong."""
    rows, columns = (slice(number * MAP_SIZE, (number + 1) * MAP_SIZE) for number in at)
    for maps, of_tile in zip((whole.local, whole.global_), own, strict=True):
        maps[images, rows, columns] = rounded(of_tile)


@torch.inference_mode()
def _features(network: nn.Module, device: torch.device, image: np.ndarray) -> Tensor:
    """The teacher's output C×56×56 on one tile; float32, as it is computed once."""
    with exact_arithmetic(device):
        return network(network_input(np.ascontiguousarray(image)[None], device))[0].float().cpu()
