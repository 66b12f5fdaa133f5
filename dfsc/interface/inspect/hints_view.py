"""First steps for who has never been here: shown once in a browser, beside everything and over nothing."""

from dfsc.interface import wording
from dfsc.interface.markup import text


def hints_html() -> str:
    """A card that static/hints.js shows on the first visit, and takes away on a click."""
    hints = "".join(f"<li>{text(hint)}</li>" for hint in wording.HINTS)
    return (
        f'<aside class="card hints" aria-labelledby="hints-title"><h2 id="hints-title">{wording.HINTS_TITLE}</h2>'
        f'<ul>{hints}</ul><button type="button" data-act="dismiss">{wording.HINTS_CLOSE}</button></aside>'
    )
