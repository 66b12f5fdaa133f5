"""The three networks of EfficientAD (Batzner et al., arXiv 2303.14535, section 3 and appendix A).

| part         | layers                                                        | output for 256×256 |
|--------------|---------------------------------------------------------------|--------------------|
| PDN-S        | 4 convolutions, 2 average pools                               | C × 56 × 56        |
| PDN-M        | 6 convolutions, 2 average pools                               | C × 56 × 56        |
| auto-encoder | 6 strided convolutions to 1×1, 6 upsampled ones, 2 for output | C × 56 × 56        |

A PDN cell (i, j) sees the 33×33 px field whose centre lies at (16.5 + 4i, 16.5 + 4j) px of the 256×256 input.
Through `padded_forward`, which only the teacher's distillation uses, the output is 64×64 instead; cell (i, j) of the
plain output is cell (i + 4, j + 4) of the padded one.

Width factor: `demo` networks halve the channels of the PDN's hidden layers and of its output; the auto-encoder keeps
the paper's widths but for its output channels.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dfsc.geometry import MAP_SIZE, PADDED_MAP_SIZE
from dfsc.machine import enlarged

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class NetworkSize:
    """What distinguishes one size of all networks: the PDN's family, its width factor and the teacher's channels."""

    name: str
    family: str
    width: float
    teacher_channels: int


SIZES = {
    "demo": NetworkSize("demo", "S", 0.5, 192),
    "small": NetworkSize("small", "S", 1.0, 384),
    "medium": NetworkSize("medium", "M", 1.0, 384),
}


def _pdn_stem(first: int, second: int) -> list[nn.Module]:
    """What both families begin with: 256×256 → second×61×61."""
    return [
        nn.Conv2d(3, first, 4),
        nn.ReLU(inplace=True),
        nn.AvgPool2d(2),
        nn.Conv2d(first, second, 4),
        nn.ReLU(inplace=True),
        nn.AvgPool2d(2),
    ]


def _pdn_small(out_channels: int, width: float) -> nn.Sequential:
    first, second = int(128 * width), int(256 * width)
    return nn.Sequential(
        *_pdn_stem(first, second),
        nn.Conv2d(second, second, 3),
        nn.ReLU(inplace=True),
        nn.Conv2d(second, out_channels, 4),
    )


def _pdn_medium(out_channels: int, width: float) -> nn.Sequential:
    first, second = int(256 * width), int(512 * width)
    return nn.Sequential(
        *_pdn_stem(first, second),
        nn.Conv2d(second, second, 1),
        nn.ReLU(inplace=True),
        nn.Conv2d(second, second, 3),
        nn.ReLU(inplace=True),
        nn.Conv2d(second, out_channels, 4),
        nn.ReLU(inplace=True),
        nn.Conv2d(out_channels, out_channels, 1),
    )


def pdn(size: NetworkSize, out_channels: int) -> nn.Sequential:
    """Patch description network: N×3×256×256 (ImageNet-normalised RGB) → N×out_channels×56×56.

    Args:
        size: family ("S" or "M") and width factor.
        out_channels: teacher channels for a teacher, twice as many for a student (appendix A.1: the first half follows
            the teacher, the second half the auto-encoder).
    """
    build = {"S": _pdn_small, "M": _pdn_medium}[size.family]
    return build(out_channels, size.width)


def teacher_network(size: NetworkSize) -> nn.Sequential:
    return pdn(size, size.teacher_channels)


def student_network(size: NetworkSize) -> nn.Sequential:
    return pdn(size, 2 * size.teacher_channels)


def padded_forward(network: nn.Sequential, image: Tensor) -> Tensor:
    """The same PDN with the zero padding of its distillation: N×3×256×256 → N×C×64×64.

    Padding explicitly is a third faster on a CPU than the layers' own padding, and gives the same numbers.
    """
    pads = {4: 3, 3: 1, 2: 1, 1: 0}
    convolutions_with_context = [layer for layer in network if getattr(layer, "kernel_size", 1) not in (1, (1, 1))]
    unpadded = convolutions_with_context[-1]
    x = image
    for layer in network:
        if layer in convolutions_with_context and layer is not unpadded:
            size: Any = layer.kernel_size  # of a convolution a pair, of a pooling a number
            kernel = size if isinstance(size, int) else size[0]
            x = F.pad(x, (pads[kernel],) * 4)
        x = layer(x)
    return x


class AutoEncoder(nn.Module):
    """N×3×256×256 → 1×1 bottleneck of 64 values → N×out_channels×56×56 (arXiv 2303.14535, appendix A.1).

    Dropout (0.2 after each upsampled convolution) draws from torch's global generator while in training mode.

    A padded one follows a teacher that pads, as some detectors of other libraries do: its output is 64×64, of which the
    inner 56×56 are given, the cells of a PDN that does not pad.
    """

    DECODER_SIZES = (3, 8, 15, 32, 63, 127)

    def __init__(self, out_channels: int, padded: bool = False):
        super().__init__()
        self.padded = padded
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 32, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 32, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 64, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(64, 64, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(64, 64, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(64, 64, 8),
        )
        self.decoder = nn.ModuleList(nn.Conv2d(64, 64, 4, padding=2) for _ in self.DECODER_SIZES)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Sequential(
            nn.Conv2d(64, 64, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(64, out_channels, 3, padding=1),
        )

    def forward(self, image: Tensor) -> Tensor:
        x = self.encoder(image)  # N×64×1×1
        for edge, convolution in zip(self.DECODER_SIZES, self.decoder, strict=True):
            x = self.dropout(F.relu(convolution(enlarged(x, edge))))
        if not self.padded:
            return self.head(enlarged(x, MAP_SIZE))
        ring = (PADDED_MAP_SIZE - MAP_SIZE) // 2
        return self.head(enlarged(x, PADDED_MAP_SIZE))[:, :, ring:-ring, ring:-ring]


def image_tensor(images: Tensor) -> Tensor:
    """uint8 N×3×256×256 in [0, 255] → float32, ImageNet mean and standard deviation removed."""
    mean, std = _imagenet_statistics(images.device)
    return (images.float() / 255 - mean) / std


@cache
def _imagenet_statistics(device: torch.device) -> tuple[Tensor, Tensor]:
    """Once a device, as each copy to it would have to be waited for."""
    with torch.inference_mode(False):
        mean, std = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    return mean, std
