"""Several inspected photographs as a strip, the highest score first, and as a CSV file.

Which of them are shown and in which order is up to the browser (static/many.js).
"""

import base64
from collections import Counter
from collections.abc import Sequence

from dfsc.inspection.records import CSV_HEADER, csv_left_out, csv_lines, csv_rows
from dfsc.interface import wording
from dfsc.interface.markup import picture, text
from dfsc.interface.session.many import Many, Ranked
from dfsc.interface.session.settings import Settings
from dfsc.interface.wording import number


def many_html(many: Many | None, settings: Settings) -> str:
    """Progress, filter, strip, download and what was left out; empty without photographs."""
    if many is None or not many.total:
        return ""
    ranked = many.ranked(settings)
    done = many.done == many.total
    bar = "" if done else f'<div class="progress"><i style="width:{many.done / many.total:.0%}"></i></div>'
    outcomes = Counter(row.outcome for row in ranked)
    heading = wording.many_heading(many.product, outcomes, len(ranked[0].results) if ranked else 0)
    return (
        f'<section class="card many" data-product="{text(many.product)}" aria-label="{wording.MANY_LABEL}">'
        f"<h2>{text(heading)}</h2>{bar}"
        + (f'<div class="sieve">{_filters(ranked, many.left_out)}{_order()}' if ranked else "<div>")
        + (_download(ranked, many.left_out) if done and ranked else "")
        + '</div><ol class="photos">'
        + "".join(_item(row, many.number) for row in ranked)
        + "".join(f'<li class="error" data-kinds="error">{text(sentence)}</li>' for sentence in many.left_out)
        + f'</ol><p class="quiet none" hidden>{wording.MANY_NONE}</p></section>'
    )


def _filters(ranked: list[Ranked], left_out: Sequence[str]) -> str:
    counts = Counter(kind for row in ranked for kind in row.kinds)
    counts |= {"all": len(ranked) + len(left_out), "error": len(left_out)}
    choices = "".join(
        f'<label title="{text(meaning)}"><input type="radio" name="many-show" value="{kind}"> {title} '
        f"<b>{counts[kind]}</b></label>"
        for kind, (title, meaning) in wording.MANY_FILTERS.items()
    )
    return f'<fieldset><legend class="unseen">{wording.MANY_SHOW}</legend>{choices}</fieldset>'


def _order() -> str:
    options = "".join(f'<option value="{order}">{title}</option>' for order, title in wording.MANY_ORDERS.items())
    return f'<select name="many-order" aria-label="{wording.MANY_ORDER}">{options}</select>'


def _item(row: Ranked, table: int) -> str:
    name = text(row.entry.photograph.name)
    verdicts = "".join(
        f'<span class="said"><span>{text(result.title)}</span> '
        f'<strong class="badge {result.verdict}">{wording.VERDICTS[result.verdict]}</strong> '
        f'<b class="score">{number(result.score)}</b></span>'
        for result in row.results
    )
    return (
        f'<li data-kinds="{" ".join(row.kinds)}" data-index="{row.index}">'
        f'<button type="button" data-table="{table}" data-index="{row.index}" data-photo="{name}" title="{name}">'
        f'{picture(row.entry.photograph.display, "")}<span class="name">{name}</span>{verdicts}</button></li>'
    )


def _download(ranked: list[Ranked], left_out: Sequence[str]) -> str:
    data = base64.b64encode(many_csv(ranked, left_out).encode("utf-8-sig")).decode()
    return (
        f'<a class="button" download="{wording.MANY_FILE}" href="data:text/csv;base64,{data}">'
        + f"{wording.MANY_DOWNLOAD}</a>"
    )


def many_csv(ranked: list[Ranked], left_out: Sequence[str] = ()) -> str:
    """A line a photograph and method, and one for each file that could not be used (a sentence)."""
    photographs = ((row.entry.photograph, row.results) for row in ranked)
    rows = (row for p, results in photographs for row in csv_rows(p.name, (p.width, p.height), results))
    return csv_lines([CSV_HEADER, *rows, *(csv_left_out("", sentence) for sentence in left_out)])
