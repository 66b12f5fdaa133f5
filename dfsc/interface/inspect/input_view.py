"""What a visitor can inspect besides uploads: the embedded examples as buttons, and the camera."""

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

from dfsc import ImageError, read_image
from dfsc.images.display import display_copy
from dfsc.interface import wording
from dfsc.interface.markup import picture, text
from dfsc.interface.session.inspectors import Example, examples

THUMBNAIL_EDGE = 160


def examples_html(product: str) -> str:
    """Buttons for a product's examples, grouped by kind; each has the product and its index among the examples."""
    groups = groupby(enumerate(examples(product)), key=lambda item: item[1].kind)
    return "".join(_group(product, kind, items) for kind, items in groups)


def camera_html() -> str:
    """A live picture, idle until the visitor starts the camera; static/camera.js hands each photo over as an upload."""
    return (
        f'<div class="camera" data-failed="{text(wording.CAMERA_FAILED)}">'
        + "<video autoplay muted playsinline hidden></video>"
        + f'<p class="acts"><button type="button" data-act="start">{wording.CAMERA_START}</button>'
        + f'<button type="button" data-act="take" hidden>{wording.CAMERA_TAKE}</button>'
        + f'<button type="button" data-act="stop" hidden>{wording.CAMERA_STOP}</button></p>'
        + '<p class="failed" role="alert"></p></div>'
    )


def _group(product: str, kind: str, items: Iterator[tuple[int, Example]]) -> str:
    title, meaning = wording.KINDS[kind]
    buttons = "".join(_button(product, index, example) for index, example in items)
    return (
        f'<section class="examples"><h2>{title} <small>{text(meaning)}</small></h2>'
        + f'<div class="thumbnails">{buttons}</div></section>'
    )


def _button(product: str, index: int, example: Example) -> str:
    name = wording.example_name(example.kind, example.number, example.fault)
    caption = f"<span>{text(example.fault.capitalize())}</span>" if example.fault else ""
    image = _thumbnail(example.path, name)
    return (
        f'<button type="button" data-product="{text(product)}" data-index="{index}" data-kind="{example.kind}" '
        f'data-photo="{text(name)}" title="{text(name)}">{image}{caption}</button>'
    )


@cache
def _thumbnail(path: Path, name: str) -> str:
    try:
        return picture(display_copy(read_image(path), THUMBNAIL_EDGE), name)
    except ImageError:
        return text(name)
