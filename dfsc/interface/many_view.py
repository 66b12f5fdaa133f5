"""Several inspected photographs as a table, the highest score first, and as a CSV file."""

import base64
import csv
import io

from dfsc import Result
from dfsc.interface import wording
from dfsc.interface.many import Entry, Many
from dfsc.interface.markup import picture, text
from dfsc.interface.settings import Settings
from dfsc.interface.wording import number

# A row's button says which photograph it opens by its place in Many.entries.
CLICK_SCRIPT = """
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-index]');
  if (button) trigger('click', { index: Number(button.dataset.index) });
});
"""


def many_html(many: Many | None, settings: Settings) -> str:
    """Progress, table, download and what was left out; empty without photographs."""
    if many is None or not many.total:
        return ""
    ranked = many.ranked(settings)
    rejecting = sum(any(result.verdict != "accept" for result in entry.judged(settings)) for _, entry in ranked)
    progress = len(many.entries) + len(many.left_out)
    bar = "" if many.done else f'<div class="progress"><i style="width:{progress / many.total:.0%}"></i></div>'
    return (
        f'<section class="card many"><h2>{wording.many_heading(many.product, rejecting, len(ranked))}</h2>{bar}'
        + (_table(ranked, settings) if ranked else "")
        + (_download(ranked, settings) if many.done and ranked else "")
        + _left_out(many)
        + "</section>"
    )


def _table(ranked: list[tuple[int, Entry]], settings: Settings) -> str:
    titles = [text(result.title) for result in ranked[0][1].results]
    heads = "".join(f'<th colspan="2">{title}</th>' for title in titles)
    rows = "".join(_row(index, entry, entry.judged(settings)) for index, entry in ranked)
    return (
        f'<div class="scrolled"><table><thead><tr><th colspan="2">{wording.MANY_PHOTOGRAPH}</th>{heads}</tr></thead>'
        + f"<tbody>{rows}</tbody></table></div>"
    )


def _row(index: int, entry: Entry, results: tuple[Result, ...]) -> str:
    name = text(entry.photograph.name)
    cells = "".join(
        f'<td class="score">{number(result.score)}</td>'
        f'<td><strong class="badge {result.verdict}">{wording.VERDICTS[result.verdict]}</strong></td>'
        for result in results
    )
    thumbnail = picture(entry.photograph.display, "")
    return (
        f'<tr><td class="thumb">{thumbnail}</td>'
        f'<td><button type="button" data-index="{index}" title="{name}">{name}</button></td>{cells}</tr>'
    )


def _download(ranked: list[tuple[int, Entry]], settings: Settings) -> str:
    data = base64.b64encode(many_csv(ranked, settings).encode("utf-8-sig")).decode()
    return (
        f'<p><a class="button" download="{wording.MANY_FILE}" href="data:text/csv;base64,{data}">'
        + f"{wording.MANY_DOWNLOAD}</a></p>"
    )


def many_csv(ranked: list[tuple[int, Entry]], settings: Settings) -> str:
    """A line a photograph and method: name, size, method, verdict, score, limit, and where the fused map peaks."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["photograph", "width", "height", "detector", "verdict", "score", "limit", "branch"])
    for _, entry in ranked:
        photograph = entry.photograph
        for result in entry.judged(settings):
            size = (photograph.width, photograph.height)
            figures = (f"{result.score:.4f}", f"{result.threshold:.4f}", result.branch)
            writer.writerow([_inert(photograph.name), *size, result.detector, result.verdict, *figures])
    return stream.getvalue()


def _inert(name: str) -> str:
    """A file's name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t")) else name


def _left_out(many: Many) -> str:
    if not many.left_out:
        return ""
    lines = "".join(f"<li>{text(sentence)}</li>" for sentence in many.left_out)
    return f'<div class="lines bad"><h4>{wording.MANY_LEFT_OUT}</h4><ul>{lines}</ul></div>'
