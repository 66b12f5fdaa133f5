"""What the page says, in the words of somebody who inspects parts and never heard of the methods."""

TITLE = "DFSC Inspector"
SUBTITLE = "Two detectors that learned from good parts only look at the same photograph: EAD-S and DFSC, side by side."
NO_PRODUCTS = (
    "This installation knows no product yet: train one in the Retrain tab from photographs of good parts, or open a "
    "trained pair from its zip or from the Hugging Face Hub."
)
INVITATION = "Drop, paste or choose photographs (or a zip), and both detectors show where they differ from good parts."
UPLOAD_LABEL = "Your photographs"
CAMERA_LABEL = "Use this computer’s camera"
PRODUCT_LABEL = "Product"
# The choice beside the products: what the visitor trained or opened himself.
OWN, OWN_NAME = "own", "Your model"
CHECKPOINT_LABEL = "Open a pair that was trained before (zip)"
HUB_LABEL, HUB_HINT = "Or from the Hugging Face Hub (press Enter)", "org/name"
NO_OWN = "Your model is no longer here; train one in the Retrain tab, or open it from its zip."
OWN_READY = "Your model is chosen. Drop a photograph of such a part."
HUB_OTHER_CARD = "Another repository was looked up since; check what the card says now and choose again."
NO_HUB_NAME = "That is no name on the Hub; it should look like org/name."
HUB_LICENCE, HUB_DETECTORS, HUB_SIZE, HUB_VERSION = "Licence", "Detectors", "Size", "Version"
HUB_UNSAID = "not said"
HUB_OPEN, HUB_FETCH = "Open", "Fetch {megabytes:.1f} MB and open"
HUB_ABSENT = (
    "This page is set up for {name}, which is not on this computer yet, so you see what is embedded; press Enter in "
    "the field above to look it up."
)
HUB_FETCHING = "Fetching: {done:.1f} of {all:.1f} MB."
# {photo}, {product}: filled in by the page's script, with nothing where it does not know them.
INSPECTING = "Inspecting {photo} …"
INSPECTING_ANY = "One moment …"
EARLIER = "Below is still the earlier finding: {photo}, {product}."
CAMERA_START, CAMERA_STOP, CAMERA_TAKE = "Start camera", "Stop camera", "Take photo"
CAMERA_FAILED = "The camera can’t be used: {why}. Allow it in the browser’s settings, or choose a photo instead."
UNKNOWN_UPLOAD = "The upload did not arrive; choose the photograph once more."
UNKNOWN_EXAMPLE = "That example belongs to another product; choose one of those shown now."

MANY_PHOTOGRAPH = "Photograph"
MANY_DOWNLOAD = "Download this table (CSV)"
MANY_FILE = "inspection.csv"
MANY_LEFT_OUT = "Left out"
NO_SUCH_PHOTOGRAPH = "That photograph is no longer in the list; upload it once more."

DEFECT_TITLE = "Make a defect yourself"
DEFECT_TOOLS = {
    "erase": ("Erase", "Draw a box around a part: it is filled with what surrounds it, as if it were missing."),
    "copy": ("Copy", "Draw a box around a part, then click where a copy of it shall lie."),
    "scratch": ("Scratch", "Draw a line with the pointer held down."),
}
DEFECT_PLACE = "Now click where the copy shall lie."
DEFECT_TOUCH = "Choose a tool first; until then a swipe over the photograph moves the page."
DEFECT_UNDO = "Undo"
UNKNOWN_STROKE = "That stroke did not arrive whole; draw it once more."
TOO_MANY_STROKES = "There are as many defects in this photograph as it can take; undo one first."

KINDS = {
    "good": ("Good", "as it should be"),
    "logical": ("Logical fault", "something is missing, surplus or swapped"),
    "structural": ("Structural fault", "scratched, dented, broken or dirty"),
    "disagree": ("Opinions differ", "only one of the two methods is right"),
    "missed": ("Missed by both", "a fault that neither method finds"),
}
MAPS = {
    "local": ("Local", "A spot looks unlike the good parts’ texture: a scratch, a dent, dirt."),
    "global": ("Global", "The arrangement is unlike the good parts: something is missing, surplus or swapped."),
    "fused": ("Fused", "Both together, by the weight that is set. The highest value, at the ring, is the score."),
}
BRANCH_MEANING = {
    "local": "a spot there looks unlike the good parts’ texture",
    "global": "the arrangement there is unlike the good parts",
}
FOREIGN = (
    "This does not look like {parts}, so there is no verdict: it is another part, or it was photographed in other "
    "light, framing or orientation."
)
OWN_PARTS = "the parts that your model was trained on"
VERDICTS = {"accept": "Accepted", "reject": "Rejected", "foreign": "Not this product", "unsure": "Not usable yet"}
LEGEND = (
    ("0", "as 90 % of the good parts’ pixels, or calmer"),
    ("0.1", "as the hottest 0.5 % of those pixels"),
    ("0.3", "and above: far outside"),
)
LEGEND_NOTE = (
    "All maps share this scale; it is fixed by the good parts and never stretched to a photograph. "
    "What lies in the hatched border is inspected too, but shown a little further in."
)


SLIDERS = {
    "weight": ("Weight of the local map", 0, 100, 5, "{weight} % local, {rest} % global"),
    "rejected": ("Limit", 0, 1, 1, "rejects {rejected} of {count} good parts kept back from training"),
    "strength": ("Strength of the colours", 0, 100, 1, "{strength} %"),
}
SLIDERS_NOTE = "Nothing is computed anew: verdicts, limits and maps follow at once."
STANDARD = "Standard settings"
PARTNER_LABEL = "Judge each network together with FRE"
WIPE_LABEL = "Move the line between both maps"
HOW_TITLE = "How it works"
HOW_FIGURE = "From the photograph through three networks to a local, a global and a fused map"
HOW_IT_WORKS = (
    "A teacher network, trained on photographs of all kinds, turns each spot into numbers that describe its texture.",
    "On good parts only, a student learned to predict the teacher’s numbers, and an auto-encoder learned to redraw the "
    "whole part from a summary of 64 numbers. What neither has ever seen, they predict badly.",
    "Where student and teacher disagree, a spot looks unlike the good parts: the local map. Where student and "
    "auto-encoder disagree, the arrangement does: the global map.",
    "Good parts that were held out from training fix the colour scale and the limit. What scores above it is rejected.",
    "EAD-S and DFSC differ in training only: DFSC keeps the auto-encoder away from the teacher in those features in "
    "which they differ most, so that a wrong arrangement may stand out; what that gained is told under Compare.",
)
REPORT_LABEL = "Download report (zip)"
RETRAIN_OFFER = "Retrain on good parts of your own"
DIFFERENCE_NOTE = "Blue: {first} is higher. Orange: {last} is higher. Full colour from a difference of 0.3 on."
PROBE_PLACE = "At x {x}, y {y} px"
PROBE_RANK = "above {below} of {count} good parts here"
PROBE_BORDER = "What lies in the hatched border is shown a little further in; click there."
PROBE_CLOSE = "Close (Esc)"
PROBE_HINT = "Click on a map to see all values at that place and where they stand among the good parts."


def product_name(product: str) -> str:
    """screw_block → Screw block."""
    return OWN_NAME if product == OWN else product.replace("_", " ").capitalize()


def example_name(kind: str, number: int) -> str:
    return f"Example: {KINDS[kind][0].lower()} {number}"


def opened(name: str, count: int) -> str:
    detectors = "1 detector" if count == 1 else f"{count} detectors"
    return f"{name}: {detectors} opened, for you alone."


def many_heading(product: str, suspect: int, count: int) -> str:
    """How many photographs there are, and how many of them not every method accepts."""
    photographs = "1 photograph" if count == 1 else f"{count} photographs"
    return f"{product_name(product)}: {photographs}, {suspect} not accepted by every method"


def many_done(seconds: float, count: int) -> str:
    return f"{count} photographs inspected in {seconds:.0f} s; click on one to see its maps."


def many_so_far(done: int, total: int) -> str:
    return f"Inspecting: {done} of {total} files."


def with_defect(name: str) -> str:
    return f"{name}, with a defect made by hand"


def judging(product: str) -> dict:
    """The sentences that the page's script fills in while sliders move; {names} stand for its values."""
    return {
        "verdicts": VERDICTS,
        "foreign": FOREIGN.format(parts=OWN_PARTS if product == OWN else f"“{product_name(product)}”"),
        "both": "Both methods {verb} this part.",
        "all": "All {count} methods {verb} this part.",
        "clauses": {
            "accept": "{title} accepts this part",
            "reject": "{title} rejects this part",
            "foreign": "{title} does not know this",
            "unsure": "{title} is not usable yet: {why}",
        },
        "standing": {
            "every": "The score is above all {count} good parts held out from training.",
            "none": "The score is no higher than any of the {count} good parts held out from training.",
            "some": "The score is above {below} of {count} good parts held out from training.",
        },
        "limit": {
            "none": "just above the highest score of a held-out good part",
            "some": "it rejects {rejected} of {count} held-out good parts",
        },
        "strongest": "Strongest at x {x}, y {y} px; there the {branch} map is larger "
        "({larger} against {other} {smaller}): {meaning}.",
        "meaning": BRANCH_MEANING,
        "calm": "both together stay below the limit",
        "meaningless": "that means nothing yet, the model has to be trained longer",
        "alt": {
            key: f"{title} map of {{title}} over the photograph, highest value {{top}}"
            for key, (title, _) in MAPS.items()
        },
    }


def origin(source: str) -> str:
    """Where a detector's weights came from."""
    return "embedded in this installation" if source == "embedded" else source


def checkpoint(name: str, size: str) -> str:
    return f"{name} · “{size}” networks"


def inspected(name: str, seconds: float) -> str:
    return f"{name}: inspected in {seconds:.1f} s."


def product_changed(product: str) -> str:
    return f"The photograph is now compared with good parts of “{product_name(product)}”."


def inspected_as(product: str) -> str:
    return f"inspected as {'your model’s part' if product == OWN else product_name(product)}"


def number(value: float, decimals: int = 2) -> str:
    """A map value with a true minus sign."""
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def told_apart(score: float, limit: float) -> tuple[str, str]:
    """A score and its limit with as many decimals, two to four, as it takes to see which one is higher."""
    for decimals in (2, 3, 4):
        both = number(score, decimals), number(limit, decimals)
        if both[0] != both[1]:
            break
    return both
