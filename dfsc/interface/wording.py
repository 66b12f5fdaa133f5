"""What the page says, in the words of somebody who inspects parts and never heard of the methods."""

from collections.abc import Sequence

from dfsc.inspector import Result

TITLE = "DFSC Inspector"
SUBTITLE = "Two detectors that learned from good parts only look at the same photograph: EAD-S and DFSC, side by side."
NO_WEIGHTS = (
    "There are no trained detectors in this installation, so nothing can be inspected yet; put the checkpoint folders "
    "into weights/ and start the page again."
)
INVITATION = "Drop, paste or choose a photograph, and both detectors show where it differs from good parts."
UPLOAD_LABEL = "Your photograph"
PRODUCT_LABEL = "Product"
# The choice beside the products: what the visitor trained or opened himself.
OWN, OWN_NAME = "own", "Your model"
CHECKPOINT_LABEL = "Open a checkpoint (zip)"
UNKNOWN_UPLOAD = "The upload did not arrive; choose the photograph once more."
UNKNOWN_EXAMPLE = "That example belongs to another product; choose one of those shown now."

DEFECT_TITLE = "Make a defect yourself"
DEFECT_TOOLS = {
    "erase": ("Erase", "Draw a box around a part: it is filled with what surrounds it, as if it were missing."),
    "copy": ("Copy", "Draw a box around a part, then click where a copy of it shall lie."),
    "scratch": ("Scratch", "Draw a line with the pointer held down."),
}
DEFECT_PLACE = "Now click where the copy shall lie."
DEFECT_UNDO = "Undo"
UNKNOWN_STROKE = "That stroke did not arrive whole; draw it once more."

KINDS = {
    "good": ("Good", "as it should be"),
    "logical": ("Logical fault", "something is missing, surplus or swapped"),
    "structural": ("Structural fault", "scratched, dented, broken or dirty"),
}
MAPS = {
    "local": ("Local", "A spot looks unlike the good parts’ texture: a scratch, a dent, dirt."),
    "global": ("Global", "The arrangement is unlike the good parts: something is missing, surplus or swapped."),
    "fused": ("Fused", "The mean of both. Its highest value, at the ring, is the score."),
}
BRANCH_MEANING = {
    "local": "a spot there looks unlike the good parts’ texture",
    "global": "the arrangement there is unlike the good parts",
}
VERDICTS = {"accept": "Accepted", "reject": "Rejected"}
LEGEND = (
    ("0", "as 90 % of the good parts’ pixels, or calmer"),
    ("0.1", "as the hottest 0.5 % of them begin"),
    ("0.3", "and above: far outside"),
)
LEGEND_NOTE = (
    "All maps share this scale; it is fixed by the good parts and never stretched to a photograph. "
    "The outer 6 % of the photograph is seen, but drawn further in."
)


def product_name(product: str) -> str:
    """screw_block → Screw block."""
    return OWN_NAME if product == OWN else product.replace("_", " ").capitalize()


def example_name(kind: str, number: int) -> str:
    return f"Example: {KINDS[kind][0].lower()} {number}"


def opened(name: str, count: int) -> str:
    detectors = "1 detector" if count == 1 else f"{count} detectors"
    return f"{name}: {detectors} opened, for you alone."


def with_defect(name: str) -> str:
    return f"{name}, with a defect made by hand"


def agreement(results: Sequence[Result]) -> str:
    """The methods' verdicts in one sentence."""
    verdicts = {result.verdict for result in results}
    titles = [result.title for result in results]
    if len(results) > 1 and len(verdicts) == 1:
        who = "Both methods" if len(results) == 2 else f"All {len(results)} methods"
        return f"{who} {verdicts.pop()} this part."
    clauses = [f"{title} {result.verdict}s" for title, result in zip(titles, results, strict=True)]
    return f"{', '.join(clauses)} this part."


def standing(result: Result) -> str:
    """Where the score stands among the held-out good parts."""
    count = result.calibration.count
    below = round(result.percentile / 100 * count)
    if below == count:
        return f"The score is above all {count} good parts held out from training."
    if below == 0:
        return f"The score is no higher than any of the {count} good parts held out from training."
    return f"The score is above {below} of {count} good parts held out from training."


def limit(result: Result) -> str:
    if result.rejected_good == 0:
        return "the highest score of a held-out good part"
    return f"it rejects {result.rejected_good} of {result.calibration.count} held-out good parts"


def strongest(result: Result, x: float, y: float) -> str:
    """Where the fused map peaks (x, y in pixels of the photograph) and which branch is larger there."""
    larger, smaller = result.local_peak, result.global_peak
    other = "global"
    if result.branch == "global":
        larger, smaller, other = smaller, larger, "local"
    place = f"Strongest at x {x:.0f}, y {y:.0f} px; there the {result.branch} map is larger"
    numbers = f"({number(larger)} against {other} {number(smaller)})"
    meaning = BRANCH_MEANING[result.branch] if result.verdict == "reject" else "still within what good parts show"
    return f"{place} {numbers}: {meaning}."


def checkpoint(source: str, name: str, size: str) -> str:
    """Where a detector's weights came from."""
    place = "embedded in this installation" if source == "embedded" else source
    return f"{place} · {name} · “{size}” networks"


def inspected(name: str, seconds: float, results: Sequence[Result]) -> str:
    return f"{name}: inspected in {seconds:.1f} s. {agreement(results)}"


def product_changed(product: str, photograph: str) -> str:
    return f"{photograph} is now compared with good parts of “{product_name(product)}”."


def number(value: float) -> str:
    """A map value with two decimals and a true minus sign."""
    text = f"{value:.2f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")
