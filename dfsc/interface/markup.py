"""Small pieces of HTML; whatever came from a visitor or a checkpoint passes through `text`."""

import base64
import html

import numpy as np

from dfsc.images.display import jpeg

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


def arriving(html: str, answer: int) -> str:
    """A finding on its way to the page, which shows it unless something newer was asked (static/page.js)."""
    return f'<div data-answer="{answer}" data-html="{text(html)}"></div>'


def notice(sentence: str, kind: str = "info", answer: int | None = None) -> str:
    """One sentence for the visitor, kind "info" or "error"; read aloud by a screen reader when it appears.

    `answer` is the number of the question that it answers; a newer question takes it off the page.
    """
    role = "alert" if kind == "error" else "status"
    number = "" if answer is None else f' data-answer="{answer}"'
    return f'<p class="notice {kind}" role="{role}"{number}>{text(sentence)}</p>'
