"""What the Compare tab says."""

from dfsc.interface.wording import KINDS, product_name
from dfsc.models.separation import Form, Hinge, Normaliser, SplitUnit
from dfsc.study.cases import Case, Outcome, Shipped
from dfsc.study.figures import Row
from dfsc.study.selection import Selection
from dfsc.study.switches import Switch, Switches, Value

MEANING_TITLE = "What this means"
TABLE_TITLE = "EAD-S against DFSC"
TABLE_NOTE = (
    "DFSC with {setting}. Image AUROC of the fused map in percent, the mean over the seeds: how often a faulty part "
    "scores higher than a good one. Difference: DFSC minus EAD-S of the same seeds and images, in points, with a 95 % "
    "bootstrap interval over seeds and images; one that includes 0 shows no difference, few seeds make it too narrow."
)
TABLE_HEADS = ("Faults", "EAD-S", "DFSC", "Difference", "95 % interval")
BESIDE = "{title} beside them, and its difference to EAD-S: {told}"
HELD_OUT = "no setting of DFSC was chosen on it"
HELD_OUT_MEAN = "Mean of the products that no setting of DFSC was chosen on"
ACROSS_ZERO = "includes 0"
CURVES_TITLE = "AUROC against τ′"
CURVES_NOTE = (
    "τ′ is the share of features that count as similar; its values stand at even distances. Bands reach from the "
    "lowest to the highest seed. Each plot has its own scale, a margin the same colour in all. "
    "Point at a value of τ′, or touch it, to read all figures there."
)
ALL_TITLE = "Every setting as a table"
CSV_LABEL, CSV_FILE = "Download all figures (CSV)", "study.csv"
ALL_HEADS = ("Product", "Method", "τ′", "Margin", "Seeds", "Mean d", "Mean similar d")
ALL_NOTE = (
    "AUROC in percent, mean ± standard deviation over the seeds; Δ as above. Mean d: how far the auto-encoder is from "
    "the teacher after its training, over all features and over the similar ones."
)
SWITCHES_TITLE = "Other forms of the constraint, one change at a time"
SWITCH_HEAD = "Changed"
SWITCHES_NOTE = (
    "DFSC with {usual} and what each row says, minus EAD-S of the same seeds and images: AUROC in points with a 95 % "
    "bootstrap interval, in bold where that leaves 0 out. {seeds} seeds."
)
NOTHING_CHANGED = "nothing"
SWITCH_NUMBERS = {
    "tau": "τ′ = {:g}",
    "margin_ratio": "κ = {:g}",
    "margin": "absolute margin m = {:g}",
    "weight": "λ = {:g}",
    "warm_up": "beginning after {:g} of the steps",
}
SWITCH_CHOICES: dict[str, str] = {
    Form.REPLACES: "in place of the auto-encoder's loss",
    Form.ADDED: "added to the auto-encoder's loss",
    SplitUnit.ELEMENTS: "split by single features",
    SplitUnit.POSITIONS: "split by positions",
    SplitUnit.CHANNELS: "split by channels",
    Hinge.SQUARED_DISTANCE: "hinge of the squared distance",
    Hinge.DISTANCE: "hinge of the distance",
    Hinge.SET: "hinge of the mean over all novel features",
    Hinge.PULL: "pulled closer to the teacher (the opposite)",
    Normaliser.ALL_ELEMENTS: "both sums over the number of all features",
    Normaliser.SUBSET_MEAN: "each sum over its own number of features",
}
GROUPS = {"logical": "Logical", "structural": "Structural", "all": "All"}
CASES_TITLE = "Test images of interest"
CASES_NOTE = "Choose an image to open it in the Inspect tab, with all its maps."
CASE_PRODUCT_LABEL, CASE_OUTCOME_LABEL = "Product", "Which images?"
CASE_LIMITS_LABEL = "Limits"
CALIBRATED, SAME_RATE = "calibrated", "same-rate"
LIMITS = {CALIBRATED: "As calibrated", SAME_RATE: "At the same share of good parts rejected"}
SAME_RATE_NOTE = (
    "Both limits are where each method rejects {rejected} of the {good} good test images, so that neither finds more "
    "just by being stricter. In the Inspect tab the calibrated limits count."
)
NO_SAME_RATE = "The test images of “{product}” were judged with the calibrated limits only, as below."
OUTCOMES = {
    Outcome.ONLY_DFSC: "Only DFSC is right",
    Outcome.ONLY_EAD_S: "Only EAD-S is right",
    Outcome.BOTH_WRONG: "Both fail",
    Outcome.BOTH_RIGHT: "Both succeed",
}
NONE_OF_THEM = {
    Outcome.ONLY_DFSC: "There is no test image on which DFSC alone is right.",
    Outcome.ONLY_EAD_S: "There is no test image on which EAD-S alone is right.",
    Outcome.BOTH_WRONG: "There is no test image on which both fail.",
    Outcome.BOTH_RIGHT: "There is no test image on which both succeed.",
}
NOT_HERE = "These photos are not part of this installation, so none of them can be shown."
OTHER_WEIGHTS = (
    "The detectors here are not those by which these images were counted and chosen, so verdicts may differ."
)
OTHERWISE = "Judged otherwise when it was chosen."
UNKNOWN_CASE = "That image is no longer in the list; choose another one."
DRAWING = "…"


def switch_name(changed: dict[str, Value]) -> str:
    """The settings that a row changed, or what all rows share."""
    said = [SWITCH_CHOICES.get(str(value)) or SWITCH_NUMBERS[name].format(value) for name, value in changed.items()]
    return ", ".join(said) or NOTHING_CHANGED


def stopped(row: Switch) -> str:
    """How many of a row's trainings came to nothing, if any."""
    return f" {len(row.diverged)} stopped, diverging" if row.diverged else ""


def switches_note(switches: Switches) -> str:
    """How the table of switches is to be read."""
    counts = sorted({len(row.seeds) for row in switches.rows})
    return SWITCHES_NOTE.format(usual=switch_name(switches.usual), seeds=" to ".join(map(str, counts)))


def opening(name: str) -> str:
    return f"Opening {name} …"


def picture_of(title: str | None, name: str) -> str:
    return f"{name}, fused map of {title}" if title else name


def outcome_choices(selection: Selection) -> list[tuple[str, str]]:
    """The kinds of outcome with how many test images each has."""
    return [(f"{OUTCOMES[outcome]} ({selection.counts[outcome]})", outcome.value) for outcome in Outcome]


def chosen_of(selection: Selection, outcome: Outcome, shown: int) -> str:
    """How many images are shown out of how many."""
    count = selection.counts[outcome]
    if not count:
        return NONE_OF_THEM[outcome]
    images = "1 image" if count == 1 else f"{count} images"
    told = f"{OUTCOMES[outcome]}: {images} of the {selection.total} test images of “{product_name(selection.product)}”"
    if not shown:
        return f"{told}. {NOT_HERE}"
    return f"{told}{'' if shown == count else f', {shown} of them here'}."


def case_name(product: str, case: Case) -> str:
    """Terminal block, logical 012, or for an example its file's name."""
    number = case.origin.file.rpartition("/")[2] if isinstance(case.origin, Shipped) else case.image.rpartition("/")[2]
    return f"{product_name(product)}, {case.family} {number.rpartition('.')[0]}"


def case_title(product: str, case: Case) -> str:
    """Its name, and what is wrong with it."""
    return f"{case_name(product, case)}: {case_fault(case).lower()}"


def case_fault(case: Case) -> str:
    """What is wrong with a part, in words."""
    if not case.defects:
        return "Good part"
    return ", ".join(defect.replace("_", " ") for defect in case.defects).capitalize()


def case_place(product: str, case: Case) -> str:
    """The family of its fault, if it has one of a known family, and its name."""
    family = f"{KINDS[case.family][0]} · " if case.defects and case.family in KINDS else ""
    return family + case_name(product, case)


def row_facts(row: Row) -> str:
    """How a product's figures came about."""
    seeds = "1 seed" if len(row.seeds) == 1 else f"{len(row.seeds)} seeds"
    steps = f", {row.steps} steps of the student" if row.steps else ""
    crossed = ", each tested on another quarter of the good images" if row.cross_validated else ""
    return f"{product_name(row.product)}: {seeds}{steps}{crossed}."
