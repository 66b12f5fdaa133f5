"""The endpoints for programs (gradio_client): inspect, open_checkpoint and train; all other handlers are private.

A client's models live in its session like a visitor's, and photographs are deleted once they are read.
"""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import gradio as gr

from dfsc import Detector, DFSCError, products
from dfsc.hub.names import hub_name
from dfsc.hub.repository import fetch
from dfsc.inspection.records import result_record
from dfsc.interface import wording
from dfsc.interface.inspect.inspecting import inspector_of
from dfsc.interface.session.lane import courtesy, lane
from dfsc.interface.session.passing_files import Upload, taken_over
from dfsc.interface.session.photograph import inspect_photograph, read_photograph
from dfsc.interface.session.retraining import SECONDS, TAUS, Retraining, State, matched_recipe
from dfsc.interface.session.settings import Settings
from dfsc.interface.session.visitors import Visitor, visitor
from dfsc.material.photographs import PhotoSet, read_photographs
from dfsc.models.detector import DetectorConfig
from dfsc.sources import is_chosen, open_checkpoints, open_snapshot
from dfsc.training.plan import QUICK_SEPARATION

TICK = 0.5


def endpoints() -> None:
    """Register the public endpoints in the Blocks context."""
    gr.api(inspect, api_name="inspect", concurrency_id="inspect")
    gr.api(open_checkpoint, api_name="open_checkpoint", concurrency_id="hub")
    gr.api(train, api_name="train", concurrency_limit=16)


def inspect(
    photograph: dict,
    product: str = "",
    local_weight: float = 0.5,
    rejected_good: int = 0,
    partner: bool = False,
    request: gr.Request = None,
) -> dict:
    """Inspect one photograph with a product's detectors.

    Args:
        photograph: a file, in Python handle_file("part.jpg").
        product: name of an embedded product (the first by default), or "own" for what was trained or opened before.
        local_weight: weight of the local map in the fused one, 0 to 1.
        rejected_good: how many of the held-out good parts the limit gives up.
        partner: judge each network together with FRE, where the product has it.

    Returns:
        "photograph", "size" in pixels, and "results": a record a detector as `python -m dfsc inspect --json` prints it.
    """
    with plain_errors(), _uploads(photograph) as uploads:
        check_finite("local_weight", local_weight)
        check_finite("rejected_good", rejected_good)
        path, name = uploads[0]
        inspector = inspector_of(product or next(iter(products()), None), visitor(request))
        decoded = read_photograph(path, name, uploaded=True, bits=inspector.bits)
        with courtesy.inspecting():
            inspection = inspect_photograph(decoded, inspector)
    judged = Settings(min(max(local_weight, 0.0), 1.0), max(int(rejected_good), 0), partner=partner).applied(inspection)
    scale = decoded.width / inspection.size[0]
    records = [result_record(judged, result) for result in judged.results]
    for record in records:
        record["peak_xy"] = [round(value * scale, 1) for value in record["peak_xy"]]
    return {"photograph": name, "size": [decoded.width, decoded.height], "results": records}


def open_checkpoint(source: str = "", file: dict | None = None, request: gr.Request = None) -> list[dict]:
    """Open detectors for this client alone; inspect them as product "own".

    Args:
        source: a name on the Hugging Face Hub, org/name[@revision][:folder].
        file: or a zip as the page and `train` write it, in Python handle_file("pair.zip").

    Returns:
        "detector", "method", "size" and "product" of each, whether it is "usable" (else its verdicts are "unsure"), and
        its "self_test", null where there was none: how many made-up faults it "found" of those that were "made";
        "details" tells them by kind.
    """
    with plain_errors():
        if file:
            with _uploads(file) as uploads:
                detectors = open_checkpoints(*uploads[0])
        elif name := hub_name(source):
            detectors = open_snapshot(fetch(name, progress=lambda _: None, public=not is_chosen(name)))
        else:
            raise DFSCError(wording.NO_HUB_NAME)
        visitor(request).open(detectors)
    return _told(detectors)


def train(
    photographs: list[dict],
    seconds: float = 120,
    tau: float = QUICK_SEPARATION.tau,
    movement: float = 0.0,
    seed: int = 0,
    also: list[str] | None = None,
    request: gr.Request = None,
) -> Iterator[dict]:
    """Train a matched pair on photographs of good parts; a stream of what it does, its last record names the detectors.

    Args:
        photographs: 12 to 200 files, or a zip of them.
        seconds: for all methods, everything counted, 30 to 900.
        tau: τ′ of DFSC, 0.5 to 1.
        movement: how far the part moves between photographs, as a share of the edge.
        seed: of everything that is drawn.
        also: methods to train beside the pair, such as ["fcl"].

    Returns:
        records with "state", "seconds_left", "stage", "step", "steps" and "losses"; the last one has "detectors" too.
        Inspect with them as product "own". A training that fails ends the stream with an error of one sentence, which
        a loop over gradio_client's job does not raise, but its result() does.
    """
    known = visitor(request)
    with plain_errors():
        if known.trains:
            raise DFSCError("A training of yours is under way already; wait for its end.")
        _check_within("seconds", seconds, SECONDS)
        _check_within("tau", tau, TAUS)
        recipe = matched_recipe(seconds, movement, seed, replace(QUICK_SEPARATION, tau=tau), also or ())
        job = known.wishes(_photographs(photographs), recipe)
        if not lane.enter(job):
            raise DFSCError("Too many trainings wait already; try again later.")
    known.retraining = job
    yield from _watched(known, job)


def _check_within(name: str, value: float, ends: tuple[float, float]) -> None:
    low, high = ends
    if not isinstance(value, (int, float)) or not low <= value <= high:
        raise DFSCError(f"{name} has to be a number from {low:g} to {high:g}.")


def check_finite(name: str, value: float) -> None:
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise DFSCError(f"{name} has to be a number.")


def _watched(known: Visitor, job: Retraining) -> Iterator[dict]:
    try:
        while not job.finished:
            yield _record(job)
            time.sleep(TICK)
    finally:
        if not job.finished:
            job.abandon()
    if job.state is State.FAILED:
        raise gr.Error(job.error, print_exception=False)
    known.keep(job)
    yield _record(job) | {"detectors": _told(job.detectors)}


def _record(job: Retraining) -> dict:
    step = job.record
    known = {"stage": step.stage, "step": step.step, "steps": step.steps, "losses": step.losses} if step else {}
    return {"state": str(job.state), "seconds_left": round(job.seconds_left, 1)} | known


def _told(detectors: Sequence[Detector]) -> list[dict]:
    return [config_record(detector.config) for detector in detectors]


def config_record(config: DetectorConfig) -> dict:
    test = config.self_test
    return {
        "detector": config.name,
        "method": config.method,
        "size": config.size,
        "product": config.product,
        "usable": config.usable,
        "self_test": test and {"found": test.found, "made": test.made, "details": test.details},
    }


def _photographs(files: list[dict]) -> PhotoSet:
    with _uploads(files) as uploads:
        decoded = [progress.photographs for progress in read_photographs(uploads)][-1]
    if decoded is None or decoded.shortage:
        raise DFSCError(decoded.shortage if decoded else wording.UNKNOWN_UPLOAD)
    return decoded


@contextmanager
def _uploads(files: object) -> Iterator[list[Upload]]:
    """Paths and names of uploads; whatever else a client says they are, only files that were uploaded are read."""
    with taken_over(files) as uploads:
        if not uploads:
            raise DFSCError(wording.UNKNOWN_UPLOAD)
        yield uploads


@contextmanager
def plain_errors() -> Iterator[None]:
    """The library's sentences as errors that reach the client."""
    try:
        yield
    except DFSCError as error:
        raise gr.Error(str(error), print_exception=False) from error
    except OSError as error:  # a full disk, say; its path is nobody's business
        raise gr.Error(wording.SERVER_REFUSED.format(error.strerror or "error"), print_exception=False) from error
