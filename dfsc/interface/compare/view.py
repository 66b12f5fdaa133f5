"""The Compare tab's sentences and tables as HTML."""

import base64
from statistics import mean

from dfsc.datasets import FAMILIES
from dfsc.inspection.records import csv_lines
from dfsc.interface.compare import wording
from dfsc.interface.markup import text
from dfsc.interface.wording import product_name
from dfsc.models.methods import METHODS
from dfsc.reporting.formats import percent, points, spread
from dfsc.study.figures import Row, Study
from dfsc.study.gains import Gain
from dfsc.study.switches import Switches, Value

WIDTH, HEIGHT, EDGE = 180, 22, 12
CSV_HEADER = ("product", "method", "tau", "margin", "seeds", "faults", "auroc", "difference", "low", "high")
ROUND_ENDS = (1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 15.0, 20.0, 30.0, 50.0)


def meaning_html(study: Study) -> str:
    sentences = "".join(f"<p>{text(sentence)}</p>" for sentence in study.meaning)
    return f'<section class="card meaning"><h2>{wording.MEANING_TITLE}</h2>{sentences}</section>'


def comparison_html(study: Study) -> str:
    """A row a product and group: both methods' AUROC, their difference, and its interval drawn on one scale."""
    pairs = [(study.baseline(product), study.compared_row(product)) for product in study.products]
    end = _scale_end([gain for _, dfsc in pairs for gain in dfsc.gains.values()])
    rows = "".join(_product_rows(study, ead_s, dfsc, end) for ead_s, dfsc in pairs) + _held_out_rows(study, end)
    heads = "".join(f'<th scope="col">{head}</th>' for head in wording.TABLE_HEADS[:-1])
    heads += f'<th scope="col">{wording.TABLE_HEADS[-1]}{_axis(end)}</th>'
    note = wording.TABLE_NOTE.format(setting=study.compared.label)
    facts = " ".join(wording.row_facts(dfsc) for _, dfsc in pairs)
    return (
        f'<section class="card study"><h2>{wording.TABLE_TITLE}</h2><div class="scrolled" tabindex="0" role="region" '
        + f'aria-label="{wording.TABLE_TITLE}"><table><thead><tr>{heads}</tr></thead>{rows}</table></div>'
        + f'<p class="quiet">{text(note)} {text(facts)}</p></section>'
    )


def settings_html(study: Study) -> str:
    """Everything that the curves show, and more, as a table that is folded away."""
    groups = list(dict.fromkeys(group for product in study.products for group in study.groups(product)))
    titles = [wording.GROUPS[group] for group in groups]
    heads = [*wording.ALL_HEADS[:5], *titles, *(f"Δ {title}" for title in titles), *wording.ALL_HEADS[5:]]
    row = "".join(f'<th scope="col">{head}</th>' for head in heads)
    rows = ""
    for product in study.products:
        own = [row for row in study.rows if row.product == product]
        rows += "".join(_setting_row(row, groups, "DFSC" if row.setting else "EAD-S") for row in own)
        rows += "".join(_setting_row(row, groups, METHODS[row.method].title) for row in study.beside(product))
    return (
        f'<details class="card study all"><summary>{wording.ALL_TITLE}</summary><div class="scrolled" tabindex="0" '
        + f'role="region" aria-label="{wording.ALL_TITLE}"><table><thead><tr>{row}</tr></thead><tbody>{rows}</tbody>'
        + f'</table></div><p class="quiet">{wording.ALL_NOTE}</p>{_download(study)}</details>'
    )


def _download(study: Study) -> str:
    data = base64.b64encode(study_csv(study).encode("utf-8-sig")).decode()
    return f'<p><a download="{wording.CSV_FILE}" href="data:text/csv;base64,{data}">{wording.CSV_LABEL}</a></p>'


def study_csv(study: Study) -> str:
    """A line a product, method, setting and group: AUROC and its difference to EAD-S with its interval, from 0 to 1."""
    rows = [
        (
            row.product,
            row.method,
            f"{row.setting.tau:g}" if row.setting else "",
            row.setting.margin_label if row.setting else "",
            len(row.seeds),
            group,
            f"{mean(values):.5f}",
            *((f"{one:.5f}" for one in (gain.mean, gain.low, gain.high)) if gain else ("", "", "")),
        )
        for row in study.rows
        for group, values in row.auroc.items()
        if values
        for gain in [row.gains.get(group)]
    ]
    return csv_lines([CSV_HEADER, *rows])


def switches_html(study: Study) -> str:
    """What each setting of the constraint does when it alone is another, folded away; empty where none was tried."""
    switches = study.switches
    if switches is None:
        return ""
    heads = [wording.SWITCH_HEAD]
    heads += [f"{product_name(name)}: Δ {wording.GROUPS[group]}" for name in switches.products for group in FAMILIES]
    row = "".join(f'<th scope="col">{text(head)}</th>' for head in heads)
    rows = "".join(_switch_row(switches, changed) for changed in switches.changes)
    note = wording.switches_note(switches)
    return (
        f'<details class="card study switches"><summary>{wording.SWITCHES_TITLE}</summary><div class="scrolled" '
        + f'tabindex="0" role="region" aria-label="{wording.SWITCHES_TITLE}"><table><thead><tr>{row}</tr></thead>'
        + f'<tbody>{rows}</tbody></table></div><p class="quiet">{text(note)}</p></details>'
    )


def _switch_row(switches: Switches, changed: dict[str, Value]) -> str:
    cells = [f'<th scope="row">{text(wording.switch_name(changed))}</th>']
    for product in switches.products:
        found = switches.row(product, changed)
        gains, stopped = (found.gains, wording.stopped(found)) if found else ({}, "")
        cells += [f"<td>{_marked(gains.get(group))}{stopped}</td>" for group in FAMILIES]
    return f"<tr>{''.join(cells)}</tr>"


def _marked(gain: Gain | None) -> str:
    """A difference, in bold where its interval leaves 0 out."""
    clear = gain is not None and not gain.low <= 0 <= gain.high
    return f"<b>{_gain(gain)}</b>" if clear else _gain(gain)


def _product_rows(study: Study, ead_s: Row, dfsc: Row, end: float) -> str:
    said = f" <small>{wording.HELD_OUT}</small>" if dfsc.product in study.held_out else ""
    lines = []
    for group in study.groups(dfsc.product):
        gain = dfsc.gains.get(group)
        decimals = _decimals(ead_s, dfsc, group)
        both = [_auroc(row, group, decimals) for row in (ead_s, dfsc)]
        lines.append(_gain_row(wording.GROUPS[group], both, gain, end, decimals))
    lines += [_row_beside(row, study.groups(dfsc.product)) for row in study.beside(dfsc.product)]
    return _row_group(text(product_name(dfsc.product)) + said, lines)


def _auroc(row: Row, group: str, decimals: int = 1) -> str:
    return percent(mean(row.auroc[group]), decimals) if row.auroc.get(group) else ""


def _decimals(ead_s: Row, dfsc: Row, group: str) -> int:
    """One, or two where rounded figures would seem to contradict their rounded difference (98.3 → 98.4: 0.0)."""
    gain = dfsc.gains.get(group)
    if gain is None or not (ead_s.auroc.get(group) and dfsc.auroc.get(group)):
        return 1
    before, after = (round(100 * mean(row.auroc[group]), 1) for row in (ead_s, dfsc))
    return 1 if round(after - before, 1) == round(100 * gain.mean, 1) else 2


def _row_beside(row: Row, groups: list[str]) -> str:
    """Another method in one row over all columns, since it is none of the two that these compare."""
    found = [(wording.GROUPS[group].lower(), _auroc(row, group), row.gains.get(group)) for group in groups]
    told = "; ".join(f"{group} {auroc}" + (f", {_gain(gain)}" if gain else "") for group, auroc, gain in found)
    said = text(wording.BESIDE.format(title=METHODS[row.method].title, told=told))
    return f'<tr><td colspan="{len(wording.TABLE_HEADS)}" class="quiet">{said}</td></tr>'


def _held_out_rows(study: Study, end: float) -> str:
    """The mean over the products that nothing was chosen on; empty for fewer than two of them."""
    gains = {group: study.held_out_gain(group) for group in FAMILIES}
    lines = [_gain_row(wording.GROUPS[group], ["", ""], gain, end) for group, gain in gains.items() if gain]
    return _row_group(wording.HELD_OUT_MEAN, lines) if lines else ""


def _row_group(heading: str, lines: list[str]) -> str:
    name = f'<th scope="rowgroup" colspan="{len(wording.TABLE_HEADS)}">{heading}</th>'
    return f"<tbody><tr>{name}</tr>{''.join(lines)}</tbody>"


def _gain_row(group: str, both: list[str], gain: Gain | None, end: float, decimals: int = 1) -> str:
    cells = [group, *both, _mean(gain, decimals), _interval(gain, end) if gain else ""]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _interval(gain: Gain, end: float) -> str:
    """The interval as a line with its mean, and in figures."""
    low, middle, high = (
        WIDTH / 2 + (WIDTH / 2 - EDGE) * 100 * value / end for value in (gain.low, gain.mean, gain.high)
    )
    unclear = gain.low <= 0 <= gain.high
    zero = f'<line class="zero" x1="{WIDTH / 2}" x2="{WIDTH / 2}" y1="0" y2="{HEIGHT}"/>'
    bar = f'<line class="bar" x1="{low:.1f}" x2="{high:.1f}" y1="{HEIGHT / 2}" y2="{HEIGHT / 2}"/>'
    dot = f'<circle cx="{middle:.1f}" cy="{HEIGHT / 2}" r="4"/>'
    said = f"{points(gain.low)} to {points(gain.high)}"
    return (
        f'<span class="interval"><svg class="{"unclear" if unclear else "clear"}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        + f'width="{WIDTH}" height="{HEIGHT}" aria-hidden="true">{zero}{bar}{dot}</svg><span>{said}'
        + (f" <small>{wording.ACROSS_ZERO}</small>" if unclear else "")
        + "</span></span>"
    )


def _scale_end(gains: list[Gain]) -> float:
    """Points at both ends of the intervals' scale: a round number, at least one."""
    most = max((100 * max(abs(gain.low), abs(gain.high)) for gain in gains), default=1.0)
    return next((end for end in ROUND_ENDS if end >= most), 100.0)


def _axis(end: float) -> str:
    """The intervals' scale with its numbers, in the table's head."""
    marks = "".join(
        f'<text x="{WIDTH / 2 + (WIDTH / 2 - EDGE) * share:.0f}" y="11">{points(share * end / 100, 0)}</text>'
        for share in (-1, 0, 1)
    )
    return f'<svg viewBox="0 0 {WIDTH} 14" width="{WIDTH}" height="14" aria-hidden="true">{marks}</svg>'


def _setting_row(row: Row, groups: list[str], method: str) -> str:
    setting = row.setting
    seeds = f"{len(row.seeds)}" + (f", {len(row.diverged)} diverged" if row.diverged else "")
    cells = [product_name(row.product), method]
    cells += [f"{setting.tau:g}", setting.margin_label] if setting else ["", ""]
    cells += [seeds, *(spread(row.auroc.get(group)) for group in groups)]
    cells += [_gain(row.gains.get(group)) for group in groups]
    cells += [_figure(row.mean_distance), _figure(row.similar_mean)]
    return f"<tr>{''.join(f'<td>{text(cell)}</td>' for cell in cells)}</tr>"


def _mean(gain: Gain | None, decimals: int) -> str:
    return f"<b>{points(gain.mean, decimals)}</b>" if gain else ""


def _gain(gain: Gain | None) -> str:
    return f"{points(gain.mean)} ({points(gain.low)} to {points(gain.high)})" if gain else ""


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
