"""What a training looks at: good images, split and augmented, and the teacher's output on them.

The teacher is frozen, so its output on a copy is computed when the copy is first drawn and kept in bfloat16, as far as
KEPT_BYTES go, however many images there are; methods that are trained as a matched pair share one training set.
"""

import hashlib
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import torch
from torch import Tensor, nn

from dfsc.errors import TrainingError
from dfsc.geometry import MAP_SIZE
from dfsc.machine import CPU, dtype_for, on, room, uploaded
from dfsc.material.augmentation import jittered, moved
from dfsc.material.image_store import Chosen, ImageStore
from dfsc.material.on_demand import Memory, OnDemand
from dfsc.models.detector import Teacher, for_inference, network_input
from dfsc.models.region import Region

MIN_IMAGES = 12
MIN_HELD_OUT = 4
# More would hardly move a limit, and a checkpoint keeps the maps of all of them.
MAX_HELD_OUT = 500
HELD_OUT_SHARE = 0.2
PUBLISHED_HELD_OUT_SHARE = 0.1
CHUNK = 8
BLANK_LEVELS = 4
# Rows that are drawn once are kept for the methods of a pair, which take turns, and no longer.
RECENT = 8
# Copies, the teacher's outputs and the auto-encoders' together; 640 copies and a pair of size demo need no more.
KEPT_BYTES = 3 * 2**29


def check_enough(count: int, least: int = MIN_IMAGES, why: str = "") -> None:
    """Raise TrainingError for fewer good images than `least`; `why` is a further sentence."""
    if count < least:
        raise TrainingError(f"There are {count} good images; a training needs at least {least}.{why}")


def check_variety(images: np.ndarray | ImageStore, least: int = MIN_IMAGES) -> None:
    """Raise TrainingError where fewer good images (uint8 N×256×256×3) than `least` show anything at all."""
    blank = int(sum(map(is_blank, images)))
    if len(images) >= least > len(images) - blank:
        raise TrainingError(
            f"{blank} of the {len(images)} good images are of a single colour, black, white or transparent; "
            f"a training needs at least {least} that show the part."
        )


def is_blank(image: np.ndarray) -> bool:
    """Whether an image (uint8 H×W×3) is of one colour all over, but for the last grey levels."""
    return int((image.max(axis=(0, 1)) - image.min(axis=(0, 1))).max()) < BLANK_LEVELS


def split_good(
    count: int, seed: int, share: float = HELD_OUT_SHARE, least: int = MIN_IMAGES
) -> tuple[list[int], list[int]]:
    """Indices (fit, held out) of `count` good images: a seeded draw holds out a share, 4 to 500, that is never fitted.

    Of fewer than 12 images it holds out half at most; only a method that learns of all of them makes sense then.

    Raises:
        TrainingError: for fewer images than `least`.
    """
    check_enough(count, least)
    held_out = min(MAX_HELD_OUT, max(MIN_HELD_OUT, round(share * count)), max(1, count // 2))
    order = np.random.default_rng(seed).permutation(count)
    return sorted(order[held_out:].tolist()), sorted(order[:held_out].tolist())


def images_digest(images: np.ndarray) -> str:
    """ "sha256:…" of images' pixels."""
    return "sha256:" + hashlib.sha256(np.ascontiguousarray(images).data).hexdigest()


@dataclass(frozen=True)
class TrainingSet:
    """Copies of the fit images with the teacher's standardised output on each; M copies in all, made when drawn.

    Attributes:
        plain: uint8 M×256×256×3, copies without colour jitter (moved, if the product moves).
        jittered: the same copies with colour jitter.
        plain_teacher, jittered_teacher: bfloat16 or float32 M×C×56×56, standardised per channel.
        channel_mean, channel_std: float32 C×1×1 of the teacher's output over the fit images.
        held_out: uint8 N×256×256×3 for calibration.
        fitted: how many different images the copies are of.
        dtype: of the teacher's output as it is kept.
        stacks: all that is made on demand.
        memory: what is kept on the device, and others may keep there.
        device: where the networks look at the copies.
        plain_there, jittered_there: the copies on the device, as the networks take them there.
        teacher_there: the teacher's network on the device, as it was loaded.
        bits: by how many bits 16-bit photographs were read (see DetectorConfig).
        region: what counts of the images, which show its fill elsewhere.
    """

    plain: OnDemand
    jittered: OnDemand
    plain_teacher: OnDemand
    jittered_teacher: OnDemand
    channel_mean: Tensor
    channel_std: Tensor
    held_out: np.ndarray
    fitted: int
    dtype: torch.dtype
    teacher: Teacher
    stacks: tuple[OnDemand, ...]
    memory: Memory
    device: torch.device
    plain_there: OnDemand
    jittered_there: OnDemand
    teacher_there: nn.Module
    bits: int | None = None
    region: Region | None = None

    def __len__(self) -> int:
        return len(self.plain)

    def in_passes(self, first: int, count: int, seed: tuple[int, ...]) -> np.ndarray:
        """Rows number `first` to `first + count − 1` of shuffled passes over the images, each pass by other copies."""
        rows, copies = [], len(self) // self.fitted
        for number in range(first, first + count):
            turn, place = divmod(number, self.fitted)
            image = np.random.default_rng((*seed, turn, 1)).permutation(self.fitted)[place]
            rows.append(image * copies + turn % copies)
        return np.array(rows)

    @cached_property
    def held_out_digest(self) -> str:
        """ "sha256:…" of the held-out images' pixels."""
        return images_digest(self.held_out)

    def fitted_images(self, most: int) -> np.ndarray:
        """Fit images themselves, uint8 K×256×256×3, K at most `most`."""
        copies = len(self) // self.fitted
        return self.plain[range(0, copies * min(self.fitted, most), copies)]

    def standardised(self, output: Tensor) -> Tensor:
        """The teacher's output on the device, standardised."""
        return (output - self.channel_mean.to(output.device)) / self.channel_std.to(output.device)

    def forget(self) -> None:
        """Free what was made on demand, some 1.5 MB a copy and size demo; it is made anew where it is drawn again."""
        for stack in self.stacks:
            stack.forget()


def evenly(count: int, most: int) -> np.ndarray:
    """At most `most` of the numbers 0 to count − 1, the first among them, evenly spaced."""
    return np.arange(min(count, most)) * count // min(count, most)


def prepare(
    fit: np.ndarray | ImageStore | Chosen,
    held_out: np.ndarray,
    teacher: Teacher,
    copies: int,
    movement: float,
    seed: int,
    published: bool = False,
    looks: int | None = None,
    device: torch.device = CPU,
) -> TrainingSet:
    """A training set of `copies` of each fit image (N times uint8 256×256×3); the teacher has looked at the images.

    Copy 0 is not moved.

    Args:
        fit: an array, or anything else that gives an image for its number and need not hold them all.
        movement: the largest shift as a share of the edge (see dfsc.material.augmentation.moved).
        published: the teacher's output in float32, and jittered copies are not kept, as each is drawn once.
        looks: of how many images at most the mean and the std of the teacher's channels are; None for all.
        device: where the teacher looks, and where its outputs are kept and, for the networks in training, the copies.
    """
    count, kept = copies * len(fit), RECENT if published else None
    dtype = torch.float32 if published else torch.bfloat16
    arithmetic = torch.float32 if published else dtype_for("inference", device)
    network = for_inference(deepcopy(teacher.network).to(device), arithmetic)

    @torch.no_grad()
    def output_on(image: np.ndarray | Tensor) -> Tensor:
        """One image at a time, so that it does not matter which are drawn together."""
        return network(network_input(image[None], device))[0]

    memory = Memory(KEPT_BYTES)
    there = memory if device == CPU else Memory(room(device, KEPT_BYTES))
    whole = OnDemand(len(fit), lambda index: output_on(fit[index]).to(dtype), torch.stack, memory=there)
    mean, std = channel_statistics(whole.row(int(index)) for index in evenly(len(fit), looks or len(fit)))

    mean_there, std_there = mean.to(device), std.to(device)

    def standardised(output: Tensor) -> Tensor:
        return ((output.float() - mean_there) / std_there).to(dtype)

    def same_as(number: int) -> int:
        """The first copy that looks like this one without jitter."""
        return number if movement else number - number % copies

    def plain(number: int) -> np.ndarray:
        index, copy = divmod(number, copies)
        return moved(fit[index], movement if copy else 0.0, np.random.default_rng((seed, index, copy)))

    def plain_output(number: int) -> Tensor:
        index, copy = divmod(number, copies)
        return standardised(output_on(plain_there.row(number)).to(dtype) if copy else whole.row(index))

    def jitter(number: int) -> np.ndarray:
        return jittered(plain_images.row(number), np.random.default_rng((seed, *divmod(number, copies), 1)))

    def jittered_output(number: int) -> Tensor:
        return standardised(output_on(jittered_there.row(number)).to(dtype))

    plain_images = OnDemand(count, plain, np.stack, kept, memory, same_as)
    jittered_images = OnDemand(count, jitter, np.stack, kept, memory)
    plain_there, jittered_there = (on_device(stack, device, there) for stack in (plain_images, jittered_images))
    plain_teacher = OnDemand(count, plain_output, torch.stack, kept if movement else None, there, same_as)
    jittered_teacher = OnDemand(count, jittered_output, torch.stack, kept, there)
    return TrainingSet(
        plain=plain_images,
        jittered=jittered_images,
        plain_teacher=plain_teacher,
        jittered_teacher=jittered_teacher,
        channel_mean=mean,
        channel_std=std,
        held_out=held_out,
        fitted=len(fit),
        dtype=dtype,
        teacher=teacher,
        stacks=(whole, plain_there, jittered_there, plain_teacher, jittered_teacher),
        memory=there,
        device=device,
        plain_there=plain_there,
        jittered_there=jittered_there,
        teacher_there=on(device, teacher.network),
    )


def on_device(images: OnDemand, device: torch.device, memory: Memory) -> OnDemand:
    """Images (uint8 256×256×3 each) on a device, as many as its memory holds; on the processor themselves."""
    return images if device == CPU else images.copied(partial(uploaded, device=device), torch.stack, memory)


def channel_statistics(outputs: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Per-channel mean and std (float32, C×1×1) over C×56×56 outputs, one at a time (Chan, Golub and LeVeque, 1979).

    In the processor's memory, wherever the outputs are.
    """
    count, mean, apart = 0, torch.zeros(()), torch.zeros(())
    for output in outputs:
        own = output.cpu().double()
        own_mean = own.mean(dim=(1, 2))
        step = own_mean - mean
        apart = apart + (own - own_mean[:, None, None]).square().sum(dim=(1, 2))
        apart = apart + step.square() * MAP_SIZE**2 * count / (count + 1)
        mean = mean + step / (count + 1)
        count += 1
    std = (apart / (count * MAP_SIZE**2)).sqrt().clamp_min(1e-6)
    return mean.float()[:, None, None], std.float()[:, None, None]
