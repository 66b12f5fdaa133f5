"""What a visitor does with a result without any network running: sliders, a click on a map, the wrong photograph."""

from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from visiting import encoded, expect_inspected, load_model, map_pictures, upload

from dfsc import Inspection, Inspector, product_detectors, read_image
from dfsc.checkpoints.bundles import write_bundle
from dfsc.checkpoints.embedded import products
from dfsc.images.decoding import resize_for_network
from dfsc.models.self_test import SelfTest
from dfsc.training.closed_form import closed_form_detector


def slide(page: Page, **values: int) -> None:
    for name, value in values.items():
        page.locator(f"#results .sliders input[name={name}]").evaluate(
            """(slider, value) => { slider.value = value;
                slider.dispatchEvent(new Event('input', {bubbles: true}));
                slider.dispatchEvent(new Event('change', {bubbles: true})); }""",
            value,
        )
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def figures(page: Page) -> list[tuple[str, str, str]]:
    """Score, limit and verdict of each method."""
    rows = page.locator("#results .method-row").all()
    numbers = [row.locator(".score b").all_inner_texts() for row in rows]
    verdicts = [row.locator(".verdict").get_attribute("class").split()[-1] for row in rows]
    return [(score, limit, verdict) for (score, limit), verdict in zip(numbers, verdicts, strict=True)]


@pytest.fixture(scope="module")
def photograph(draw) -> bytes:
    return encoded(draw(7, width=640, height=480, scratch=True))


@pytest.fixture(scope="module")
def inspection(address, photograph) -> Inspection:
    return Inspector(product_detectors(products()[0])).inspect(read_image(photograph, "part"))


@pytest.mark.parametrize(("weight", "rejected"), [(50, 0), (20, 1), (100, 0), (0, 2)])
def test_sliders_judge_as_the_library_does(visit, photograph, inspection, weight, rejected):
    page = visit()
    upload(page, "part.png", photograph)
    expect_inspected(page, "part.png")
    slide(page, weight=weight, rejected=rejected)
    again = [replace(result, local_weight=weight / 100, rejected_good=rejected) for result in inspection.results]
    shown = figures(page)
    for (score, limit, verdict), result in zip(shown, again, strict=True):
        assert float(score.replace("−", "-")) == pytest.approx(result.score, abs=0.011)
        assert float(limit.replace("−", "-")) == pytest.approx(result.threshold, abs=0.011)
        assert verdict == result.verdict
    rejecting = sum(verdict == "reject" for *_, verdict in shown)
    expected = {0: "Accepted by both detectors", 2: "Rejected by both detectors"}.get(rejecting, "rejects this part")
    assert expected in page.locator("#results .agreement").inner_text()


def test_sliders_ask_nobody_and_all_that_depends_on_them_follows(visit):
    page = visit()
    before, asked = map_pictures(page), []
    page.on("request", lambda request: asked.append(request.url))
    page.locator("#results .sliders input[name=weight]").evaluate(
        "slider => { slider.value = 100; slider.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    expect(page.locator("#results .sliders output").first).to_have_text("100 % local, 0 % global")
    after = map_pictures(page)
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, False] * 2
    tops = page.locator("#results .method-row").first.locator("figcaption b").all_inner_texts()
    assert tops[2] == tops[0]
    assert asked == []
    slide(page, strength=10)
    assert not set(map_pictures(page)) & set(after)


def test_settings_stay_for_the_next_photograph_and_go_back_on_a_click(visit, photograph):
    page = visit()
    slide(page, weight=30, rejected=1, strength=40)
    upload(page, "next.png", photograph)
    expect_inspected(page, "next.png")
    values = "sliders => sliders.map(slider => slider.value)"
    assert page.eval_on_selector_all("#results .sliders input", values) == ["30", "1", "40"]
    page.locator("#results button[data-act=standard]").click()
    expect(page.locator("#results .sliders output").first).to_have_text("50 % local, 50 % global")
    assert page.eval_on_selector_all("#results .sliders input", values) == ["50", "0", "86"]


def test_a_click_on_a_map_tells_all_values_there(visit, photograph, inspection):
    page = visit()
    upload(page, "part.png", photograph)
    expect_inspected(page, "part.png")
    canvas = page.locator("#results .map.local canvas").first
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    probe = page.locator("#probe .probe")
    expect(probe).to_contain_text("px")
    rows = probe.locator("tbody tr").all_inner_texts()
    assert len(rows) == 2
    for row, result in zip(rows, inspection.results, strict=True):
        near = result.maps.local[26:30, 26:30]
        shown = float(row.split()[1].replace("−", "-"))
        assert near.min() - 0.01 <= shown <= near.max() + 0.01
        assert f"of {result.good.count} good parts here" in row
    canvas.click(position={"x": 2, "y": 2})
    expect(probe).to_contain_text("hatched border")
    upload(page, "other.png", photograph)
    expect_inspected(page, "other.png")
    expect(probe).to_be_hidden()


def test_the_partners_switch_is_a_small_box_and_changes_what_is_judged(visit, photograph, tmp_path, draw):
    pictures = np.stack([resize_for_network(draw(seed)) for seed in range(12)])
    fre = closed_form_detector(pictures, product_detectors(products()[0])[0].teacher, "part", {}, held_out_digest="x")
    tried = SelfTest({"erased": (19, 20)}, 900, strength=0.5)
    pair = [
        replace(d, config=replace(d.config, held_out="x", self_test=tried)) for d in product_detectors(products()[0])
    ]
    write_bundle([*pair, fre], tmp_path / "three.zip")
    page = visit()
    load_model(page, tmp_path / "three.zip")
    expect(page.locator("#message")).to_contain_text("3 detectors opened")
    upload(page, "part.png", photograph)
    expect_inspected(page, "part.png")
    titles = page.locator("#results .method-row h3")
    assert titles.all_inner_texts() == ["EAD-S + FRE", "DFSC + FRE", "FRE"]
    switch = page.locator("#results .sliders [name=partner]")
    assert switch.bounding_box()["width"] <= 20
    together = figures(page)
    switch.uncheck()
    expect(titles.first).to_have_text("EAD-S")
    alone = figures(page)
    assert together[2] == alone[2]
    inspected = Inspector([*pair, fre], partner=True).inspect(read_image(photograph, "part")).results
    for weight in (50, 0, 35, 100):
        switch.check()
        slide(page, weight=weight)
        for (score, limit, verdict), result in zip(figures(page), inspected, strict=True):
            judged = replace(result, local_weight=weight / 100)
            assert float(score.replace("−", "-")) == pytest.approx(judged.score, abs=0.011)
            assert float(limit.replace("−", "-")) == pytest.approx(judged.threshold, abs=0.011)
            assert verdict == judged.verdict


def test_rows_are_hidden_and_any_two_methods_are_laid_over_one_another(
    visit, photograph, tmp_path, detector_builder, draw
):
    pair = product_detectors(products()[0])
    fcl = detector_builder(pair[0].teacher, "fcl", [draw(seed) for seed in range(4)], 9, pair[0].config.product)
    write_bundle([*pair, fcl], tmp_path / "three.zip")
    page = visit()
    load_model(page, tmp_path / "three.zip")
    expect(page.locator("#message")).to_contain_text("3 detectors opened")
    upload(page, "part.png", photograph)
    expect_inspected(page, "part.png")
    rows = page.locator("#results .method-row")
    assert rows.locator("h3").all_inner_texts() == ["EAD-S", "DFSC", "FCL"]
    boxes = page.locator("#results .shown")
    right = page.locator("#results .wipe canvas.right")
    of_dfsc = right.evaluate("map => map.toDataURL()")
    page.locator("#results .wiping select").last.select_option("FCL")
    expect(page.locator("#results .wipe .tag.right")).to_have_text("FCL")
    expect(page.locator("#results .difference h2")).to_have_text("Difference: FCL − EAD-S")
    assert right.evaluate("map => map.toDataURL()") != of_dfsc
    boxes.get_by_label("DFSC", exact=True).uncheck()
    expect(rows.nth(1)).to_be_hidden()
    expect(page.locator("#results .agreement")).not_to_contain_text("DFSC")
    upload(page, "next.png", photograph)
    expect_inspected(page, "next.png")
    expect(rows.nth(1)).to_be_hidden()
    expect(page.locator("#results .wipe .tag.right")).to_have_text("FCL")
    boxes.get_by_label("EAD-S", exact=True).uncheck()
    expect(boxes.get_by_label("FCL", exact=True)).to_be_disabled()
    boxes.get_by_label("DFSC", exact=True).check()
    expect(rows.nth(1)).to_be_visible()


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ((3, 3), "EAD-S is not usable yet: finds 3 of 20 made-up faults, DFSC is not usable yet: finds 3 of 20"),
        ((18, 3), "this part, DFSC is not usable yet: finds 3 of 20 made-up faults."),
    ],
)
def test_who_found_few_made_up_faults_says_nothing_in_green_or_red(visit, photograph, tmp_path, tests, said):
    detectors = product_detectors(products()[0])
    tried = [SelfTest({"erased": (found, 20)}, 900) for found in tests]
    write_bundle(
        [replace(d, config=replace(d.config, self_test=t)) for d, t in zip(detectors, tried, strict=True)],
        tmp_path / "pair.zip",
    )
    page = visit()
    load_model(page, tmp_path / "pair.zip")
    expect(page.locator("#message")).to_contain_text("2 detectors opened")
    upload(page, "part.png", photograph)
    expect_inspected(page, "part.png")
    expect(page.locator("#results .agreement")).to_contain_text(said)
    unsure = tests.count(3)
    expect(page.locator("#results .method-row .badge.unsure")).to_have_count(unsure)
    expect(page.locator("#results .method-row .badge:is(.accept, .reject, .foreign)")).to_have_count(2 - unsure)
    slide(page, weight=100, rejected=1)
    expect(page.locator("#results .method-row .verdict.unsure")).to_have_count(unsure)
    expect(page.locator("#results .method-row").last).to_contain_text("not meaningful yet")
