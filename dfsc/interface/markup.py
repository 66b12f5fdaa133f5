"""Small pieces of HTML; whatever came from a visitor or a checkpoint passes through `text`."""

import base64
import html

import numpy as np

from dfsc.figures import jpeg

# Tells the server which button in a component was clicked, by the button's data attributes.
CLICK_SCRIPT = """
element.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (button) trigger('click', { ...button.dataset });
});
"""

# The page's templates would evaluate these in a value.
_TEMPLATE_SIGNS = str.maketrans({sign: f"&#{ord(sign)};" for sign in "{}$`"})


def text(value: object) -> str:
    """Any value as inert HTML text, also inside a quoted attribute."""
    return html.escape(str(value), quote=True).translate(_TEMPLATE_SIGNS)


def picture(image: np.ndarray, alt: str, classes: str = "") -> str:
    """RGB uint8 H×W×3 → an <img> that holds its own data, so that no file of it is left anywhere."""
    height, width = image.shape[:2]
    source = f"data:image/jpeg;base64,{base64.b64encode(jpeg(image)).decode()}"
    return f'<img class="{classes}" alt="{text(alt)}" width="{width}" height="{height}" src="{source}">'


def clicked_index(event: object) -> int | None:
    """The `data-index` (0, 1, …) of the button that was clicked, as a browser tells it; None for anything else."""
    index = getattr(event, "index", None)
    return int(index) if isinstance(index, str) and index.isascii() and index.isdigit() and len(index) < 9 else None


def notice(sentence: str, kind: str = "info") -> str:
    """One sentence for the visitor, kind "info" or "error"; read aloud by a screen reader when it appears."""
    role = "alert" if kind == "error" else "status"
    return f'<p class="notice {kind}" role="{role}">{text(sentence)}</p>'
