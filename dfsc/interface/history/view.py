"""The history as HTML: how many parts were rejected when, and the list; static/history.js listens to its buttons."""

import base64
from collections.abc import Sequence

from dfsc.inspection.history import Entry, RejectRate, history_csv, reject_rates
from dfsc.interface import environment
from dfsc.interface import wording as common
from dfsc.interface.history import wording
from dfsc.interface.markup import text
from dfsc.interface.wording import number

SHOWN = 100
WIDTH, HEIGHT = 480, 64


def overview_html(product: str | None, entries: Sequence[Entry]) -> str:
    """Reject rate, downloads, and how long the list is kept."""
    counts = [sum(entry.verdict == verdict for entry in entries) for verdict in ("accept", "reject")]
    says = wording.rate(sum(counts), counts[1], len(entries) - sum(counts))
    kept = wording.KEPT_HERE if environment.home() else wording.KEPT_FOR_AN_HOUR
    return (
        f'<section class="card history" aria-label="{wording.TITLE}"><h2>{text(wording.heading(product))}</h2>'
        + f'<p class="rate">{says}</p>{_rates(reject_rates(entries))}{_acts(entries)}'
        + f'<p class="quiet">{kept}</p></section>'
    )


def list_html(entries: Sequence[Entry]) -> str:
    """The latest entries as a table."""
    if not entries:
        return ""
    heads = "".join(f"<th>{head}</th>" for head in wording.HEADS)
    rows = "".join(map(_row, entries[:SHOWN]))
    return (
        f'<section class="card inspected"><div class="scrolled" tabindex="0" role="region" '
        f'aria-label="{wording.LIST_LABEL}"><table><thead><tr><td></td>{heads}</tr></thead>'
        + f"<tbody>{rows}</tbody></table></div></section>"
    )


def _rates(rates: Sequence[RejectRate]) -> str:
    """A bar for each span of time, as high as the share of its parts that were rejected."""
    if len(rates) < 2:
        return ""
    width = WIDTH / len(rates)
    bars = "".join(_bar(index * width, width, rate) for index, rate in enumerate(rates))
    ends = "".join(_time(moment) for moment in (rates[0].start, rates[-1].end))
    return (
        f'<figure class="rates"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{wording.RATES_LABEL}" '
        + f'preserveAspectRatio="none">{bars}</svg><figcaption>{ends}</figcaption></figure>'
    )


def _bar(left: float, width: float, rate: RejectRate) -> str:
    if not rate.inspected:
        return ""
    height = max(1.5, HEIGHT * rate.rejected / rate.inspected)
    kind = "rejected" if rate.rejected else "none"
    return (
        f'<rect class="{kind}" x="{left + 1:.1f}" y="{HEIGHT - height:.1f}" width="{max(1, width - 2):.1f}" '
        f'height="{height:.1f}"><title>{wording.rate_span(rate.inspected, rate.rejected)}</title></rect>'
    )


def _acts(entries: Sequence[Entry]) -> str:
    if not entries:
        return ""
    data = base64.b64encode(history_csv(entries).encode("utf-8-sig")).decode()
    return (
        f'<p class="acts"><a class="button" download="{wording.CSV_FILE}" href="data:text/csv;base64,{data}">'
        f"{wording.CSV_LABEL}</a> "
        f'<button type="button" data-act="model">{wording.MODEL_LABEL}</button> '
        f'<button type="button" data-act="clear" data-asks="{text(wording.CLEAR_QUESTION)}">{wording.CLEAR_LABEL}'
        "</button></p>"
    )


def _row(entry: Entry) -> str:
    photo = text(entry.photograph)
    source = f"data:image/jpeg;base64,{base64.b64encode(entry.thumbnail).decode()}"
    name = f'<span class="photo">{photo}</span>'
    if entry.has_photo:
        label = text(wording.OPEN_LABEL.format(photo=entry.photograph))
        name = (
            f'<button type="button" class="photo" data-act="open" data-number="{entry.number}" data-photo="{photo}" '
            f'aria-label="{label}">{photo}</button>'
        )
    scores = "".join(
        f"<li>{text(one.title)} <b>{number(one.score)}</b> / {number(one.limit)}</li>" for one in entry.scores
    )
    marks = "".join(_mark(entry, mark) for mark in wording.MARKS)
    return (
        f'<tr><td class="thumb"><img alt="" src="{source}"></td><td>{name}</td><td>{_time(entry.time)}</td>'
        f'<td><strong class="badge {entry.verdict}">{common.VERDICTS[entry.verdict]}</strong><ul>{scores}</ul></td>'
        f'<td><div class="marks">{marks}</div></td></tr>'
    )


def _mark(entry: Entry, mark: str) -> str:
    label = text(wording.MARK_LABEL.format(photo=entry.photograph, mark=wording.MARKS[mark].lower()))
    return (
        f'<button type="button" data-act="mark" data-number="{entry.number}" data-mark="{mark}" '
        f'aria-pressed="{str(entry.mark == mark).lower()}" aria-label="{label}">{wording.MARKS[mark]}</button>'
    )


def _time(moment: float) -> str:
    """A moment, which the page's script writes as the visitor's clock has it."""
    return f'<time data-seconds="{moment:.1f}"></time>'
