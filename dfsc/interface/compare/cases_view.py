"""The images of interest as cards: photograph, both fused maps, both verdicts; each a button to the Inspect tab."""

from dataclasses import dataclass

from dfsc.interface.compare import wording
from dfsc.interface.markup import notice, text
from dfsc.interface.wording import VERDICTS, product_name, told_apart
from dfsc.models.methods import METHODS, PAIR
from dfsc.study.cases import Case, Finding, Outcome
from dfsc.study.selection import Selection

TITLES = tuple(METHODS[method].title for method in PAIR)


@dataclass(frozen=True)
class Look:
    """A case as the detectors that are here see it: photograph and two maps as <img>, and both findings."""

    pictures: tuple[str, str, str]
    findings: tuple[Finding, Finding]


def cases_html(
    selection: Selection,
    outcome: Outcome,
    looks: dict[int, Look | str],
    same_weights: bool = True,
    limits: str = wording.CALIBRATED,
    other_wanted: bool = False,
) -> str:
    """The chosen images of one outcome.

    Args:
        looks: by place in the selection, as far as they were drawn; a sentence for one that can't be.
        same_weights: whether the detectors here are those that the selection was made with.
        limits: with which the selection was judged, one of wording.LIMITS.
        other_wanted: whether other limits were asked for, which it wasn't judged with.
    """
    shown = selection.of(outcome)
    cards = "".join(_card(selection.product, limits, index, case, looks.get(index)) for index, case in shown)
    warning = "" if same_weights else notice(wording.OTHER_WEIGHTS)
    if other_wanted:
        warning += notice(wording.NO_SAME_RATE.format(product=product_name(selection.product)))
    if limits == wording.SAME_RATE and (same := selection.same_rate):
        warning += f'<p class="quiet">{wording.SAME_RATE_NOTE.format(rejected=same.rejected, good=same.good)}</p>'
    return (
        f'<div class="cases"><p role="status">{text(wording.chosen_of(selection, outcome, len(shown)))}</p>{warning}'
        + f'<div class="deck">{cards}</div></div>'
    )


def _card(product: str, limits: str, index: int, case: Case, look: Look | str | None) -> str:
    head = _head(product, case)
    if isinstance(look, str):
        return f'<div class="case">{head}{notice(look, "error")}</div>'
    findings = look.findings if look else case.findings
    verdicts = "".join(map(_verdict, TITLES, findings))
    changed = [one.verdict for one in findings] != [one.verdict for one in case.findings]
    note = f'<span class="quiet">{wording.OTHERWISE}</span>' if changed else ""
    return (
        f'<button type="button" class="case" data-product="{text(product)}" data-limits="{limits}" '
        + f'data-index="{index}" '
        + f'data-photo="{text(wording.case_title(product, case))}">{head}'
        + f'<span class="trio">{_pictures(look)}</span><span class="verdicts">{verdicts}</span>{note}</button>'
    )


def _head(product: str, case: Case) -> str:
    return (
        f'<span class="fault">{text(wording.case_fault(case))}</span>'
        f'<span class="quiet">{text(wording.case_place(product, case))}</span>'
    )


def _pictures(look: Look | None) -> str:
    drawn = look.pictures if look else (f'<span class="blank">{wording.DRAWING}</span>',) * 3
    heads = ("", *TITLES)
    return "".join(f"<span>{one}<small>{title}</small></span>" for one, title in zip(drawn, heads, strict=True))


def _verdict(title: str, finding: Finding) -> str:
    score, limit = told_apart(finding.score, finding.limit)
    return (
        f'<span class="said"><b>{title}</b> <strong class="badge {text(finding.verdict)}">'
        f'{VERDICTS.get(finding.verdict, "")}</strong> <span class="quiet">score {score}, limit {limit}</span></span>'
    )
