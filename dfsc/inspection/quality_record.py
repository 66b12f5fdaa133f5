"""One inspection as a page to print, sign and file: HTML without anything from elsewhere."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from dfsc.inspection.results import Inspection, Result
from dfsc.version import __version__

STYLE = """
@page { size: A4; margin: 12mm; }
body { max-width: 186mm; margin: 0 auto; padding: 4mm; color: #111; background: #fff; }
body { font: 10pt/1.35 system-ui, sans-serif; }
h1 { margin: 0 0 3mm; font-size: 16pt; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 1mm 5mm; margin: 0 0 4mm; }
dt { color: #555; }
dd { margin: 0; overflow-wrap: anywhere; }
img { display: block; max-width: 100%; max-height: 135mm; margin: 0 auto 4mm; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 1mm 2mm 1mm 0; border-bottom: 1px solid #bbb; text-align: left; vertical-align: top; }
code { font-size: 8pt; overflow-wrap: anywhere; }
.sign { display: grid; grid-template-columns: 1fr 1fr; gap: 9mm 8mm; margin-top: 8mm; }
.sign span { padding-top: 1mm; border-top: 1px solid #111; }
.sign .all { grid-column: 1 / -1; }
"""
HEADS = ("Detector", "Verdict", "Score", "Limit", "Good parts behind the limit", "Weights (SHA-256)")
VERDICTS = {"accept": "Accepted", "reject": "Rejected", "foreign": "Not this product"}


@dataclass(frozen=True)
class Circumstances:
    """What a record says beside the figures.

    Attributes:
        made: when.
        product: what the photo was inspected as, in words; "" if unknown.
        photo_digest: "sha256:…" of the photo's file; "" where there is none.
        size: the original photo's width and height in pixels; None for the inspected image's own.
    """

    made: datetime
    product: str = ""
    photo_digest: str = ""
    size: tuple[int, int] | None = None

    def record(self) -> dict:
        """As JSON."""
        return {
            "date": self.made.isoformat(timespec="seconds"),
            "product": self.product,
            "photograph_digest": self.photo_digest,
            "photograph_size": list(self.size) if self.size else None,
        }


def quality_record(inspection: Inspection, name: str, circumstances: Circumstances, picture: bytes) -> str:
    """The whole HTML document.

    Args:
        name: of the photo.
        picture: the report's PNG.
    """
    width, height = circumstances.size or inspection.size
    facts = {
        "Date": circumstances.made.strftime("%Y-%m-%d %H:%M:%S %Z").strip(),
        "Product": circumstances.product or "not named",
        "Photo": f"{name}, {width} × {height} pixels",
        "Photo (SHA-256)": _hash(circumstances.photo_digest),
        "Made with": f"DFSC Inspector {__version__}",
    }
    listed = "".join(f"<dt>{term}</dt><dd>{escape(fact)}</dd>" for term, fact in facts.items())
    data = base64.b64encode(picture).decode()
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Inspection of {escape(name)}</title>'
        f"<style>{STYLE}</style></head><body><h1>Inspection record</h1><dl>{listed}</dl>"
        f'<img alt="Photo, and local, global and fused map of each detector" src="data:image/png;base64,{data}">'
        f"{_table(inspection.results)}"
        '<p class="sign"><span>Name</span><span>Date and signature</span><span class="all">Remark</span></p>'
        "</body></html>\n"
    )


def _table(results: Sequence[Result]) -> str:
    heads = "".join(f"<th>{head}</th>" for head in HEADS)
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in _cells(result))}</tr>" for result in results)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _cells(result: Result) -> tuple[str, ...]:
    test = result.self_test
    verdict = VERDICTS.get(result.verdict, "Not usable yet")
    return (
        f"{escape(result.title)}<br><small>{escape(result.detector)}</small>",
        f"<b>{verdict}</b>" + (f"<br><small>{escape(test.sentence)}</small>" if test and not test.usable else ""),
        f"{result.score:.3f}",
        f"{result.threshold:.3f}",
        f"{result.good.count}, of which it rejects {result.good_above}",
        f"<code>{escape(_hash(result.weights_digest))}</code>",
    )


def _hash(digest: str) -> str:
    return digest.removeprefix("sha256:") or "not saved as a file"
