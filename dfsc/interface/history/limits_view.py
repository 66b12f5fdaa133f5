"""Good and bad parts on both sides of each method's limit; static/history.js draws them and moves the limits."""

import json
from collections.abc import Sequence

from dfsc.inspection.limits import rejections
from dfsc.interface.history import wording
from dfsc.interface.markup import text
from dfsc.interface.session.feedback import KnownParts
from dfsc.interface.session.settings import Settings


def limits_html(known: Sequence[KnownParts], settings: Settings, product: str, joins: bool, good: Sequence[int]) -> str:
    """A histogram and a slider for each method.

    Args:
        joins: whether parts marked good count among the good parts.
        good: numbers of the parts that are marked good.
    """
    if not known:
        return ""
    panels = "".join(_panel(index, one) for index, one in enumerate(known))
    words = {"says": wording.LIMIT_SAYS, "hand": wording.BY_HAND.format(weight=round(100 * settings.weight))}
    data = {"methods": [_record(one) for one in known], "words": words}
    checked = " checked" if joins else ""
    joined = " ".join(map(str, good)) if joins else ""
    return (
        f'<section class="card limits" aria-label="{wording.LIMITS_TITLE}" data-limits="{text(json.dumps(data))}" '
        f'data-product="{text(product)}" data-joined="{joined}">'
        f'<h2>{wording.LIMITS_TITLE}</h2><p class="quiet">{wording.LIMITS_NOTE}</p>'
        f'<label class="switch"><input type="checkbox" name="join"{checked}> '
        f'{wording.JOIN_LABEL.format(count=len(good))}</label><p class="quiet">{wording.JOIN_NOTE}</p>'
        f'<div class="panels">{panels}</div></section>'
    )


def _record(known: KnownParts) -> dict:
    count = len(known.held_out) + len(known.good)
    return {
        "key": known.key,
        "automatic": _rounded([known.automatic])[0],
        "held_out": _rounded(known.held_out),
        "good": _rounded(known.good),
        "bad": _rounded(known.bad),
        "expected": [[round(value, 5) for value in (one.expected, one.low, one.high)] for one in rejections(count)],
    }


def _rounded(scores: Sequence[float]) -> list[float]:
    return [round(float(score), 6) for score in scores]


def _panel(index: int, known: KnownParts) -> str:
    title = text(known.title)
    return (
        f'<div class="limit" data-index="{index}"><h3>{title}</h3><div class="histogram"><svg aria-hidden="true"></svg>'
        f'<input type="range" step="any" aria-label="{text(wording.LIMIT_LABEL.format(title=known.title))}"></div>'
        f'<p class="says"></p><p class="hand"><span></span> <button type="button" data-act="automatic">'
        f"{wording.AUTOMATIC}</button></p></div>"
    )
