"""The Retrain tab: photographs and wishes on the left; novelty, curves, previews and the trained pair on the right."""

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.events import Dependency

from dfsc.interface import environment
from dfsc.interface.inspect.tab import script
from dfsc.interface.markup import notice
from dfsc.interface.retrain import wording
from dfsc.interface.retrain.collecting import add_uploads, choose_what_counts, show_novelty, start_over, take_sample
from dfsc.interface.retrain.samples import samples
from dfsc.interface.retrain.watching import download_pair, keep_model, stop_training, train_longer, train_pair
from dfsc.interface.session.asking import asking
from dfsc.interface.session.downloads import fetch_script
from dfsc.interface.session.lane import MAX_WAITING
from dfsc.interface.session.retraining import OPTIONAL, SECONDS, TAUS
from dfsc.training.plan import QUICK_SEPARATION as USUAL

PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
QUICK = PRIVATE | {"concurrency_id": "retrain", "concurrency_limit": 4}
WATCHING = PRIVATE | {"concurrency_id": "watch", "concurrency_limit": MAX_WAITING + 4}


@dataclass(frozen=True)
class RetrainTab:
    """What the page connects with the other tab: the button that leads there, what shows a pair, what trains one."""

    inspect: gr.Button
    pair: list[gr.components.Component]
    learning: tuple[Dependency, ...]


def retrain_tab(question: gr.Textbox) -> RetrainTab:
    """Put the tab's components and handlers into the Blocks context; `question` is the Inspect tab's."""
    with gr.Row(elem_id="retrain", equal_height=False):
        with gr.Column(scale=0, min_width=330, elem_id="retrain-controls"):
            _step(1)
            upload = gr.File(label=wording.PHOTOGRAPHS_LABEL, file_count="multiple", elem_id="photographs", height=132)
            with gr.Row():
                folder = gr.UploadButton(
                    wording.FOLDER_LABEL, file_count="directory", elem_id="photograph-folder", size="sm", min_width=110
                )
                clear = gr.Button(wording.CLEAR_LABEL, elem_id="clear", size="sm", min_width=110)
            gr.HTML(f'<p class="aside">{wording.SAMPLES_LABEL}</p>', elem_id="samples", label="Samples")
            with gr.Row():
                taken = [
                    (
                        name,
                        gr.Button(
                            wording.sample_button(name, s.count, s.drawn),
                            elem_id=f"sample-{name}",
                            size="sm",
                            min_width=110,
                        ),
                    )
                    for name, s in samples().items()
                ]
            _step(2)
            seconds = gr.Slider(
                *SECONDS, 120, step=10, label=wording.SECONDS_LABEL, info=wording.SECONDS_INFO, elem_id="seconds"
            )
            movement = gr.Radio(list(wording.MOVEMENTS), value=0.0, label=wording.MOVEMENT_LABEL, elem_id="movement")
            also = gr.CheckboxGroup(
                [(title, method) for method, title in OPTIONAL.items()],
                value=[],
                label=wording.ALSO_LABEL,
                info=wording.ALSO_INFO,
                elem_id="also",
            )
            with gr.Accordion(wording.ADVANCED_LABEL, open=False, elem_id="advanced"):
                tau = gr.Slider(
                    *TAUS, USUAL.tau, step=0.005, label=wording.TAU_LABEL, info=wording.TAU_INFO, elem_id="tau"
                )
                ratio = gr.Slider(
                    0,
                    3,
                    USUAL.margin_ratio,
                    step=0.1,
                    label=wording.MARGIN_LABEL,
                    info=wording.MARGIN_INFO,
                    elem_id="kappa",
                )
                seed = gr.Number(
                    0, precision=0, minimum=0, label=wording.SEED_LABEL, info=wording.SEED_INFO, elem_id="seed"
                )
                warm_up = gr.Slider(
                    0,
                    1,
                    USUAL.warm_up,
                    step=0.05,
                    label=wording.WARM_UP_LABEL,
                    info=wording.WARM_UP_INFO,
                    elem_id="warm-up",
                )
                weight = gr.Slider(
                    0, 3, USUAL.weight, step=0.1, label=wording.WEIGHT_LABEL, info=wording.WEIGHT_INFO, elem_id="weight"
                )
        with gr.Column(scale=1, min_width=320, elem_id="retrain-findings"):
            _step(3)
            result = gr.HTML("", elem_id="retrain-result", label="Your models")
            with gr.Row(visible=False, elem_id="pair-actions") as actions:
                inspect = gr.Button(wording.INSPECT_LABEL, variant="primary", elem_id="inspect-pair")
                download = gr.Button(wording.DOWNLOAD_LABEL, elem_id="download-pair")
                file = gr.DownloadButton(wording.DOWNLOAD_LABEL, elem_id="pair-file", elem_classes="fetched")
                # Whoever opens the page on another's machine leaves nothing there.
                at_home = environment.home() is not None
                name = gr.Textbox(
                    placeholder=wording.NAME_PLACEHOLDER,
                    label=wording.NAME_LABEL,
                    show_label=False,
                    max_lines=1,
                    max_length=64,
                    min_width=110,
                    visible=at_home,
                    elem_id="model-name",
                )
                keep = gr.Button(wording.KEEP_LABEL, visible=at_home, elem_id="keep-model")
            curves = gr.HTML("", elem_id="curves", label="Curves")
            preview = gr.HTML("", elem_id="preview", label="Preview")
            novelty = gr.HTML("", elem_id="novelty", label="Novel features")
            counting = gr.HTML(
                "", elem_id="counting", label="What counts", js_on_load=script("places.js", "outline.js", "counts.js")
            )
            album = gr.HTML("", elem_id="album", label="Photos")
    with gr.Row(elem_id="train-bar"):
        train = gr.Button(wording.TRAIN_LABEL, variant="primary", elem_id="train", min_width=90, scale=0)
        stop = gr.Button(wording.STOP_LABEL, elem_id="stop", min_width=90, scale=0)
        longer = gr.Button(wording.LONGER_LABEL, elem_id="longer", min_width=90, scale=0)
        message = gr.HTML(notice(wording.INVITATION), elem_id="retrain-message", label="Message")

    seen = [message, album, novelty, result, actions, counting]
    learning = []
    for source in (upload, folder):
        learning.append(
            source.upload(
                add_uploads, [source, tau], [*seen, source], preprocess=False, trigger_mode="multiple", **QUICK
            )
        )
    for sample, button in taken:
        learning.append(button.click(take_sample, [gr.State(sample), tau], seen, **QUICK))
    learning.append(counting.click(choose_what_counts, question, seen, js=asking("counts"), **QUICK))
    clear.click(start_over, None, seen, **QUICK)
    tau.change(show_novelty, [tau], novelty, trigger_mode="always_last", **QUICK)
    download.click(download_pair, None, file, **QUICK).then(None, js=fetch_script("pair-file"))
    for named in (keep.click, name.submit):
        learning.append(named(keep_model, name, [message, name], **QUICK))
    watched = [message, novelty, result, actions, curves, preview]
    wishes = [tau, ratio, seconds, movement, seed, warm_up, weight, also]
    learning += (
        train.click(train_pair, wishes, watched, **WATCHING),
        longer.click(train_longer, [seconds, tau], watched, **WATCHING),
    )
    stop.click(stop_training, None, message, **QUICK)
    return RetrainTab(inspect, [result, actions], tuple(learning))


def _step(number: int) -> None:
    """The heading of one of the tab's steps."""
    title, note = wording.STEPS[number - 1]
    gr.HTML(
        f'<header class="step"><h2><b>{number}</b> {title}</h2><p>{note}</p></header>',
        elem_id=f"step-{number}",
        elem_classes="step-head",
        label=title,
    )
