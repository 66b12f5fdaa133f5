"""python -m dfsc inspect: photographs in, verdicts (and maps) out."""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from dfsc.commands import sources
from dfsc.errors import DFSCError, ImageError
from dfsc.images import image_files, read_image
from dfsc.inspector import Inspection, Inspector
from dfsc.placement import place_on_image
from dfsc.reporting.inspection import result_record
from dfsc.tiff import write_map

NAME = "inspect"
HELP = "Inspect photographs with one or several detectors."
MAPS = ("local", "global", "fused")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="photographs, or folders of them")
    sources.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON list, one object an image")
    parser.add_argument("--maps", type=Path, metavar="DIR", help="write the maps as float32 TIFF files")


def run(options: argparse.Namespace) -> int:
    """Exit status 0; 1 when a file can't be read (the others are still inspected)."""
    images = list(_expand(options.images))
    inspector = Inspector(sources.detectors(options))
    stems = _map_stems(images, options.maps) if options.maps else {}
    _refuse_overwriting(stems.values(), inspector.names)
    reports = []
    try:
        for image in images:
            report = _inspect(inspector, image, stems.get(image))
            reports.append(report)
            if not options.json:
                sys.stdout.write(_lines(report))
                sys.stdout.flush()
    finally:
        if options.json:
            sys.stdout.write(json.dumps(reports, indent=2, ensure_ascii=False) + "\n")
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


def _inspect(inspector: Inspector, image: str, stem: Path | None) -> dict:
    try:
        inspection = inspector.inspect(read_image(image))
    except ImageError as error:
        return {"image": image, "error": str(error)}
    if stem:
        _write_maps(inspection, stem)
    results = [result_record(inspection, result) for result in inspection.results]
    return {"image": image, "size": list(inspection.size), "results": results}


def _lines(report: dict) -> str:
    if "error" in report:
        return f"{report['image']}: {report['error']}\n"
    lines = [
        f"  {r['detector']}: {r['verdict']}, score {r['score']:.3f} (limit {r['threshold']:.3f}), "
        f"{r['branch']} at {r['peak_xy'][0]:.0f}, {r['peak_xy'][1]:.0f}\n"
        for r in report["results"]
    ]
    return f"{report['image']}\n" + "".join(lines)


def _map_stems(images: list[str], folder: Path) -> dict[str, Path]:
    """Where each image's maps go, without detector, branch and ending; two images never share one.

    Paths keep their folders, relative to the working directory or, for images elsewhere, to their common parent. Where
    only the ending tells two images apart, it stays in the name.
    """
    absolute = {image: Path(os.path.abspath(image)) for image in images}
    inside = all(path.is_relative_to(Path.cwd()) for path in absolute.values())
    base = Path.cwd() if inside else Path(os.path.commonpath([path.parent for path in absolute.values()]))
    relative = {image: path.relative_to(base) for image, path in absolute.items()}
    bare = [path.with_suffix("") for path in relative.values()]
    return {
        image: folder / (path if bare.count(path.with_suffix("")) > 1 else path.with_suffix(""))
        for image, path in relative.items()
    }


def _refuse_overwriting(stems: Iterable[Path], detectors: list[str]) -> None:
    for stem in stems:
        for file in (_map_file(stem, detector, branch) for detector in detectors for branch in MAPS):
            if file.exists():
                raise DFSCError(f"{file} is there already and is not overwritten; choose another folder for --maps.")


def _map_file(stem: Path, detector: str, branch: str) -> Path:
    return stem.with_name(f"{stem.name}.{detector}.{branch}.tiff")


def _write_maps(inspection: Inspection, stem: Path) -> None:
    stem.parent.mkdir(parents=True, exist_ok=True)
    for result in inspection.results:
        for branch, cells in zip(MAPS, (result.maps.local, result.maps.global_, result.fused), strict=True):
            write_map(_map_file(stem, result.detector, branch), place_on_image(cells, *inspection.size))
