"""The camera as HTML: a live picture, and buttons; static/camera.js hands each photo over as an upload."""

from dfsc.interface import wording
from dfsc.interface.markup import text


def camera_html() -> str:
    """Idle at first: nothing asks for the camera before the visitor does."""
    return (
        f'<div class="camera" data-failed="{text(wording.CAMERA_FAILED)}">'
        + "<video autoplay muted playsinline hidden></video>"
        + f'<p class="acts"><button type="button" data-act="start">{wording.CAMERA_START}</button>'
        + f'<button type="button" data-act="take" hidden>{wording.CAMERA_TAKE}</button>'
        + f'<button type="button" data-act="stop" hidden>{wording.CAMERA_STOP}</button></p>'
        + '<p class="failed" role="alert"></p></div>'
    )
