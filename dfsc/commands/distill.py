"""python -m dfsc distill: a PDN teacher from a pretrained backbone and a folder of photographs."""

import argparse
import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from dfsc.checkpoints.cards import teacher_card
from dfsc.checkpoints.detectors import save_teacher
from dfsc.checkpoints.files import halved
from dfsc.commands import device_option
from dfsc.distillation.backbones import BACKBONES
from dfsc.distillation.distillation import Distillation, DistillationPlan
from dfsc.distillation.targets import TargetCache, cache_targets, split_photographs
from dfsc.files import cache_folder
from dfsc.machine import chosen
from dfsc.training.progress import Throttle

REPORT_SECONDS = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    defaults = DistillationPlan()
    parser.add_argument("photographs", metavar="FOLDER", type=Path, help="photos of anything; 100 are held out")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="checkpoint folder to write")
    parser.add_argument("--size", default=defaults.size, choices=["demo", "small", "medium"])
    parser.add_argument("--backbone", default="efficientnet-lite2", choices=list(BACKBONES))
    parser.add_argument("--steps", type=int, default=defaults.steps, help="training steps (%(default)s)")
    parser.add_argument("--crops", type=int, default=defaults.crops, help="crops per batch (%(default)s)")
    parser.add_argument("--rate", type=float, default=defaults.learning_rate, help="learning rate (%(default)s)")
    parser.add_argument("--views", type=int, default=3, help="views of each photo (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    device_option.add_argument(parser)
    parser.add_argument(
        "--cache",
        type=Path,
        default=cache_folder() / "distill",
        metavar="DIR",
        help="folder for targets (6 MB per photo at 3 views) and resumable state (%(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    device = chosen(options.device)
    plan = DistillationPlan(options.size, options.steps, options.crops, learning_rate=options.rate, seed=options.seed)
    fit, held_out = split_photographs(options.photographs, options.seed)
    backbone = BACKBONES[options.backbone](device)
    sys.stderr.write(f"Computing the targets of {len(fit)} photographs, {options.views} views each …\n")
    measured_on = cache_targets(held_out, backbone, 1, options.seed, options.cache / f"{backbone.name}-held-out")
    targets = cache_targets(fit, backbone, options.views, options.seed, options.cache / f"{backbone.name}-fit")
    distillation = Distillation(plan, targets, device)
    _follow(distillation, options.cache / f"{backbone.name}-{_key(plan, targets)}.pt")
    halved(distillation.network)
    unexplained = distillation.measure(measured_on)
    notes = {
        "backbone": backbone.name,
        "photographs": f"{len(fit)} fitted in {options.views} views each, {len(held_out)} held out",
        "steps": plan.steps,
        "crops": plan.crops,
        "learning_rate": plan.learning_rate,
        "seed": plan.seed,
        "unexplained_variance": round(unexplained.whole, 4),
        "unexplained_variance_without_border": round(unexplained.inner, 4),
    }
    save_teacher(distillation.network, plan.size, notes, options.out, teacher_card(plan.size, notes))
    sys.stdout.write(json.dumps(notes, indent=2) + "\n")
    return 0


def _follow(distillation: Distillation, state_file: Path) -> None:
    report = Throttle(REPORT_SECONDS)
    for record in distillation.run(state_file):
        if report.due():
            sys.stderr.write(
                f"step {record.step}/{record.steps}: loss {record.loss:.4f}, {record.seconds_left:.0f} s left\n"
            )


def _key(plan: DistillationPlan, targets: TargetCache) -> str:
    """A key for the state of a plan and its photos, so that a different one does not resume it."""
    return hashlib.sha256(json.dumps([asdict(plan), targets.label]).encode()).hexdigest()[:12]
