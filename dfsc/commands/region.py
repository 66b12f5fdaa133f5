"""python -m dfsc region: a region of interest for detectors that were trained without one."""

import argparse
import sys
from pathlib import Path

import dfsc
from dfsc.checkpoints.cards import detector_card
from dfsc.checkpoints.detectors import detector_folders, keep_teacher, save_detector, teacher_folder
from dfsc.checkpoints.files import check_replaceable
from dfsc.commands import detector_options, device_option
from dfsc.models.methods import METHODS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="CHECKPOINT", help="checkpoint folder, zip, PRODUCT/METHOD or name on the Hub"
    )
    detector_options.add_region(parser, required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="checkpoint folder to write")
    device_option.add_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Exit status 0."""
    detectors = dfsc.open_checkpoints(options.source)
    folders = [options.out / one.config.method if len(detectors) > 1 else options.out for one in detectors]
    for folder in folders:
        check_replaceable(folder)
    restricted = detector_options.within_region(detectors, options)
    origins = detector_folders(Path(options.source)) if Path(options.source).is_dir() else []
    for detector, folder in zip(restricted, folders, strict=True):
        if origins:
            keep_teacher(teacher_folder(detector.config, origins[0]), detector.config.size, folder)
        save_detector(detector, folder, detector_card(detector.config, detector.calibration.count))
        sys.stderr.write(f"{METHODS[detector.config.method].title}: {folder}; {_told(detector)}\n")
    if options.good is None:
        sys.stderr.write(
            "Scale, limits and percentiles are of the region. The self-test is of the whole photograph, and an "
            "auto-encoder still sees all of it; --good FOLDER, with photos of good parts, changes both.\n"
        )
    return 0


def _told(detector: dfsc.Detector) -> str:
    counting = f"{detector.region.share:.0%} of the photograph counts"
    test = detector.config.self_test
    return f"{counting}; {test.sentence}" if test else counting
