"""The page: header, tabs, look, and how it is launched."""

import json
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware

from dfsc.interface import environment, tools, wording
from dfsc.interface.api import endpoints
from dfsc.interface.compare.comparing import open_case
from dfsc.interface.compare.tab import compare_tab, has_study
from dfsc.interface.footer import footer_html
from dfsc.interface.gatekeeper import gatekeeper
from dfsc.interface.history.handling import judge_anew, open_kept
from dfsc.interface.history.tab import HistoryTab, history_tab
from dfsc.interface.inspect.batching import judge_again
from dfsc.interface.inspect.inspecting import inspect_with_models, offer_models
from dfsc.interface.inspect.tab import CHOSEN, CLICKED, LANE, PRIVATE, InspectTab, inspect_tab
from dfsc.interface.keys import keys_html
from dfsc.interface.live.frames import live_frames
from dfsc.interface.live.tab import live_tab
from dfsc.interface.retrain.tab import RetrainTab, retrain_tab
from dfsc.interface.retrain.watching import pair_again
from dfsc.interface.session import visitors
from dfsc.interface.session.asking import asking, asking_now
from dfsc.interface.session.settings import Settings
from dfsc.interface.share_card import share_card

STATIC = Path(__file__).parent / "static"
SCRIPTS, STYLES = ("page", "hints", "state", "keys"), ("page", "history", "live", "keys")
SWEEP_SECONDS = 600
TELL_PLACES_SECONDS = 3600.0
SESSIONS = 500
# A keyboard would else be left on a card that is hidden now, and a phone far below the findings.
GO_TO_FINDINGS = """() => {
  document.querySelector('#inspect-tab-button')?.focus({ preventScroll: true });
  document.querySelector(innerWidth > 900 ? '#page-head' : '#findings')?.scrollIntoView();
}"""


def build_page() -> gr.Blocks:
    """The whole page; uploads that were abandoned half-way are swept from the disk after ten minutes."""
    with gr.Blocks(
        title=wording.TITLE, analytics_enabled=False, fill_width=True, delete_cache=(SWEEP_SECONDS, SWEEP_SECONDS)
    ) as page:
        gr.HTML(
            f'<header class="page-head"><h1>{wording.TITLE}</h1><p>{wording.SUBTITLE}</p></header>',
            elem_id="page-head",
            label="Header",
        )
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Inspect", id="inspect-tab", elem_id="inspect-tab"):
                inspecting = inspect_tab(page)
            with gr.Tab("Live", id="live-tab", elem_id="live-tab") as tab:
                live = live_tab(tab, inspecting)
            with gr.Tab("History", id="history-tab", elem_id="history-tab") as tab:
                history = history_tab(tab, inspecting)
            connect_kept(tabs, inspecting, live, history)
            with gr.Tab("Retrain", id="retrain-tab", elem_id="retrain-tab"):
                retraining = retrain_tab(inspecting.question)
            connect(page, tabs, inspecting, retraining)
            if has_study():
                with gr.Tab("Compare", id="compare-tab", elem_id="compare-tab") as tab:
                    cards = compare_tab(tab)
                if cards:
                    connect_cases(tabs, inspecting, cards)
        gr.HTML(keys_html(), elem_id="keys", label="Keys")
        gr.HTML(footer_html(), elem_id="about", label="About")
        if environment.mcp():
            tools.register()  # before the endpoints, one of which is called like a tool
        endpoints()

        def forget(request: gr.Request) -> None:
            visitors.forget(request)
            # Gradio would keep the photograph and all that was shown for whoever comes back within an hour.
            page.state_holder.session_data.pop(request.session_hash, None)

        page.unload(forget)
    return page


def connect(page: gr.Blocks, tabs: gr.Tabs, inspecting: InspectTab, retraining: RetrainTab) -> None:
    """A pair that was trained becomes a choice of the Inspect tab, its button leads there, and it survives a reload."""
    for learned in retraining.learning:
        learned.then(offer_models, None, inspecting.product, **PRIVATE)
    retraining.inspect.click(
        inspect_with_models, inspecting.question, [tabs, *inspecting.answer], js=asking_now("own"), **CHOSEN, **LANE
    ).then(judge_again, inspecting.product, inspecting.many, **CLICKED, **LANE)
    page.load(pair_again, inspecting.question, retraining.pair, js=asking("first"), **PRIVATE).then(
        offer_models, None, inspecting.product, **PRIVATE
    )


def connect_kept(tabs: gr.Tabs, inspecting: InspectTab, live: gr.HTML, history: HistoryTab) -> None:
    """Photos that were kept open in the Inspect tab, and what is shown there follows the good parts."""
    for kept in (live, history.listed):
        kept.select(
            open_kept, inspecting.question, [tabs, *inspecting.answer], js=asking("kept"), **CLICKED, **LANE
        ).then(None, js=GO_TO_FINDINGS).then(judge_again, inspecting.product, inspecting.many, **CLICKED, **LANE)
    history.overview.apply(
        judge_anew, inspecting.question, inspecting.answer, js=asking("anew"), **CLICKED, **LANE
    ).then(judge_again, inspecting.product, inspecting.many, **CLICKED, **LANE)


def connect_cases(tabs: gr.Tabs, inspecting: InspectTab, cards: gr.HTML) -> None:
    """A card of the Compare tab opens its image in the Inspect tab."""
    opened = cards.click(
        open_case, inspecting.question, [tabs, *inspecting.answer], js=asking("case"), **CLICKED, **LANE
    )
    opened.then(None, js=GO_TO_FINDINGS)
    opened.then(judge_again, inspecting.product, inspecting.many, **CLICKED, **LANE)


def queued(page: gr.Blocks, most: int) -> gr.Blocks:
    """The page with its queue, in which so many requests may wait.

    By default Gradio tells everyone's places whenever a request's turn comes, in the loop that gives the turns. That
    loop ends for good when somebody among them has just left, and nobody's request is answered any more. The page shows
    no places, so they are told from time to time, elsewhere.
    """
    return page.queue(max_size=most, status_update_rate=TELL_PLACES_SECONDS)


def launch_arguments() -> dict:
    """What app.py and the browser tests both pass to Blocks.launch; raises DFSCError for senseless variables."""
    gate = Middleware(
        gatekeeper,
        ancestors=environment.frame_ancestors(),
        requests=environment.requests_per_minute(),
        tools=tools.NAMES if environment.mcp() else (),
    )
    standard = f"const dfscStandard = {json.dumps(Settings().record())};"
    script = "".join((STATIC / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    return {
        "server_name": environment.host(),
        "server_port": environment.port(),
        "theme": gr.themes.Default(
            primary_hue=gr.themes.colors.sky,
            neutral_hue=gr.themes.colors.slate,
            radius_size=gr.themes.sizes.radius_sm,
            # The bundled semibold files lack letters; the visitor's own system font has them all.
            font=["system-ui", "sans-serif"],
            font_mono=["ui-monospace", "monospace"],
        ).set(
            block_info_text_color="*neutral_600",
            block_label_text_color="*neutral_600",
            button_primary_background_fill="*primary_700",
            button_primary_background_fill_hover="*primary_800",
            button_primary_background_fill_dark="*primary_700",
            button_primary_background_fill_hover_dark="*primary_800",
        ),
        "app_kwargs": {"middleware": [gate, Middleware(share_card), Middleware(live_frames)]},
        "css_paths": [STATIC / f"{name}.css" for name in STYLES],
        "head": f"<script>{standard}{script}</script>",
        "footer_links": [],
        "run_history": False,
        "enable_monitoring": False,
        "mcp_server": environment.mcp(),
        "ssr_mode": False,
        "show_error": False,
        "max_file_size": environment.upload_bytes(),
        "state_session_capacity": SESSIONS,
    }
