"""Detectors as other libraries save them, with random weights of a small size: their structures, none of their code.

What unpickles a class has to import its module; these modules are gone again once a file is written.
"""

import sys
from contextlib import contextmanager
from types import ModuleType

import torch
from torch import nn
from torch.nn import functional as F

WIDTHS, CHANNELS = (16, 32), 16  # of the size `tiny` in tests/conftest.py
ENCODER = ((3, 32), (32, 32), (32, 64), (64, 64), (64, 64))
DECODER_EDGES = (3, 8, 15, 32, 63, 127)
QUANTILES = {"qa_st": 1.1, "qb_st": 1.4, "qa_ae": 0.02, "qb_ae": 0.05}
ANOMALIB = "anomalib.models.image.efficient_ad"


def pdn(out):
    """nelson1425's small PDN: one Sequential, without padding."""
    first, second = WIDTHS
    return nn.Sequential(
        nn.Conv2d(3, first, kernel_size=4),
        nn.ReLU(inplace=True),
        nn.AvgPool2d(kernel_size=2, stride=2, padding=0),
        nn.Conv2d(first, second, kernel_size=4),
        nn.ReLU(inplace=True),
        nn.AvgPool2d(kernel_size=2, stride=2, padding=0),
        nn.Conv2d(second, second, kernel_size=3),
        nn.ReLU(inplace=True),
        nn.Conv2d(second, out, kernel_size=4),
    )


def sequential_autoencoder(dropout):
    """nelson1425's auto-encoder: one Sequential, in its earlier version with dropout."""
    layers = []
    for inner, outer in ENCODER:
        layers += [nn.Conv2d(inner, outer, kernel_size=4, stride=2, padding=1), nn.ReLU(inplace=True)]
    layers.append(nn.Conv2d(64, 64, kernel_size=8))
    for edge in DECODER_EDGES:
        layers += [nn.Upsample(size=edge, mode="bilinear"), nn.Conv2d(64, 64, kernel_size=4, padding=2)]
        layers += [nn.ReLU(inplace=True), *([nn.Dropout(0.2)] if dropout else [])]
    last = [nn.Conv2d(64, 64, kernel_size=3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(64, CHANNELS, 3, padding=1)]
    return nn.Sequential(*layers, nn.Upsample(size=56, mode="bilinear"), *last)


def nelson(dropout=False):
    """The three networks by name."""
    torch.manual_seed(3)
    networks = {"teacher": pdn(CHANNELS), "student": pdn(2 * CHANNELS), "autoencoder": sequential_autoencoder(dropout)}
    return {name: network.eval() for name, network in networks.items()}


class Pdn(nn.Module):
    def __init__(self, out, padding):
        super().__init__()
        pads = (3, 3, 1, 0) if padding else (0, 0, 0, 0)
        first, second = WIDTHS
        self.conv1 = nn.Conv2d(3, first, 4, padding=pads[0])
        self.conv2 = nn.Conv2d(first, second, 4, padding=pads[1])
        self.conv3 = nn.Conv2d(second, second, 3, padding=pads[2])
        self.conv4 = nn.Conv2d(second, out, 4, padding=pads[3])
        self.avgpool1 = nn.AvgPool2d(2, 2, padding=int(padding))
        self.avgpool2 = nn.AvgPool2d(2, 2, padding=int(padding))

    def forward(self, x):
        x = self.avgpool1(F.relu(self.conv1(x)))
        x = self.avgpool2(F.relu(self.conv2(x)))
        return self.conv4(F.relu(self.conv3(x)))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        for number, (inner, outer) in enumerate(ENCODER, start=1):
            setattr(self, f"enconv{number}", nn.Conv2d(inner, outer, 4, stride=2, padding=1))
        self.enconv6 = nn.Conv2d(64, 64, 8)

    def forward(self, x):
        for number in range(1, 6):
            x = F.relu(getattr(self, f"enconv{number}")(x))
        return self.enconv6(x)


class Decoder(nn.Module):
    def __init__(self, padding):
        super().__init__()
        self.padding = padding
        for number in range(1, 7):
            setattr(self, f"deconv{number}", nn.Conv2d(64, 64, 4, padding=2))
        self.deconv7 = nn.Conv2d(64, 64, 3, padding=1)
        self.deconv8 = nn.Conv2d(64, CHANNELS, 3, padding=1)
        for number in range(1, 7):
            setattr(self, f"dropout{number}", nn.Dropout(0.2))

    def forward(self, x):
        for number, edge in enumerate(DECODER_EDGES, start=1):
            x = F.relu(getattr(self, f"deconv{number}")(F.interpolate(x, size=(edge, edge), mode="bilinear")))
        edge = 64 if self.padding else 56
        return self.deconv8(F.relu(self.deconv7(F.interpolate(x, size=(edge, edge), mode="bilinear"))))


class AutoEncoder(nn.Module):
    def __init__(self, padding):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder(padding)

    def forward(self, x):
        return self.decoder(self.encoder(x))


class EfficientAdModel(nn.Module):
    """anomalib's networks with their statistics; takes network input, which anomalib's makes of images itself."""

    def __init__(self, padding=False):
        super().__init__()
        self.pad_maps = True
        self.teacher, self.student = Pdn(CHANNELS, padding), Pdn(2 * CHANNELS, padding)
        self.ae = AutoEncoder(padding)
        self.mean_std = nn.ParameterDict(
            {"mean": torch.zeros(1, CHANNELS, 1, 1), "std": torch.zeros(1, CHANNELS, 1, 1)}
        )
        self.quantiles = nn.ParameterDict({name: torch.tensor(0.0) for name in QUANTILES})

    def raw_maps(self, x):
        t = (self.teacher(x) - self.mean_std["mean"]) / self.mean_std["std"]
        s, a = self.student(x), self.ae(x)
        return (t - s[:, :CHANNELS]).square().mean(1), (a - s[:, CHANNELS:]).square().mean(1)


class EfficientAd(nn.Module):
    """What anomalib puts around them, which Lightning saves."""

    def __init__(self, padding=False, edge=256):
        super().__init__()
        self.pre_processor = PreProcessor(edge)
        self.model = EfficientAdModel(padding)
        self.learning = LearningType("one_class")


class PreProcessor(nn.Module):
    def __init__(self, edge):
        super().__init__()
        self.transform = Resize(edge)


class Resize(nn.Module):
    def __init__(self, edge):
        super().__init__()
        self.size = [edge, edge]


class LearningType(str):
    pass


MODULES = {
    f"{ANOMALIB}.torch_model": (EfficientAdModel, Pdn, AutoEncoder, Encoder, Decoder),
    f"{ANOMALIB}.lightning_model": (EfficientAd,),
    "anomalib.pre_processing.pre_processor": (PreProcessor,),
    "torchvision.transforms.v2._geometry": (Resize,),
    "anomalib": (LearningType,),
}


def anomalib(padding=False, edge=256):
    """A detector with statistics and quantiles, as after a training."""
    torch.manual_seed(4)
    detector = EfficientAd(padding, edge)
    model = detector.model
    model.mean_std.update({"mean": torch.randn(1, CHANNELS, 1, 1), "std": torch.rand(1, CHANNELS, 1, 1) + 0.5})
    model.quantiles.update({name: torch.tensor(value) for name, value in QUANTILES.items()})
    return detector.eval().requires_grad_(False)


def save_whole(detector, file):
    """As anomalib exports: the module itself, below "model"."""
    with as_modules():
        torch.save({"model": detector}, file)


def save_checkpoint(detector, file, padding=False):
    """As Lightning saves: a state dict beside settings and the optimizer's state."""
    settings = {"padding": padding, "pad_maps": True, "lr": 1e-4}
    steps = {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 1e-4}]}
    kept = {"state_dict": detector.state_dict(), "hyper_parameters": settings, "optimizer_states": [steps], "epoch": 1}
    torch.save(kept, file)


@contextmanager
def as_modules():
    """While it lasts, the classes above live where the other library's do."""
    before = {name: sys.modules.get(name) for name in MODULES}
    homes = {one: one.__module__ for classes in MODULES.values() for one in classes}
    for name, classes in MODULES.items():
        sys.modules[name] = ModuleType(name)
        for one in classes:
            one.__module__ = name
            setattr(sys.modules[name], one.__name__, one)
    try:
        yield
    finally:
        for one, home in homes.items():
            one.__module__ = home
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
