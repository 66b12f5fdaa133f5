"""The page's texts, for people who inspect parts and have never heard of the methods."""

from collections.abc import Mapping

TITLE = "DFSC Inspector"
SUBTITLE = "Find defects with detectors trained only on good parts: EfficientAD-S (EAD-S), DFSC, FCL and FRE."
NO_PRODUCTS = (
    "This installation knows no product yet: train one in the Retrain tab with photos of good parts, or load a trained "
    "pair from a zip or the Hugging Face Hub."
)
INVITATION = "Add photos to see what differs from good parts."
HINTS_TITLE, HINTS_CLOSE = "New here?", "Got it"
HINTS = (
    "Click an example, then “Show the true region” beside it.",
    "Click a map for its values, ⤢ for full screen; “Why?” gives the reasons.",
    "Inspect your own photos: drop them anywhere. Another product is learned under Retrain.",
)
UPLOAD_LABEL = "Your photos, or a zip of them"
CAMERA_LABEL = "Use this computer’s camera"
PRODUCT_LABEL = "Product"
# The choice beside the products: what the visitor trained or opened himself.
OWN, OWN_NAME = "own", "Your model"
LOAD_LABEL = "Load another model"
CHECKPOINT_LABEL = "Load a saved model pair (.zip)"
HUB_LABEL, HUB_HINT = "Load from the Hugging Face Hub (press Enter)", "org/name"
NO_OWN = "Your model is no longer here; train one in the Retrain tab, or load it from its zip."
OWN_READY = "Your model is chosen. Drop a photo of such a part."
HUB_OTHER_CARD = "Another repository has been looked up since; check the card and choose again."
NO_HUB_NAME = "This is not a name on the Hub; it should look like org/name."
HUB_LICENCE, HUB_DETECTORS, HUB_SIZE, HUB_VERSION = "Licence", "Detectors", "Size", "Version"
HUB_UNSAID = "unknown"
HUB_OPEN, HUB_FETCH = "Open", "Download {megabytes:.1f} MB and open"
HUB_ABSENT = (
    "This page is set up for {name}, which is not on this computer yet, so you see the embedded detectors; press "
    "Enter in the field above to look it up."
)
HUB_FETCHING = "Downloading: {done:.1f} of {all:.1f} MB."
# {photo}, {product}: filled in by the page's script, or left empty if unknown.
INSPECTING = "Inspecting {photo} …"
INSPECTING_ANY = "One moment …"
EARLIER = "Below is still the earlier finding: {photo}, {product}."
CAMERA_START, CAMERA_STOP, CAMERA_TAKE = "Start camera", "Stop camera", "Take photo"
CAMERA_FAILED = "The camera can’t be used: {why}. Allow it in the browser’s settings, or choose a photo instead."
UNKNOWN_UPLOAD = "The upload did not arrive; choose the photo again."
UNKNOWN_EXAMPLE = "That example belongs to another product; choose one of those shown now."

MANY_LABEL = "Several photos"
MANY_SHOW, MANY_ORDER = "Which photos to show", "Order of the photos"
MANY_FILTERS = {
    "all": ("All", "every file"),
    "rejected": ("Rejected", "by at least one detector"),
    "unsure": ("Unsure", "the detectors disagree, or give no verdict"),
    "error": ("Errors", "files that can’t be inspected"),
}
MANY_ORDERS = {"score": "Highest score first", "given": "As given"}
MANY_UNUSABLE = ("the model is", "the models are")
MANY_NONE = "No photo of this kind."
MANY_DOWNLOAD = "Download as CSV"
MANY_FILE = "inspection.csv"
NO_SUCH_PHOTOGRAPH = "That photo is no longer in the list; upload it again."

INTEREST_TITLE = "Only part of the photo counts"
INTEREST_HINT = (
    "Draw around what counts, once for this product: each click is a corner. What lies outside no longer decides "
    "anything. It holds for you alone, until you leave or let the whole photo count."
)
INTEREST_STAGE = "Photo to draw on: arrow keys move the cross, Enter sets a corner, Escape takes the last one back"
INTEREST_DONE, INTEREST_ANEW, INTEREST_WHOLE = "Done", "Start over", "The whole photo counts"
INTEREST_SET = "Only what you drew around counts now for {product}{without}."
INTEREST_WITHOUT = "; {titles} is left out, since it has to be learned anew for it from good photos (dfsc region)"
INTEREST_UNSET = "The whole photo counts again for {product}."
INTEREST_FRE_ALONE = (
    "FRE judges each place by all the others, so for a part of the photo it is learned anew from good photos; "
    "do that on the command line with dfsc region."
)
UNKNOWN_REGION = "That outline did not arrive completely; draw it again."

DEFECT_TITLE = "Make a defect yourself"
DEFECT_TOOLS = {
    "erase": ("Erase", "Draw a box around a part: it is filled with its surroundings, as if it were missing."),
    "copy": ("Copy", "Draw a box around a part, then click where to place a copy."),
    "scratch": ("Scratch", "Draw a line with the pointer held down."),
}
DEFECT_PLACE = "Now click where to place the copy."
DEFECT_TOUCH = "Choose a tool first; until then a swipe over the photo moves the page."
DEFECT_STAGE = "Photo to draw on: arrow keys move the cross, Enter begins and ends a stroke, Escape gives it up"
DEFECT_UNDO = "Undo"
UNKNOWN_STROKE = "That stroke did not arrive completely; draw it again."
TOO_MANY_STROKES = "This photo has the maximum number of defects; undo one first."

KINDS = {
    "good": ("Good", "as it should be"),
    "logical": ("Logical fault", "something is missing, extra or swapped"),
    "structural": ("Structural fault", "scratched, dented, broken or dirty"),
    "disagree": ("EAD-S and DFSC disagree", "only one of the two is right by itself"),
    "missed": ("Missed by EAD-S and DFSC", "a fault that neither of the two finds by itself"),
}
MAPS = {
    "local": ("Local", "The surface here differs from good parts (scratch, dirt, or the hole a missing screw leaves)."),
    "global": ("Global", "The layout differs from good parts: something is missing, extra or swapped."),
    "fused": ("Fused", "Both combined, by the local / global mix. The highest value, at the ring, is the score."),
}
BRANCH_MEANING = {
    "local": "the surface there differs from good parts",
    "global": "the layout there differs from good parts",
}
FOREIGN = (
    "This does not look like {parts}, so there is no verdict: it is another part, or the light, framing or "
    "orientation differs."
)
OWN_PARTS = "the parts that your model was trained on"
VERDICTS = {"accept": "Accepted", "reject": "Rejected", "foreign": "Not this product", "unsure": "Not usable yet"}
WHY = "Why?"
STRIP_SIGNS = "● good parts  ┃ limit  ▼ this part"
LEGEND = (
    ("0", "up to the 90th percentile of good-part pixels"),
    ("0.1", "99.5th percentile"),
    ("0.3", "and above: far outside"),
)
LEGEND_NOTE = (
    "All maps share this scale; it is set by the good parts and never stretched to a photo. "
    "Defects in the hatched border are found, but drawn slightly further in."
)


SLIDERS = {
    "weight": ("Local / global mix", 0, 100, 5, "{weight} % local, {rest} % global"),
    "rejected": ("Strictness", 0, 1, 1, "rejects {rejected} of {count} held-out good parts"),
    "strength": ("Overlay opacity", 0, 100, 1, "{strength} %"),
}
SLIDERS_NOTE = "Verdicts and maps update instantly."
STANDARD = "Reset"
PARTNER_LABEL = "Combine each network with FRE"
SHOWN_METHODS = "Methods shown"
SIDES = ("Method on the left", "Method on the right")
WIPE_LABEL = "Move the line between both maps"
HOW_TITLE = "How it works"
HOW_FIGURE = "From the photo through three networks to a local, a global and a fused map"
HOW_IT_WORKS = (
    "A teacher network, trained on photos of all kinds, turns each spot into numbers that describe its texture.",
    "From good parts only, a student learned to predict the teacher’s numbers, and an auto-encoder learned to redraw "
    "the whole part from a summary of 64 numbers. Both predict unfamiliar things badly.",
    "Where student and teacher disagree, the surface differs from good parts: the local map. Where student and "
    "auto-encoder disagree, the layout does: the global map.",
    "Held-out good parts set the colour scale and the limit. A photo with a score above the limit is rejected.",
    "EAD-S and DFSC differ only in training: DFSC keeps the auto-encoder away from the teacher in the features in "
    "which they differ most, so that a wrong layout may stand out; the Compare tab shows what that gained.",
    "FCL trains the same networks to agree in what surrounds each spot, too, and compares that in its maps. DFSC’s "
    "constraint and FCL’s coding are this project’s reconstructions of their papers.",
    "FRE has no networks of its own: it predicts each spot’s numbers from those of the rest of the photo, and shows "
    "what can’t be predicted.",
)
REGION_LABEL, REGION_ALT = "Show the true region", "Outline of the true region of the fault"
REPORT_LABEL = "Download report (zip)"
RETRAIN_OFFER = "Retrain on your own good parts"
DIFFERENCE_NOTE = "Blue: {first} is higher. Orange: {last} is higher. Full colour from a difference of 0.3 on."
PROBE_PLACE = "At x {x}, y {y} px"
PROBE_RANK = "higher than {below} of {count} good parts here"
PROBE_BORDER = "Defects in the hatched border are drawn slightly further in; click there."
PROBE_CLOSE = "Close (Esc)"
PROBE_HINT = (
    "Click a map for all values at that spot and their ranks among good parts; double-click or ⤢ for full screen."
)

ENLARGE = "{title}, {map} map: full screen"
VIEWER_TITLE, VIEWER_PHOTO, VIEWER_PANES = "Full screen", "Photo", "Photo and maps"
VIEWER_ACTS = {
    "out": "Zoom out (−)",
    "in": "Zoom in (+)",
    "fit": "Show all of the photo (0)",
    "close": "Close (Esc)",
}
VIEWER_KEYS = (
    "Zoom: wheel, pinch, + and −. Move: drag or arrow keys. Values: point, or Shift and arrow keys. 0: fit. Esc: close."
)

PAPERS_LABEL = "Papers"
RECONSTRUCTED = (
    "DFSC’s constraint and FCL’s coding are this project’s reconstructions of their papers; please cite those, too."
)
LICENCE, API_LINK, CITE = "Code and weights: Apache-2.0", "API description (JSON)", "How to cite (BibTeX)"
OPENAPI_LINK = "OpenAPI"

SERVER_REFUSED = "The server can't do this now ({}); try again later, or tell whoever runs it."
NO_PICTURE = (
    "Photo {} is neither base64 nor the address of a file that was uploaded to this page; nothing is fetched from "
    "elsewhere."
)
UNKNOWN_HANDLE = "There are no detectors called {}; name a product of list_products, or what train_fre answered."
TOO_BUSY = "Too many tools are in use; try again in a moment."
NOTHING_FETCHED = "Files are uploaded here; nothing is fetched from an address."
TOO_LONG = "This question is longer than any that the page asks."
NO_SUCH_ROUTE = "There is nothing here."
TOO_MANY_REQUESTS = "There are too many requests from this address; wait a minute and try again."


def product_name(product: str) -> str:
    """screw_block → Screw block."""
    return OWN_NAME if product == OWN else product.replace("_", " ").capitalize()


def example_name(kind: str, number: int, fault: str) -> str:
    of_kind = f"{KINDS[kind][0].lower()} {number}"
    return f"Example: {fault} ({of_kind})" if fault else f"Example: {of_kind}"


def opened(name: str, count: int) -> str:
    detectors = "1 detector" if count == 1 else f"{count} detectors"
    return f"{name}: {detectors} opened, for you only."


def many_heading(product: str, outcomes: Mapping[str, int], methods: int) -> str:
    """How many photos there are, and what became of them.

    Args:
        outcomes: numbers of photos (see Ranked.outcome).
    """
    count = sum(outcomes.values())
    photos = "1 photo" if count == 1 else f"{count} photos"
    if count and outcomes.get("unsure") == count:
        return f"{product_name(product)}: {photos}, no verdict, as {MANY_UNUSABLE[methods > 1]} not usable yet"
    by = "" if methods == 1 else " by both" if methods == 2 else " by all"
    words = {"accept": f"accepted{by}", "reject": "rejected", "foreign": "not this product", "unsure": "unsure"}
    told = [f"{outcomes[outcome]} {said}" for outcome, said in words.items() if outcomes.get(outcome)]
    return ", ".join([f"{product_name(product)}: {photos}", *told])


def many_done(seconds: float, count: int) -> str:
    return f"{count} photos inspected in {seconds:.0f} s; click one, or use ← and →, to see its maps."


def many_so_far(done: int, total: int) -> str:
    return f"Inspecting: {done} of {total} files."


def with_defect(name: str) -> str:
    return f"{name}, with a defect made by hand"


def judging(product: str) -> dict:
    """The sentences that the page's script fills in while sliders move; {names} are its values."""
    return {
        "verdicts": VERDICTS,
        "foreign": FOREIGN.format(parts=OWN_PARTS if product == OWN else f"“{product_name(product)}”"),
        "both": "{verb} by both detectors.",
        "all": "{verb} by all {count} detectors.",
        "clauses": {
            "accept": "{title} accepts this part",
            "reject": "{title} rejects this part",
            "foreign": "{title} does not know this",
            "unsure": "{title} is not usable yet: {why}",
        },
        "standing": {
            "every": "The score is above all {count} held-out good parts.",
            "none": "The score is no higher than any of the {count} held-out good parts.",
            "some": "The score is above {below} of {count} held-out good parts.",
        },
        "limit": {
            "none": "just above the highest score of a held-out good part",
            "some": "it rejects {rejected} of {count} held-out good parts",
            "hand": "set by hand in the History tab; it rejects {rejected} of {count} held-out good parts",
            "moved": "set by hand in the History tab",
        },
        "strongest": "Peak at ({x}, {y}) px, mainly from the {branch} map ({larger}; {other} {smaller}): {meaning}.",
        "meaning": BRANCH_MEANING,
        "calm": "both together stay below the limit",
        "meaningless": "not meaningful yet, the model has to train longer",
        "alt": {
            key: f"{title} map of {{title}} over the photo, highest value {{top}}" for key, (title, _) in MAPS.items()
        },
    }


def origin(source: str) -> str:
    """Where a detector's weights came from."""
    return "built in" if source == "embedded" else source


def checkpoint(name: str, size: str) -> str:
    return f"{name} · “{size}” networks"


def computes(place: str) -> str:
    """Where the networks run."""
    return f"Here the networks run on {place}."


def inspected(name: str, seconds: float) -> str:
    return f"{name}: inspected in {seconds:.1f} s."


def product_changed(product: str) -> str:
    return f"The photo is now compared with good parts of “{product_name(product)}”."


def inspected_as(product: str) -> str:
    return f"inspected as {'your model’s part' if product == OWN else product_name(product)}"


def number(value: float, decimals: int = 2) -> str:
    """A map value with a true minus sign."""
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def told_apart(score: float, limit: float) -> tuple[str, str]:
    """A score and its limit with two to four decimals, as many as it takes to see which one is higher."""
    for decimals in (2, 3, 4):
        both = number(score, decimals), number(limit, decimals)
        if both[0] != both[1]:
            break
    return both
