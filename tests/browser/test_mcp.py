"""The page's tools as a language model's program uses them: the real client of MCP against the real server."""

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from visiting import encoded, launch

from dfsc.interface import tools
from dfsc.interface.gatekeeper import is_served
from dfsc.interface.page import build_page

mcp = pytest.importorskip("mcp")

PRODUCT = "toy_block"


@pytest.fixture(scope="module")
def server(page_weights) -> Iterator[str]:
    """The address of a page that is a server of MCP too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DFSC_WEIGHTS", str(page_weights))
        patch.setenv("GRADIO_TEMP_DIR", str(page_weights.parent / "mcp"))
        patch.setenv("GRADIO_MCP_SERVER", "True")
        page = build_page()
        yield launch(page)
        page.close()


@pytest.fixture(scope="module")
def use(server) -> Iterator[Callable]:
    """use(tool, **arguments) → whether it failed, and its text; use() → the tools there are, by name."""

    async def asked(tool: str = "", **arguments):
        from mcp.client.streamable_http import streamable_http_client

        async with (
            streamable_http_client(f"{server}gradio_api/mcp") as (read, write, _),
            mcp.ClientSession(read, write) as session,
        ):
            await session.initialize()
            if not tool:
                return {tool.name: tool for tool in (await session.list_tools()).tools}
            answer = await session.call_tool(tool, arguments)
            return answer.isError, answer.content[0].text

    # Playwright keeps an event loop in the thread of the tests.
    with ThreadPoolExecutor(1) as thread:
        yield lambda *tool, **arguments: thread.submit(asyncio.run, asked(*tool, **arguments)).result()


@pytest.fixture(scope="module")
def photographs(draw) -> list[str]:
    """Four good parts, and one without a disc, in base64."""
    drawn = [*(draw(seed, 128, 96) for seed in range(4)), draw(9, 128, 96, missing=[1])]
    return [base64.b64encode(encoded(picture)).decode() for picture in drawn]


def test_a_model_finds_three_tools_each_described(use):
    found = use()
    assert set(found) == set(tools.NAMES) == {"inspect", "train_fre", "list_products"}
    for tool in found.values():
        assert len(tool.description) > 100
        assert all(parameter.get("description") for parameter in tool.inputSchema["properties"].values())
    assert found["inspect"].inputSchema["required"] == ["photograph", "product"]


def test_a_model_lists_inspects_and_trains(use, photographs):
    failed, text = use("list_products")
    assert not failed
    listed = {entry["product"]: entry["detectors"] for entry in json.loads(text)}
    assert [detector["method"] for detector in listed[PRODUCT]] == ["ead-s", "dfsc"]
    for photograph in (photographs[0], f"data:image/png;base64,{photographs[0]}"):
        failed, text = use("inspect", photograph=photograph, product=PRODUCT)
        assert not failed, text
        assert json.loads(text)["size"] == [128, 96]
        assert [result["method"] for result in json.loads(text)["results"]] == ["ead-s", "dfsc"]
    failed, text = use("train_fre", photographs=photographs[:4])
    assert not failed, text
    learned = json.loads(text)
    assert (learned["method"], learned["left_out"]) == ("fre", [])
    failed, text = use("inspect", photograph=photographs[4], product=learned["product"])
    assert not failed, text
    assert json.loads(text)["results"][0]["method"] == "fre"


def test_an_uploaded_file_is_taken_once(use, server, draw):
    files = {"files": ("part.png", encoded(draw(1, 96, 96)))}
    (path,) = httpx.post(f"{server}gradio_api/upload", files=files).json()
    address = f"{server}gradio_api/file={path}"
    assert not use("inspect", photograph=address, product=PRODUCT)[0]
    assert use("inspect", photograph=address, product=PRODUCT)[0]


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("inspect", {"photograph": "https://example.org/a.png", "product": PRODUCT}, "nothing is fetched"),
        ("inspect", {"photograph": "/etc/passwd", "product": PRODUCT}, "base64"),
        ("inspect", {"photograph": "/gradio_api/file=/etc/passwd", "product": PRODUCT}, "did not arrive"),
        ("inspect", {"photograph": "AAAA", "product": PRODUCT}, "is not an image"),
        ("inspect", {"photograph": "AAAA", "product": "own-guessed"}, "no detectors called"),
        ("train_fre", {"photographs": ["AAAA"] * 65}, "At most 64"),
        ("open_checkpoint", {"source": "org/name"}, "not in the selected tools"),
        ("train", {}, "not in the selected tools"),
    ],
)
def test_what_a_tool_refuses_is_a_sentence(use, tool, arguments, said):
    failed, text = use(tool, **arguments)
    assert failed
    assert said in text
    assert "Traceback" not in text


def test_the_routes_are_there_only_with_mcp_and_no_others_are(server):
    assert not is_served("/gradio_api/mcp")
    for path in ("mcp/sse", "mcp/schema", "mcp/messages/"):
        assert httpx.get(f"{server}gradio_api/{path}").status_code == 404
