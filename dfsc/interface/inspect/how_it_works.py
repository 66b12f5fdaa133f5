"""One figure and a few sentences on how a verdict comes about, folded away below the results."""

from dfsc.interface import wording
from dfsc.interface.markup import text
from dfsc.interface.session.zerogpu import inspecting_place

# Boxes of the figure: x, y, width and lines of text, in a drawing of 860×250.
BOXES = (
    (0, 95, 120, ("photo",)),
    (180, 10, 190, ("teacher", "sees textures, learned before")),
    (180, 95, 190, ("student", "imitates both others")),
    (180, 180, 190, ("auto-encoder", "redraws the whole part")),
    (450, 45, 180, ("local map", "student unlike teacher")),
    (450, 145, 180, ("global map", "student unlike auto-encoder")),
    (700, 95, 160, ("fused map", "its highest value: score")),
)
HEIGHT = 56
ARROWS = (
    (120, 123, 180, 38),
    (120, 123, 180, 123),
    (120, 123, 180, 208),
    (370, 38, 450, 73),
    (370, 123, 450, 73),
    (370, 123, 450, 173),
    (370, 208, 450, 173),
    (630, 73, 700, 123),
    (630, 173, 700, 123),
)


def how_it_works_html() -> str:
    """A <details> with the figure and the sentences."""
    told = (*wording.HOW_IT_WORKS, wording.computes(inspecting_place()))
    sentences = "".join(f"<li>{text(sentence)}</li>" for sentence in told)
    return (
        f'<details class="card how"><summary>{wording.HOW_TITLE}</summary>'
        f'<div class="scrolled">{_figure()}</div><ol>{sentences}</ol></details>'
    )


def _figure() -> str:
    arrows = "".join(f'<line x1="{a}" y1="{b}" x2="{c}" y2="{d}" marker-end="url(#tip)"/>' for a, b, c, d in ARROWS)
    return (
        f'<svg viewBox="-2 -2 866 244" role="img" aria-label="{wording.HOW_FIGURE}"><defs><marker id="tip" '
        'viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/>'
        f"</marker></defs>{arrows}{''.join(map(_box, BOXES))}</svg>"
    )


def _box(box: tuple[int, int, int, tuple[str, ...]]) -> str:
    x, y, width, (title, *rest) = box
    below = "".join(f'<text class="small" x="{x + width / 2}" y="{y + 42}">{line}</text>' for line in rest)
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{HEIGHT}" rx="5"/>'
        f'<text x="{x + width / 2}" y="{y + (24 if rest else 33)}">{title}</text>{below}'
    )
