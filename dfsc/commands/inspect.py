"""python -m dfsc inspect: photographs in, verdicts (and maps) out."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from dfsc.commands import sources
from dfsc.commands.map_layouts import BRANCHES, LAYOUTS, MapFiles
from dfsc.errors import DFSCError, ImageError
from dfsc.images import image_files, read_image
from dfsc.inspector import Inspection, Inspector
from dfsc.placement import place_on_image
from dfsc.reporting.inspection import result_record
from dfsc.tiff import write_map

NAME = "inspect"
HELP = "Inspect photographs with one or several detectors."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="photographs, or folders of them")
    sources.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON list, one object an image")
    parser.add_argument("--maps", type=Path, metavar="DIR", help="write the maps as float32 TIFF files")
    parser.add_argument(
        "--maps-layout",
        choices=list(LAYOUTS),
        help="plain (the default): IMAGE.DETECTOR.BRANCH.tiff; loco: fused maps where MVTec LOCO AD's evaluation looks",
    )


def run(options: argparse.Namespace) -> int:
    """Exit status 0; 1 when a file can't be read (the others are still inspected)."""
    images = list(_expand(options.images))
    inspector = Inspector(sources.detectors(options))
    maps = _map_files(images, options, inspector.names)
    reports = []
    try:
        for image in images:
            report = _inspect(inspector, image, maps.get(image, {}))
            reports.append(report)
            if not options.json:
                sys.stdout.write(_lines(report))
                sys.stdout.flush()
    finally:
        if options.json:
            sys.stdout.write(json.dumps(reports, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return 1 if any("error" in report for report in reports) else 0


def _expand(arguments: list[str]) -> Iterator[str]:
    for argument in dict.fromkeys(arguments):
        folder = Path(argument)
        if not folder.is_dir():
            yield argument
            continue
        files = image_files(folder)
        if not files:
            raise ImageError(f"The folder {argument} holds no images; name a folder that does.")
        yield from map(str, files)


def _inspect(inspector: Inspector, image: str, maps: MapFiles) -> dict:
    try:
        inspection = inspector.inspect(read_image(image))
    except ImageError as error:
        return {"image": image, "error": str(error)}
    _write_maps(inspection, maps)
    results = [result_record(inspection, result) for result in inspection.results]
    return {"image": image, "size": list(inspection.size), "results": results}


def _why_unsure(record: dict) -> str:
    if record["verdict"] != "unsure":
        return ""
    return " (not usable yet, train it longer: finds {found} of {made} made-up faults)".format(**record["self_test"])


def _lines(report: dict) -> str:
    if "error" in report:
        return f"{report['image']}: {report['error']}\n"
    lines = [
        f"  {r['detector']}: {r['verdict']}{_why_unsure(r)}, score {r['score']:.3f} (limit {r['threshold']:.3f}), "
        f"{r['branch']} at {r['peak_xy'][0]:.0f}, {r['peak_xy'][1]:.0f}\n"
        for r in report["results"]
    ]
    return f"{report['image']}\n" + "".join(lines)


def _map_files(images: list[str], options: argparse.Namespace, detectors: list[str]) -> dict[str, MapFiles]:
    """Where each image's maps go; raises DFSCError for what is there already."""
    if options.maps is None:
        if options.maps_layout:
            raise DFSCError("--maps-layout says how maps lie in a folder; name that with --maps.")
        return {}
    found = LAYOUTS[options.maps_layout or "plain"](images, detectors, options.maps)
    for file in (file for files in found.values() for file in files.values()):
        if file.exists():
            raise DFSCError(f"{file} is there already and is not overwritten; choose another folder for --maps.")
    return found


def _write_maps(inspection: Inspection, files: MapFiles) -> None:
    for result in inspection.results:
        for branch, cells in zip(BRANCHES, (result.maps.local, result.maps.global_, result.fused), strict=True):
            if file := files.get((result.detector, branch)):
                write_map(file, place_on_image(cells, *inspection.size))
