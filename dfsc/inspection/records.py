"""What results say, as JSON and as lines of a CSV file."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dfsc.inspection.results import Inspection, Result

NOT_INSPECTED = "not inspected"
CSV_HEADER = ("photograph", "width", "height", "detector", "verdict", "score", "limit", "branch", "note")


def result_record(inspection: "Inspection", result: "Result") -> dict:
    """All that a result says, as JSON; "peak_xy" in pixels of the inspection's image, "self_test" null if untried.

    "region" is the share of the photograph that counts, null for all of it.
    """
    test = result.self_test
    return {
        "detector": result.detector,
        "method": result.method,
        "source": result.source,
        "score": result.score,
        "threshold": result.threshold,
        "verdict": result.verdict,
        "self_test": test and {"found": test.found, "made": test.made, "by_kind": test.by_kind},
        "strangeness": round(result.strangeness, 3),
        "local_peak": result.local_peak,
        "global_peak": result.global_peak,
        "peak_xy": [round(value, 1) for value in inspection.peak_xy(result)],
        "branch": result.branch,
        "region": result.region and round(result.region.share, 4),
        "milliseconds": round(result.milliseconds, 1),
    }


def csv_rows(name: str, size: tuple[int, int], results: "Iterable[Result]") -> Iterator[tuple]:
    """A row of CSV_HEADER for each result of a photograph."""
    for r in results:
        yield inert(name), *size, r.detector, r.verdict, f"{r.score:.4f}", f"{r.threshold:.4f}", r.branch, ""


def csv_left_out(name: str, why: str) -> tuple:
    """The row of a photograph that was not inspected; `why` is a sentence, which names it where `name` is empty."""
    return inert(name), "", "", "", NOT_INSPECTED, "", "", "", inert(why)


def csv_lines(rows: Iterable[Iterable]) -> str:
    """Rows as lines of a CSV file."""
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue()


def inert(name: str) -> str:
    """A file's name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t")) else name
