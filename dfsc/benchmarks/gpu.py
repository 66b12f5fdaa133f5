"""What a device manages: inference, steps of a training, and matched pairs trained at the published schedule.

For a machine that is lent for minutes and has no network. What is finished lies in a folder, and the same call goes on
from there.
"""

import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice, product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from dfsc.arithmetic import NAMES
from dfsc.benchmarks.pairs import PairPlan, trained_pairs
from dfsc.files import read_json, replacing
from dfsc.geometry import INPUT_SIZE
from dfsc.machine import batch, described, dtype_for, dtype_name, in_arithmetic, wait_for
from dfsc.material.on_demand import OnDemand
from dfsc.material.training_set import on_device, prepare
from dfsc.models.detector import Detector, Teacher, for_inference, network_input
from dfsc.models.methods import PAIR
from dfsc.models.networks import SIZES, AutoEncoder, NetworkSize, student_network, teacher_network
from dfsc.training.closed_form import closed_form_detector
from dfsc.training.method_training import MethodTraining
from dfsc.training.plan import PUBLISHED_PLAN

IMAGES, MOST_TOGETHER = 8, 50
# Edges of the matrices whose product tells the limit: so many blocks on a processor, more on a GPU.
BLOCK, PROCESSOR_BLOCKS = 256, 4

Way = Callable[[], dict]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Wishes:
    """What is measured.

    Attributes:
        size: of the networks.
        batches: of the inference; the first of them is a training's too, beside `training_batch`, 8 at most.
        seconds: how long each way is measured.
    """

    size: str = "small"
    batches: tuple[int, ...] = (1, 32, 128, 512)
    training_batch: int = IMAGES
    seconds: float = 2.0


def run(folder: Path, minutes: float, device: torch.device, wishes: Wishes, pairs: PairPlan, tell: Tell) -> None:
    """Measure, then train as many pairs as the time allows; skips what lies in the folder already."""
    deadline = time.monotonic() + 60 * minutes
    folder.mkdir(parents=True, exist_ok=True)
    about = environment(device)
    _write(folder / "environment.json", about)
    tell(", ".join(f"{name} {value}" for name, value in about.items()))
    for name, ways in (("inference", inference), ("training", steps)):
        for row in _measured(folder / f"{name}.json", ways(device, wishes)):
            tell(f"{name}: " + ", ".join(f"{key} {value}" for key, value in row.items()))
    for line in trained_pairs(folder, pairs, device, deadline):
        tell(line)


def _measured(file: Path, ways: Iterator[Way]) -> Iterator[dict]:
    """What the ways that are not in the file yet come to; each is kept there at once."""
    rows = read_json(file) if file.is_file() else []
    for way in islice(ways, len(rows), None):
        rows.append(way())
        _write(file, rows)
        yield rows[-1]


def environment(device: torch.device) -> dict[str, str]:
    """Device and versions, in words."""
    return {
        "device": described(device),
        "arithmetic": f"{dtype_name(dtype_for('inference', device))} inspecting, "
        f"{dtype_name(dtype_for('training', device))} training",
        "torch": torch.__version__,
        "cuda": str(torch.version.cuda),
        "cudnn": str(torch.backends.cudnn.version()),
        "python": platform.python_version(),
        "cores": str(os.cpu_count()),
    }


def inference(device: torch.device, wishes: Wishes) -> Iterator[Way]:
    """Networks alone, images on the device: EAD-S (and DFSC, the same networks) and FRE, in each arithmetic."""
    size = SIZES[wishes.size]
    torch.manual_seed(0)
    teacher = teacher_network(size).eval()
    model = _fitted(teacher, size, device).model.to(device)
    for name, dtype in NAMES.items():
        networks = [teacher, student_network(size), AutoEncoder(size.teacher_channels)]
        networks = [for_inference(deepcopy(network).to(device), dtype) for network in networks]
        ways: tuple[tuple[str, Callable[[Tensor], object]], ...] = (
            ("EAD-S, DFSC", partial(_networks, networks)),
            ("FRE", partial(_fre, networks[0], model)),
        )
        for (method, way), count in product(ways, wishes.batches):
            known = {"method": method, "arithmetic": name, "batch": count}
            yield partial(_inferred, known, way, count, device, wishes.seconds)


def _inferred(known: dict, way: Callable[[Tensor], object], count: int, device: torch.device, seconds: float) -> dict:
    x = network_input(np.zeros((count, INPUT_SIZE, INPUT_SIZE, 3), np.uint8), device)
    with torch.inference_mode():
        each = _seconds_each(partial(way, x), device, seconds)
    return known | {"images_a_second": round(count / each, 1), "milliseconds": round(1000 * each, 3)}


def _networks(networks: Sequence[nn.Module], x: Tensor) -> list[Tensor]:
    return [network(x) for network in networks]


def _fre(teacher: nn.Module, model: nn.Module, x: Tensor) -> object:
    return model(x, teacher(x).float())


def steps(device: torch.device, wishes: Wishes) -> Iterator[Way]:
    """Joint steps with the published optimiser, in each arithmetic, and as they are without what is done for a GPU."""
    for name, dtype in NAMES.items():
        yield partial(_matrices, name, dtype, device, wishes.seconds)
    for count, method, name in product(dict.fromkeys((wishes.batches[0], wishes.training_batch)), PAIR, NAMES):
        yield partial(_steps, method, name, count, device, wishes)
    yield partial(_steps, PAIR[1], "bfloat16", wishes.batches[0], device, wishes, patience=1)


def _steps(
    method: str,
    arithmetic: str,
    count: int,
    device: torch.device,
    wishes: Wishes,
    patience: int | None = None,
) -> dict:
    training = _training(method, SIZES[wishes.size], count, device)
    training.patience = patience or training.patience
    taking = training.run()
    with in_arithmetic(NAMES[arithmetic]):
        next(taking)
        with FlopCounterMode(display=False) as counter:
            next(taking)
        each = _seconds_each(lambda: next(taking), device, wishes.seconds)
    return {
        "method": method,
        "arithmetic": arithmetic,
        "batch": count,
        "looked_at_every": training.patience,
        "steps_a_second": round(1 / each, 2),
        "milliseconds": round(1000 * each, 3),
        "teraflops": round(counter.get_total_flops() / each / 1e12, 2),
    }


def _training(method: str, size: NetworkSize, count: int, device: torch.device) -> MethodTraining:
    """A training that never ends, all that it looks at on the device."""
    torch.manual_seed(0)
    images = np.random.default_rng(0).integers(0, 256, (3, IMAGES, INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
    teacher = Teacher(teacher_network(size).eval(), size, "random")
    data = prepare(images[0], images[1], teacher, 2, 0.0, seed=0, device=device)
    penalty = on_device(OnDemand(IMAGES, lambda number: images[2][number], np.stack), device, data.memory)
    for stack in (data.plain_there, data.jittered_there, data.plain_teacher, data.jittered_teacher, penalty):
        stack[range(len(stack))]
    endless = replace(PUBLISHED_PLAN, student_steps=10**9, student_batch=count, passes=False, plain_arithmetic=False)
    return MethodTraining(method, endless, data, penalty)


def _fitted(teacher: nn.Module, size: NetworkSize, device: torch.device) -> Detector:
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
    looking = Teacher(teacher, size, "random")
    return closed_form_detector(images, looking, "random", {}, self_tested=False, device=device)


def _matrices(name: str, dtype: torch.dtype, device: torch.device, seconds: float) -> dict:
    """What products of large matrices reach, in 10¹² operations a second: the limit that counts."""
    edge = batch(device, PROCESSOR_BLOCKS) * BLOCK
    matrix = torch.zeros(edge, edge, dtype=dtype, device=device)
    each = _seconds_each(lambda: matrix @ matrix, device, seconds)
    return {"method": "matrices", "arithmetic": name, "edge": edge, "teraflops": round(2 * edge**3 / each / 1e12, 2)}


def _seconds_each(way: Callable[[], object], device: torch.device, seconds: float) -> float:
    """What one of many calls takes, the first ones left out."""
    way()  # prepares
    once = _seconds(way, 1, device)
    together = max(1, min(MOST_TOGETHER, int(seconds / 4 / once)))
    _seconds(way, together, device)
    taken, count = 0.0, 0
    while taken < seconds:
        taken += _seconds(way, together, device)
        count += together
    return taken / count


def _seconds(way: Callable[[], object], times: int, device: torch.device) -> float:
    wait_for(device)
    began = time.perf_counter()
    for _ in range(times):
        way()
    wait_for(device)
    return time.perf_counter() - began


def _write(file: Path, content: object) -> None:
    with replacing(file) as unfinished:
        unfinished.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
