"""A camera whose picture a test decides: getUserMedia gives a canvas that shows one of several drawn pictures."""

import base64
from collections.abc import Mapping

import numpy as np
from playwright.sync_api import Page, expect
from visiting import encoded

FAKE = """async pictures => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
    const context = canvas.getContext('2d');
    const images = {};
    for (const [name, data] of Object.entries(pictures)) {
        images[name] = Object.assign(new Image(), { src: `data:image/png;base64,${data}` });
        await images[name].decode();
    }
    const stream = canvas.captureStream(0);
    window.fake = { name: Object.keys(images)[0], frames: 0 };
    setInterval(() => {
        context.drawImage(images[fake.name], 0, 0, canvas.width, canvas.height);
        stream.getVideoTracks()[0].requestFrame();
        fake.frames += 1;
    }, 40);
    navigator.mediaDevices.getUserMedia = async () => stream;
}"""


def watch(page: Page, pictures: Mapping[str, np.ndarray], trigger: str = "always") -> None:
    """Go to the Live tab and start a camera that shows the first of these pictures; no map is laid over frames."""
    drawn = {name: base64.b64encode(encoded(pixels)).decode() for name, pixels in pictures.items()}
    page.evaluate(FAKE, drawn)
    page.get_by_role("tab", name="Live").click()
    page.wait_for_selector("#live-choice [data-token]", state="attached")
    page.select_option("#live [name=trigger]", trigger)
    page.uncheck("#live [name=map]")
    page.click("#live [data-act=camera]")
    expect(page.locator("#live video")).to_be_visible()
    page.wait_for_function("document.querySelector('#live video').videoWidth > 0")


def turn_to(page: Page, picture: str, frames: int = 6) -> None:
    """Show another picture, and wait until the camera has given it some times."""
    page.evaluate("name => { fake.name = name; fake.since = fake.frames; }", picture)
    page.wait_for_function("frames => fake.frames > fake.since + frames", arg=frames)


def expect_verdict(page: Page, text: str) -> None:
    expect(page.locator("#live .verdict-now strong")).to_have_text(text)
