"""python -m dfsc inspect: photos in, verdicts (and maps) out; with --out any number of them (dfsc.commands.bulk)."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dfsc
from dfsc.commands import bulk, detector_options, judging_options
from dfsc.commands.bits_warning import warn_of_bits
from dfsc.errors import DFSCError, ImageError
from dfsc.images.decoding import check_bits, read_image
from dfsc.images.photo_files import photograph_files, summary
from dfsc.inspection.map_files import LAYOUTS, MapFiles, write_maps
from dfsc.inspection.records import CSV_HEADER, csv_left_out, csv_lines, csv_rows, result_record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "images", nargs="+", metavar="IMAGE", help="photos, or folders of photos; with --out also zips and lists (.txt)"
    )
    detector_options.add_arguments(parser)
    judging_options.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON list with one object per image")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a table with one row per image and detector")
    parser.add_argument("--bits", type=int, help="significant bits of 16-bit photos (default: from the checkpoint)")
    parser.add_argument("--maps", type=Path, metavar="DIR", help="write the maps as float32 TIFF files")
    parser.add_argument(
        "--maps-layout",
        choices=list(LAYOUTS),
        help="plain (default): IMAGE.DETECTOR.BRANCH.tiff; loco: fused maps for MVTec LOCO AD's evaluation code",
    )
    bulk.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Exit status 0; 1 if a photo can't be read (the others are still inspected)."""
    if bulk.is_asked_for(options):
        return bulk.run(options)
    images, skipped = _expand(options.images)
    inspector = dfsc.Inspector(
        detector_options.detectors(options), partner=options.partner, device=options.device, backend=options.backend
    )
    if options.bits:
        inspector.bits = options.bits
    check_bits(inspector.bits)
    judged = judging_options.judgement(options, inspector)
    maps = _map_files(images, options, inspector.names)
    reports = []
    with _table(options.csv) as table:
        try:
            for image in images:
                report, inspection = _inspect(inspector, image, judged)
                if inspection:
                    write_maps(inspection.size, inspection.results, maps.get(image, {}))
                    table(csv_rows(image, inspection.size, inspection.results))
                else:
                    table([csv_left_out(image, report["error"])])
                reports.append(report)
                if not options.json:
                    sys.stdout.write(_lines(report))
                    sys.stdout.flush()
        finally:
            if options.json:
                records = [*reports, *({"image": str(file), "left_out": why} for file, why in skipped.items())]
                sys.stdout.write(json.dumps(records, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    errors = [report["error"] for report in reports if "error" in report]
    if skipped or any(Path(argument).is_dir() for argument in options.images):
        sys.stderr.write(f"{summary(len(reports) - len(errors), (*skipped.values(), *errors), 'inspected')}\n")
    warn_of_bits(images, inspector.bits)
    return 1 if errors else 0


def _expand(arguments: list[str]) -> tuple[list[str], dict[Path, str]]:
    """The named images and those in named folders, and for each skipped file of a folder a sentence why."""
    images: list[str] = []
    skipped: dict[Path, str] = {}
    for argument in dict.fromkeys(arguments):
        folder = Path(argument)
        if not folder.is_dir():
            images.append(argument)
            continue
        listing = photograph_files(folder)
        if not listing.files:
            why = "".join(f" {sentence}" for sentence in listing.left_out[:1])
            raise ImageError(f"The folder {argument} contains no images; name one that does.{why}")
        images += map(str, listing.files)
        skipped |= listing.others
    return list(dict.fromkeys(images)), skipped


def _inspect(
    inspector: "dfsc.Inspector", image: str, judged: "Callable[[dfsc.Inspection], dfsc.Inspection]"
) -> "tuple[dict, dfsc.Inspection | None]":
    try:
        inspection = judged(inspector.inspect(read_image(image, bits=inspector.bits)))
    except ImageError as error:
        return {"image": image, "error": str(error)}, None
    results = [result_record(inspection, result) for result in inspection.results]
    return {"image": image, "size": list(inspection.size), "results": results}, inspection


@contextmanager
def _table(file: Path | None) -> Iterator[Callable[[Iterable[tuple]], None]]:
    """Writes rows to a CSV file as they come; raises DFSCError if the file exists."""
    if file is None:
        yield lambda *_: None
        return
    if file.exists():
        raise DFSCError(f"{file} already exists and is not overwritten; choose another file for --csv.")
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        stream.write(csv_lines([CSV_HEADER]))

        def write(rows: Iterable[tuple]) -> None:
            stream.write(csv_lines(rows))
            stream.flush()

        yield write


def _why_unsure(record: dict) -> str:
    if record["verdict"] != "unsure":
        return ""
    return " (not usable yet: finds {found} of {made} made-up faults)".format(**record["self_test"])


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
    """Where each image's maps go; raises DFSCError for existing files."""
    if options.maps is None:
        if options.maps_layout:
            raise DFSCError("--maps-layout arranges maps in a folder; name the folder with --maps.")
        return {}
    places = LAYOUTS[options.maps_layout or "plain"](images, detectors, options.maps)
    for file in (file for files in places.values() for file in files.values()):
        if file.exists():
            raise DFSCError(f"{file} already exists and is not overwritten; choose another folder for --maps.")
    return places
