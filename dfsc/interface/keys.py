"""The sheet of keys, which ? opens; static/keys.js knows what they do."""

from dfsc.interface.markup import text

TITLE, BUTTON, CLOSE = "Keys", "Keys (?)", "Close"
KEYS = (
    (("←", "→"), "previous or next photo: of yours, if you added several, or of the examples"),
    (("1–9",), "that example"),
    (("Space",), "Inspect: hide or show the colours. Live: inspect now"),
    (("?",), "this sheet"),
    (("Esc",), "close what is open"),
)


def keys_html() -> str:
    """A button and a <dialog> that is closed until it is asked for."""
    rows = "".join(
        f"<dt>{' '.join(f'<kbd>{text(key)}</kbd>' for key in keys)}</dt><dd>{text(does)}</dd>" for keys, does in KEYS
    )
    return (
        f'<button type="button" class="open" data-act="keys">{BUTTON}</button>'
        f'<dialog aria-labelledby="keys-title"><h2 id="keys-title">{TITLE}</h2><dl>{rows}</dl>'
        f'<form method="dialog"><button>{CLOSE}</button></form></dialog>'
    )
