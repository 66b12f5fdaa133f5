"""A study for the page's tests; every figure in it is invented."""

from pathlib import Path

from dfsc.checkpoints.files import digest
from dfsc.models.methods import PAIR
from dfsc.study.cases import Case, Finding, Outcome, Shipped
from dfsc.study.figures import Row, Setting, Study
from dfsc.study.file import write_study
from dfsc.study.gains import Gain
from dfsc.study.selection import AtSameRate, Selection, write_selection

FINDINGS = (Finding(0.1, 0.5, "accept"), Finding(0.9, 0.5, "reject"))
SAME_RATE = (Finding(0.1, 0.05, "reject"), Finding(0.9, 0.85, "reject"))


def write_made_up_study(weights: Path, product: str) -> None:
    """Two values of τ′ on a product, and one of its examples as an image that only DFSC judges rightly."""
    auroc = {"logical": (0.8, 0.9)}
    shared = {"seeds": (0, 1), "diverged": (), "steps": 9, "cross_validated": False, "auroc": auroc}
    fit = {"mean_distance": None, "similar_mean": None}
    rows = [Row(product, None, gains={}, method="ead-s", **shared, **fit)]
    rows += [
        Row(product, Setting(tau, 1.5), gains={"logical": Gain(0.05, 0.01, 0.09)}, method="dfsc", **shared, **fit)
        for tau in (0.8, 0.9)
    ]
    write_study(Study(("One.", "Two.", "Three."), Setting(0.9, 1.5), tuple(rows)), weights / "study")
    case = Case("test/missing/000.png", "logical", ("missing",), Shipped("logical/20.jpg"), FINDINGS)
    digests = tuple(digest(weights / product / method) for method in PAIR)
    counts = dict.fromkeys(Outcome, 0) | {Outcome.ONLY_DFSC: 1}
    both = Case(case.image, case.family, case.defects, case.origin, SAME_RATE)
    same_rate = AtSameRate(2, 8, dict.fromkeys(Outcome, 0) | {Outcome.BOTH_RIGHT: 1}, (both,))
    write_selection(Selection(product, product, digests, counts, (case,), same_rate), weights / "study")
