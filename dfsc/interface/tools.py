"""What language models may use over MCP: three tools, on photographs that they send along.

MCP's requests belong to no session, so what is trained is handed back under a name that nobody can guess, and is kept
for an hour. Their docstrings are what a model reads.
"""

import base64
import binascii
import json
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore, Lock
from urllib.parse import unquote

import gradio as gr

from dfsc import Detector, DFSCError, Inspector, products
from dfsc.checkpoints.embedded import embedded_teacher
from dfsc.inspection.records import result_record
from dfsc.interface import wording
from dfsc.interface.api import check_finite, config_record, plain_errors
from dfsc.interface.gatekeeper import API
from dfsc.interface.session import inspectors
from dfsc.interface.session.lane import courtesy
from dfsc.interface.session.passing_files import taken_over
from dfsc.interface.session.photograph import inspect_photograph, read_photograph
from dfsc.interface.session.retraining import learn_at_once
from dfsc.interface.session.settings import Settings
from dfsc.material.photographs import read_photographs
from dfsc.sources import product_configs

NAMES = ("inspect", "train_fre", "list_products")
OWN = "own-"
TEACHER = "demo"
MOST_PHOTOGRAPHS, MOST_AT_ONCE = 64, 4
MOST_KEPT, KEPT_SECONDS = 32, 3600.0

_turns = BoundedSemaphore(MOST_AT_ONCE)


def register() -> None:
    """Register the tools in the Blocks context."""
    for tool in (inspect, train_fre, list_products):
        # Unqueued, since gradio would otherwise send a photograph to itself over HTTP.
        gr.api(tool, api_name=f"tool_{tool.__name__}", queue=False)


def inspect(photograph: str, product: str, local_weight: float = 0.5) -> str:
    """Look for defects in one photograph of a part: is it like the good parts, and if not, where does it differ?

    Each detector of the product gives a verdict: "accept" (like good parts), "reject" (a defect), "foreign" (the
    photograph shows something else than this product) or "unsure" (the detector is not usable). A score above the
    threshold is a reject. "peak_xy" is where the photograph differs most, in pixels from its top left corner; "branch"
    says whether that is local (a scratch, dirt) or global (something missing, extra or swapped).

    Args:
        photograph: a picture file (JPEG, PNG, WebP, TIFF or BMP) in base64 or as a data URL, or the address that the
            upload of a file to this server gave. Other addresses are not fetched.
        product: a name that list_products gives, or the one that train_fre has answered.
        local_weight: from 0 (global differences alone) to 1 (local ones alone); 0.5 weighs both alike.

    Returns:
        JSON with "size" in pixels and "results", one for each detector: "detector", "verdict", "score", "threshold",
        "branch", "peak_xy".
    """
    with plain_errors(), _turn():
        check_finite("local_weight", local_weight)
        inspector = _inspector(product)
        decoded = read_photograph(_picture(photograph, 1), "The photograph", uploaded=True, bits=inspector.bits)
        with courtesy.inspecting():
            inspection = inspect_photograph(decoded, inspector)
    judged = Settings(min(max(local_weight, 0.0), 1.0), 0, partner=False).applied(inspection)
    scale = decoded.width / inspection.size[0]
    records = [result_record(judged, result) for result in judged.results]
    for record in records:
        record["peak_xy"] = [round(value * scale, 1) for value in record["peak_xy"]]
    return json.dumps({"size": [decoded.width, decoded.height], "results": records})


def train_fre(photographs: list[str]) -> str:
    """Learn what good parts look like from 4 to 64 photographs of good parts, in seconds; then inspect others.

    All photographs should show the same part, without defects, in the same pose, light and framing; 24 or more are
    better than 4. What is learned is a linear model of features (FRE), which is kept for an hour on this server.

    Args:
        photographs: picture files, each as for inspect.

    Returns:
        JSON with "product", the name by which inspect uses what was learned; whether it is "usable"; its "self_test",
        how many made-up faults it found of how many that were made; and "left_out", a sentence for each photograph that
        could not be used.
    """
    with plain_errors(), _turn():
        if len(photographs) > MOST_PHOTOGRAPHS:
            raise DFSCError(f"At most {MOST_PHOTOGRAPHS} photographs are used, not {len(photographs)}.")
        with TemporaryDirectory() as folder:
            for number, text in enumerate(photographs, start=1):
                (Path(folder) / f"photo {number:02}").write_bytes(_picture(text, number))
            found = [progress.photographs for progress in read_photographs(sorted(Path(folder).iterdir()))][-1]
        with courtesy.inspecting():
            detector = learn_at_once(found, embedded_teacher(TEACHER), "own")
    name = kept.keep(detector)
    return json.dumps({**config_record(detector.config), "product": name, "left_out": found.left_out})


def list_products() -> str:
    """The products whose defects this server can detect without training.

    Returns:
        JSON, a list: "product", the name to inspect with, and its "detectors", each with "detector", "method", whether
        it is "usable", and its "self_test".
    """
    with plain_errors(), _turn():
        listed = [
            {"product": name, "detectors": [config_record(config) for config in product_configs(name)]}
            for name in products()
        ]
    return json.dumps(listed)


class Kept:
    """Detectors that were trained here, by names that nobody can guess; the oldest go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, Inspector]] = OrderedDict()
        self._lock = Lock()

    def keep(self, detector: Detector) -> str:
        """The name of a detector, for an hour or until too many others have come."""
        name = OWN + secrets.token_urlsafe(16)
        with self._lock:
            self._kept[name] = time.monotonic() + KEPT_SECONDS, Inspector([detector])
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return name

    def inspector(self, name: str) -> Inspector:
        """Raises DFSCError for a name that is not known, or no longer."""
        with self._lock:
            now = time.monotonic()
            for old in [name for name, (until, _) in self._kept.items() if until < now]:
                del self._kept[old]
            if name not in self._kept:
                raise DFSCError(wording.UNKNOWN_HANDLE.format(repr(name[:40])))
            return self._kept[name][1]


kept = Kept()


def _inspector(product: str) -> Inspector:
    return inspectors.inspector(product) if product in products() else kept.inspector(product)


@contextmanager
def _turn() -> Iterator[None]:
    """A few at a time; others are told at once, for a thread that waits is one of the page's."""
    if not _turns.acquire(blocking=False):
        raise DFSCError(wording.TOO_BUSY)
    try:
        yield
    finally:
        _turns.release()


def _picture(text: str, number: int) -> bytes:
    """The file that a model sends along, or uploaded before; raises DFSCError for anything else."""
    _, uploaded, path = text.partition(f"{API}/file=")
    if uploaded:
        with taken_over({"path": unquote(path)}) as uploads:
            if not uploads:
                raise DFSCError(wording.UNKNOWN_UPLOAD)
            return uploads[0][0].read_bytes()
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise DFSCError(wording.NO_PICTURE.format(number)) from error
