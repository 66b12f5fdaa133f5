"""The Inspect tab: product, upload and examples on the left, what the detectors found on the right."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from dfsc import products
from dfsc.interface import hub_panel, wording
from dfsc.interface.batching import judge_again, open_one, show_uploads
from dfsc.interface.downloads import fetch_script
from dfsc.interface.examples_view import examples_html
from dfsc.interface.how_it_works import how_it_works_html
from dfsc.interface.inspecting import (
    change_product,
    choices,
    download_report,
    keep_settings,
    make_defect,
    open_bundle,
    show_capture,
    show_example,
    show_first,
    show_values,
)
from dfsc.interface.markup import CLICK_SCRIPT, notice

STATIC = Path(__file__).parent / "static"
# Each purpose in a block of its own, so that their names don't meet.
SCRIPTS = "\n".join(
    "{" + "\n".join((STATIC / name).read_text(encoding="utf-8") for name in names) + "}"
    for names in (("drawing.js", "inspection.js"), ("defect.js",))
)
PRIVATE = {"api_visibility": "private", "show_progress": "minimal", "trigger_mode": "always_last"}
QUICK = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "always_last", "queue": False}
INSPECTING = PRIVATE | {"concurrency_id": "inspect", "concurrency_limit": 2}
LOOKING = PRIVATE | {"concurrency_id": "hub", "concurrency_limit": 2}


@dataclass(frozen=True)
class InspectTab:
    """What the page connects with the other tabs: product, photograph, what a new choice of product changes, table."""

    product: gr.Radio
    photograph: gr.State
    changed: list[gr.components.Component]
    many: gr.HTML


def inspect_tab(page: gr.Blocks) -> InspectTab | None:
    """Put the tab's components and handlers into the Blocks context; with no product, the sentence that says so."""
    names = products()
    if not names:
        gr.HTML(notice(wording.NO_WEIGHTS, "error"), elem_id="no-weights", label="Notice")
        return None
    session = gr.State(None)
    with gr.Row(elem_id="inspect", equal_height=False):
        with gr.Column(scale=0, min_width=300, elem_id="controls"):
            product = gr.Radio(choices(), value=names[0], label=wording.PRODUCT_LABEL, elem_id="product")
            upload = gr.File(label=wording.UPLOAD_LABEL, file_count="multiple", elem_id="upload", height=132)
            message = gr.HTML(notice(wording.INVITATION), elem_id="message", label="Message")
            with gr.Accordion(wording.CAMERA_LABEL, open=False, elem_id="camera-fold"):
                camera = gr.Image(sources=["webcam"], show_label=False, elem_id="camera", height=220, buttons=[])
            checkpoint = gr.File(label=wording.CHECKPOINT_LABEL, file_types=[".zip"], elem_id="checkpoint", height=110)
            offered, why = hub_panel.offered()
            hub_name = gr.Textbox(
                offered, label=wording.HUB_LABEL, placeholder=wording.HUB_HINT, elem_id="hub-name", max_lines=1
            )
            hub_card = gr.HTML(why, elem_id="hub-card", label="From the Hub", js_on_load=CLICK_SCRIPT)
            gallery = gr.HTML(examples_html(names[0]), elem_id="examples", label="Examples", js_on_load=CLICK_SCRIPT)
        with gr.Column(scale=1, min_width=320, elem_id="findings"):
            many = gr.HTML("", elem_id="many", label="Several photographs", js_on_load=CLICK_SCRIPT)
            results = gr.HTML("", elem_id="results", label="Results", js_on_load=SCRIPTS)
            probe = gr.HTML("", elem_id="probe", label="Values at one place")
            gr.HTML(how_it_works_html(), elem_id="how", label="How it works")
            report = gr.DownloadButton(wording.REPORT_LABEL, elem_id="report-file", visible="hidden")

    shown = [results, message, session]
    events = INSPECTING | {"show_progress_on": message}
    page.load(show_first, [product], shown, **events)
    gallery.click(show_example, [product], shown, **events)
    # Unread by gradio: a corrupt file has to reach read_photograph, and the visitor's own name for it is kept.
    uploaded = upload.upload(show_uploads, [upload, product], [*shown, upload, many], preprocess=False, **events)
    uploaded.then(judge_again, [product], many, **events)
    camera.change(show_capture, [camera, product], [*shown, camera], preprocess=False, **events)
    many.click(open_one, [product], shown, **events)
    results.click(make_defect, [product, session], shown, **events)
    results.select(show_values, [session], probe, **QUICK)
    results.change(lambda: "", None, probe, **QUICK)
    results.submit(download_report, [session], report, **events).then(None, js=fetch_script("report-file"))
    results.input(keep_settings, None, many, **QUICK)
    changed = [*shown, gallery]
    product.input(change_product, [product, session], changed, **events).then(judge_again, [product], many, **events)
    opened = [*changed, product, checkpoint]
    checkpoint.upload(open_bundle, [checkpoint, session], opened, preprocess=False, **events).then(
        judge_again, [product], many, **events
    )
    hub_name.submit(hub_panel.look_up, hub_name, hub_card, **LOOKING)
    hub_card.click(hub_panel.fetch_detectors, [session], [*changed, product, hub_card], **LOOKING).then(
        judge_again, [product], many, **events
    )
    return InspectTab(product, session, changed, many)
