"""Which detectors stand on the shelf: those of the chosen repository as far as it is here, else embedded ones."""

import json
import shutil
from pathlib import Path

import pytest

import dfsc
from dfsc.errors import CheckpointError
from dfsc.hub.names import VARIABLE, HubName, hub_name
from dfsc.hub.repository import fetch
from dfsc.interface.inspect.hub_panel import offered
from dfsc.interface.page import build_page
from dfsc.sources import ProductRepository, repository


def sources(product: str) -> set[str]:
    return {detector.source for detector in dfsc.product_detectors(product)}


def test_as_installed_all_is_embedded(demo_weights):
    assert repository() is None
    assert (dfsc.products(), sources("toy_block"), offered()) == (["toy_block"], {"embedded"}, ("", ""))


def test_a_repository_that_is_not_here_is_offered_and_nothing_is_asked(published, monkeypatch):
    monkeypatch.setenv(VARIABLE, "org/block@v1")
    assert repository() == hub_name("org/block@v1")
    assert sources("toy_block") == {"embedded"}
    shown = {getattr(part, "elem_id", None): getattr(part, "value", None) for part in build_page().blocks.values()}
    assert shown["hub-name"] == "org/block@v1"
    assert "set up for org/block@v1" in shown["hub-card"]
    assert published.asked == []


def test_a_repository_in_the_cache_takes_the_place_of_what_is_embedded(published, monkeypatch):
    commit = fetch(HubName("org/block")).commit
    published.close()
    for name in ("org/block", f"org/block@{commit}"):
        monkeypatch.setenv(VARIABLE, name)
        assert dfsc.products() == ["toy_block"]
        assert sources("toy_block") == {f"org/block@{commit[:7]} on the Hub, from the cache"}
        assert [d.config.method for d in dfsc.product_detectors("toy_block")] == ["ead-s", "dfsc"]
        assert offered() == ("", "")


def test_a_folder_may_be_chosen_and_embedded_products_stay(demo_weights, tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    shutil.copytree(demo_weights / "toy_block", folder)
    _rename(folder, "cover")
    monkeypatch.setenv(VARIABLE, str(folder))
    assert isinstance(repository(), ProductRepository)
    assert dfsc.products() == ["cover", "toy_block"]
    assert (sources("cover"), sources("toy_block")) == ({"folder mine"}, {"embedded"})
    with pytest.raises(CheckpointError, match='no product "lid"; known are: cover, toy_block'):
        dfsc.product_detectors("lid")


@pytest.mark.parametrize(
    ("product", "said"), [("../good", "is no plain name"), ("", "is no plain name"), (None, "contains no detector")]
)
def test_what_can_not_be_used_is_said_and_the_embedded_ones_stay(demo_weights, tmp_path, monkeypatch, product, said):
    folder = tmp_path / "mine"
    if product is None:
        folder.mkdir()
    else:
        shutil.copytree(demo_weights / "toy_block", folder)
        _rename(folder, product)
    monkeypatch.setenv(VARIABLE, str(folder))
    assert said in offered()[1]
    assert str(tmp_path) not in offered()[1]
    assert (dfsc.products(), sources("toy_block")) == (["toy_block"], {"embedded"})


def test_a_name_that_is_none_is_said(demo_weights, monkeypatch):
    monkeypatch.setenv(VARIABLE, "not a name")
    assert offered()[0] == ""
    assert "neither a folder nor a name like org/name" in offered()[1]
    assert sources("toy_block") == {"embedded"}


def _rename(folder: Path, product: str) -> None:
    """Let all detectors of a folder be of another product."""
    for file in folder.glob("*/config.json"):
        file.write_text(json.dumps(json.loads(file.read_text()) | {"product": product}))
