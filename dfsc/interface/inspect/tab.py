"""The Inspect tab: upload, product and examples on the left, what the detectors found on the right.

On a phone: upload and product, what was found, examples.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from dfsc import products
from dfsc.interface import wording
from dfsc.interface.inspect import hub_panel
from dfsc.interface.inspect.batching import judge_again, open_one, show_uploads
from dfsc.interface.inspect.hints_view import hints_html
from dfsc.interface.inspect.how_it_works import how_it_works_html
from dfsc.interface.inspect.input_view import camera_html, examples_html
from dfsc.interface.inspect.inspecting import (
    change_product,
    choices,
    download_report,
    draw_on_photo,
    keep_settings,
    open_bundle,
    show_example,
    show_first,
    show_values,
)
from dfsc.interface.inspect.original import show_original
from dfsc.interface.inspect.viewer_view import viewer_html
from dfsc.interface.markup import notice, text
from dfsc.interface.session.asking import asking, asking_beside, asking_now, click_script
from dfsc.interface.session.downloads import fetch_script

STATIC = Path(__file__).parent.parent / "static"
ARRIVING = "dfsc.watch(element, () => dfsc.arrive(element, document.querySelector('#results .findings')))"
RESULTS_SCRIPTS = ("places", "drawing", "inspection", "region", "outline", "interest", "viewer", "defect")
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
# What is clicked while an answer is under way is asked once that is there, as it stands then (see asking).
CLICKED = PRIVATE | {"trigger_mode": "always_last"}
QUICK = CLICKED | {"queue": False}
# A choice or an upload is asked at once, since nothing else remembers it.
CHOSEN = PRIVATE | {"trigger_mode": "multiple"}
LANE: dict[str, Any] = {"concurrency_id": "inspect", "concurrency_limit": 2}
LARGE = CLICKED | {"concurrency_id": "original", "concurrency_limit": 2}
LOOKING = CLICKED | {"concurrency_id": "hub", "concurrency_limit": 2}


@dataclass(frozen=True)
class InspectTab:
    """What the page connects with the other tabs: question, product, what a finding changes, table."""

    question: gr.Textbox
    product: gr.Radio
    answer: list[gr.components.Component]
    many: gr.HTML


def inspect_tab(page: gr.Blocks) -> InspectTab:
    """Put the tab's components and handlers into the Blocks context; there need not be any product."""
    first = next(iter(products()), None)
    question = gr.Textbox("", visible=False)
    with gr.Row(elem_id="inspect", equal_height=False):
        with gr.Column(scale=0, min_width=0, elem_id="start"):
            upload = gr.File(label=wording.UPLOAD_LABEL, file_count="multiple", elem_id="upload", height=104)
            product = gr.Radio(choices(), value=first, label=wording.PRODUCT_LABEL, elem_id="product")
        with gr.Column(scale=1, min_width=320, elem_id="findings"):
            message = gr.HTML(notice(wording.INVITATION), elem_id="message", label="Message", js_on_load=watching())
            gr.HTML(_waiting(), elem_id="waiting", label="Under way")
            many = gr.HTML("", elem_id="many", label="Several photos", js_on_load=f"{script('many.js')} {watching()}")
            results = gr.HTML(
                f'<div class="findings"></div>{viewer_html()}',
                elem_id="results",
                label="Results",
                js_on_load=script(*(f"{name}.js" for name in RESULTS_SCRIPTS)),
            )
            finding = gr.HTML("", elem_id="arriving", label="Finding on its way", js_on_load=ARRIVING)
            probe = gr.HTML(
                "",
                elem_id="probe",
                elem_classes="closed",
                label="Values at one place",
                js_on_load="dfsc.watch(element, () => dfsc.openProbe(element))",
            )
            original = gr.HTML("", elem_id="original", label="Original", js_on_load=script("original.js"))
            gr.HTML(how_it_works_html(), elem_id="how", label="How it works")
            report = gr.DownloadButton(wording.REPORT_LABEL, elem_id="report-file", elem_classes="fetched")
        with gr.Column(scale=0, min_width=0, elem_id="more"):
            gr.HTML(hints_html(), elem_id="hints", label="First steps")
            gallery = gr.HTML(
                examples_html(first) if first else "",
                elem_id="examples",
                label="Examples",
                js_on_load=click_script("example"),
            )
            with gr.Accordion(wording.CAMERA_LABEL, open=False, elem_id="camera-fold"):
                gr.HTML(
                    camera_html(),
                    elem_id="camera",
                    label=wording.CAMERA_LABEL,
                    js_on_load=script("stream.js", "camera.js"),
                )
            offered, why = hub_panel.offered()
            with gr.Accordion(wording.LOAD_LABEL, open=bool(why) or first is None, elem_id="load-fold"):
                checkpoint = gr.File(
                    label=wording.CHECKPOINT_LABEL, file_types=[".zip"], elem_id="checkpoint", height=104
                )
                hub_name = gr.Textbox(
                    offered, label=wording.HUB_LABEL, placeholder=wording.HUB_HINT, elem_id="hub-name", max_lines=1
                )
                hub_card = gr.HTML(why, elem_id="hub-card", label="From the Hub", js_on_load=click_script("fetch"))

    answer = [finding, message, product, gallery]
    one = [question, product]
    page.load(show_first, one, answer, js=asking_now("first", 1), **CHOSEN, **LANE)
    gallery.click(show_example, question, answer, js=asking("example"), **CLICKED, **LANE)
    product.input(change_product, one, answer, js=asking_now("product", 1), **CHOSEN, **LANE).then(
        judge_again, product, many, **CLICKED, **LANE
    )
    # Unread by gradio: a corrupt file has to reach read_photograph, and the visitor's own name for it is kept.
    upload.upload(
        show_uploads,
        [question, upload, product],
        [*answer, upload, many],
        js=asking_now("upload", 2),
        preprocess=False,
        **CHOSEN,
        **LANE,
    ).then(judge_again, product, many, **CLICKED, **LANE)
    many.click(open_one, question, answer, js=asking("row"), **CLICKED, **LANE)
    results.click(draw_on_photo, question, answer, js=asking("stroke"), **CLICKED, **LANE).then(
        judge_again, product, many, **CLICKED, **LANE
    )
    results.select(show_values, question, probe, js=asking("values"), **QUICK)
    results.submit(download_report, question, report, js=asking("report"), **CLICKED, **LANE).then(
        None, js=fetch_script("report-file")
    )
    original.click(show_original, question, original, js=asking_beside("original"), **LARGE)
    results.input(keep_settings, question, many, js=asking_beside("settings"), **QUICK)
    checkpoint.upload(
        open_bundle,
        [question, checkpoint],
        [*answer, checkpoint],
        js=asking_now("bundle", 1),
        preprocess=False,
        **CHOSEN,
        **LANE,
    ).then(judge_again, product, many, **CLICKED, **LANE)
    hub_name.submit(hub_panel.look_up, hub_name, hub_card, **LOOKING)
    hub_card.click(hub_panel.fetch_detectors, question, [*answer, hub_card], js=asking("fetch"), **LOOKING).then(
        judge_again, product, many, **CLICKED, **LANE
    )
    return InspectTab(question, product, answer, many)


def script(*names: str) -> str:
    """Files of static/ as one component's script, in a block of their own, so that their names meet no others."""
    return "{" + "\n".join((STATIC / name).read_text(encoding="utf-8") for name in names) + "}"


def watching() -> str:
    """A component's script: what arrives in it may change which finding is the one that was asked for last."""
    return "dfsc.watch(element, dfsc.update);"


def _waiting() -> str:
    says = {"inspecting": wording.INSPECTING, "any": wording.INSPECTING_ANY, "earlier": wording.EARLIER}
    attributes = "".join(f' data-{name}="{text(sentence)}"' for name, sentence in says.items())
    return f'<p class="notice" role="status" hidden{attributes}></p>'
