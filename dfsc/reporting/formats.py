"""Figures and tables as text: shares in percent, as the field's papers print them."""

from collections.abc import Iterable, Sequence
from statistics import mean, stdev


def percent(share: float, decimals: int = 1) -> str:
    return f"{100 * share:.{decimals}f}"


def spread(shares: Sequence[float] | None) -> str:
    """Their mean, of several with ± standard deviation; empty without any."""
    if not shares:
        return ""
    return percent(mean(shares)) + (f" ± {percent(stdev(shares))}" if len(shares) > 1 else "")


def points(share: float, decimals: int = 1) -> str:
    """A difference in percentage points with its sign, a true minus among them."""
    rounded = round(100 * share, decimals) or 0.0  # no −0.0
    return f"{rounded:{'+' if rounded else ''}.{decimals}f}".replace("-", "−")


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[object]], words: int | None = None) -> str:
    """A table whose first columns (by default all) hold words; figures in the others stand to the right."""
    words = len(heads) if words is None else words
    lines = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |" for cells in (heads, *rows)]
    return "\n".join([lines[0], "|" + "---|" * words + "---:|" * (len(heads) - words), *lines[1:]])
