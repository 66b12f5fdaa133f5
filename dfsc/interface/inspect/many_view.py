"""Several inspected photographs as a table, the highest score first, and as a CSV file."""

import base64
from collections.abc import Sequence

from dfsc.inspection.records import CSV_HEADER, csv_left_out, csv_lines, csv_rows
from dfsc.interface import wording
from dfsc.interface.markup import picture, text
from dfsc.interface.session.many import Many, Ranked
from dfsc.interface.session.settings import Settings
from dfsc.interface.wording import number


def many_html(many: Many | None, settings: Settings) -> str:
    """Progress, table, download and what was left out; empty without photographs."""
    if many is None or not many.total:
        return ""
    ranked = many.ranked(settings)
    suspect = sum(any(result.verdict != "accept" for result in row.results) for row in ranked)
    done = many.done == many.total
    bar = "" if done else f'<div class="progress"><i style="width:{many.done / many.total:.0%}"></i></div>'
    return (
        f'<section class="card many" data-product="{text(many.product)}">'
        f"<h2>{wording.many_heading(many.product, suspect, len(ranked))}</h2>{bar}"
        + (_table(ranked, many.number) if ranked else "")
        + (_download(ranked, many.left_out) if done and ranked else "")
        + _left_out(many)
        + "</section>"
    )


def _table(ranked: list[Ranked], table: int) -> str:
    titles = [text(result.title) for result in ranked[0].results]
    heads = "".join(f'<th colspan="2">{title}</th>' for title in titles)
    rows = "".join(_row(row, table) for row in ranked)
    return (
        f'<div class="scrolled"><table><thead><tr><th colspan="2">{wording.MANY_PHOTOGRAPH}</th>{heads}</tr></thead>'
        + f"<tbody>{rows}</tbody></table></div>"
    )


def _row(row: Ranked, table: int) -> str:
    name = text(row.entry.photograph.name)
    cells = "".join(
        f'<td class="score">{number(result.score)}</td>'
        f'<td><strong class="badge {result.verdict}">{wording.VERDICTS[result.verdict]}</strong></td>'
        for result in row.results
    )
    thumbnail = picture(row.entry.photograph.display, "")
    return (
        f'<tr><td class="thumb">{thumbnail}</td>'
        f'<td><button type="button" data-table="{table}" data-index="{row.index}" data-photo="{name}" title="{name}">'
        f"{name}</button></td>{cells}</tr>"
    )


def _download(ranked: list[Ranked], left_out: Sequence[str]) -> str:
    data = base64.b64encode(many_csv(ranked, left_out).encode("utf-8-sig")).decode()
    return (
        f'<p><a class="button" download="{wording.MANY_FILE}" href="data:text/csv;base64,{data}">'
        + f"{wording.MANY_DOWNLOAD}</a></p>"
    )


def many_csv(ranked: list[Ranked], left_out: Sequence[str] = ()) -> str:
    """A line a photograph and method, and one for each file that could not be used (a sentence)."""
    photographs = ((row.entry.photograph, row.results) for row in ranked)
    rows = (row for p, results in photographs for row in csv_rows(p.name, (p.width, p.height), results))
    return csv_lines([CSV_HEADER, *rows, *(csv_left_out("", sentence) for sentence in left_out)])


def _left_out(many: Many) -> str:
    if not many.left_out:
        return ""
    lines = "".join(f"<li>{text(sentence)}</li>" for sentence in many.left_out)
    return f'<div class="lines bad"><h4>{wording.MANY_LEFT_OUT}</h4><ul>{lines}</ul></div>'
