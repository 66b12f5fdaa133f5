"""The frame of the full-screen viewer; static/viewer.js fills it with the photo and the maps that are shown."""

from dfsc.interface import wording
from dfsc.interface.markup import text

SIGNS = {"out": "−", "fit": "⤢", "in": "+", "close": "✕"}


def viewer_html() -> str:
    """A <dialog> that is closed until a map is enlarged."""
    words = {"photo": wording.VIEWER_PHOTO, "place": wording.PROBE_PLACE} | {
        key: title for key, (title, _) in wording.MAPS.items()
    }
    attributes = "".join(f' data-{name}="{text(word)}"' for name, word in words.items())
    buttons = {act: _button(act) for act in SIGNS}
    return (
        f'<dialog class="viewer" aria-label="{wording.VIEWER_TITLE}"{attributes}><header><h2></h2>'
        + f'<p class="place" role="status"></p><p>{buttons["out"]}<output class="zoom"></output>{buttons["in"]}'
        + f"{buttons['fit']}{buttons['close']}</p></header>"
        + f'<div class="panes" tabindex="0" role="group" aria-label="{wording.VIEWER_PANES}"></div>'
        + f'<p class="keys">{wording.VIEWER_KEYS}</p></dialog>'
    )


def _button(act: str) -> str:
    label = wording.VIEWER_ACTS[act]
    return f'<button type="button" data-do="{act}" aria-label="{label}" title="{label}">{SIGNS[act]}</button>'
