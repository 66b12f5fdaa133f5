"""The History tab's texts."""

from dfsc.interface.wording import product_name

TITLE = "History"
EMPTY = "Nothing yet. Photos that you add or take, and parts seen live, are listed here; examples are not."
NOT_YET = "Photos of this product, and parts seen live, are listed here; examples are not."
CSV_LABEL, CSV_FILE = "Download list (CSV)", "history.csv"
MODEL_LABEL = "Download model with its list (zip)"
CLEAR_LABEL = "Clear history"
CLEAR_QUESTION = "Forget all photos in the list, of all products, and what you said of them?"
RATES_LABEL = "Share of rejected parts over time"
LIST_LABEL = "Inspected photos, the latest first"
HEADS = ("Photo", "Time", "Verdict", "Was it right?")
MARKS = {"good": "Was good", "bad": "Was bad"}
MARK_LABEL = "{photo}: {mark}"
OPEN_LABEL = "Open {photo} in the Inspect tab"
LIMITS_TITLE = "Limits"
LIMITS_NOTE = (
    "Drag a limit, or use the arrow keys. A part is rejected above it. ● held-out good parts, ○ parts you marked good, "
    "✕ parts you marked bad."
)
JOIN_LABEL = "Parts marked good count among the held-out good parts ({count} marked)"
JOIN_NOTE = (
    "The limit then rises where such a part scored above it, as if it had been held out in training. Mark some "
    "accepted parts, too: if only false rejects are marked, more rejects are expected than will come."
)
LIMIT_LABEL = "Limit of {title}"
LIMIT_SAYS = (
    "Limit {limit}: {rejected} of {good} good parts rejected, {missed} of {bad} bad parts missed. "
    "Expect {expected} of 1,000 good parts to be rejected ({low} to {high} with 90 % probability)."
)
AUTOMATIC, BY_HAND = "Automatic limit", "set by hand, for a mix of {weight} % local"
KEPT_HERE = "Kept on this machine, for this browser only."
KEPT_FOR_AN_HOUR = "Only you see this list. It is gone an hour after you leave."
GONE = "That photo is no longer kept; only the last ones that were not accepted are."


def heading(product: str | None) -> str:
    return f"{product_name(product)}: history" if product else TITLE


def rate(inspected: int, rejected: int, without: int) -> str:
    if not inspected:
        return NOT_YET if not without else f"{without} without a verdict."
    share = f"{rejected} of {inspected} parts rejected ({rejected / inspected:.1%})"
    return share + (f", {without} without a verdict." if without else ".")


def rate_span(inspected: int, rejected: int) -> str:
    return f"{rejected} of {inspected} rejected"
