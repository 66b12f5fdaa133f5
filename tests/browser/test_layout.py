"""What a visitor sees without scrolling, on a desk and on a phone, and that it stays where it is."""

import pytest
from playwright.sync_api import Page, expect
from visiting import encoded, expect_inspected, upload

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
# The largest sum of layout shifts within five seconds and without a second's pause, which no click has caused.
SHIFTS = """() => new Promise(done => new PerformanceObserver((list, observer) => {
    observer.disconnect();
    let [worst, sum, first, last] = [0, 0, -Infinity, -Infinity];
    for (const { value, startTime, hadRecentInput } of list.getEntries()) {
        if (hadRecentInput) continue;
        if (startTime - last > 1000 || startTime - first > 5000) [sum, first] = [0, startTime];
        [sum, last] = [sum + value, startTime];
        worst = Math.max(worst, sum);
    }
    done(worst);
}).observe({ type: 'layout-shift', buffered: true }))"""


@pytest.fixture(scope="module", params=[(640, 480), (480, 640)], ids=["landscape", "portrait"])
def photo(request, draw) -> bytes:
    width, height = request.param
    return encoded(draw(7, width=width, height=height))


def expect_in_view(page: Page, *selectors: str) -> None:
    for selector in selectors:
        for place in page.locator(selector).all():
            expect(place).to_be_in_viewport(ratio=0.99)


def test_photo_verdicts_and_all_maps_are_above_the_fold(visit, photo):
    page = visit()
    upload(page, "part.png", photo)
    expect_inspected(page, "part.png")
    assert page.locator("#results .map canvas").count() == 6
    expect_in_view(page, "#results .agreement", "#results img.photograph", "#results .verdict .badge")
    expect_in_view(page, "#results .map canvas")


def test_three_methods_fit_too(visit, photo):
    page = visit()
    upload(page, "part.png", photo)
    expect_inspected(page, "part.png")
    before = page.locator("#results .map canvas").first.bounding_box()["height"]
    page.evaluate(
        """() => { const row = document.querySelector('#results .method-row');
            row.after(row.cloneNode(true));
            row.closest('[data-finding]').style.setProperty('--rows', 3); }"""
    )
    assert page.locator("#results .map canvas").count() == 9
    assert 90 <= page.locator("#results .map canvas").first.bounding_box()["height"] < before
    expect_in_view(page, "#results .map canvas")


def test_a_wide_window_is_used(visit, photo):
    page = visit(viewport={"width": 1920, "height": 1080})
    upload(page, "part.png", photo)
    expect_inspected(page, "part.png")
    wide = page.locator("#results .finding").bounding_box()
    assert wide["x"] + wide["width"] > 1750
    expect_in_view(page, "#results .map canvas")


def test_a_phone_shows_the_finding_after_an_upload_and_the_fused_map_first(visit, photo):
    page = visit(**PHONE)
    expect_in_view(page, "#upload", "#results .agreement")
    name = "a part with a long name, photographed today.png"
    upload(page, name, photo)
    expect_inspected(page, name)
    expect_in_view(page, "#results .agreement")
    expect(page.locator("#results img.photograph")).to_be_in_viewport(ratio=0.99)
    expect(page.locator("#results .verdict .badge").first).to_be_in_viewport(ratio=0.99)
    expect(page.locator("#results .map.fused canvas").first).to_be_in_viewport(ratio=0.99)
    tops = [page.locator(f"#results .map.{key}").first.bounding_box()["y"] for key in ("fused", "local")]
    assert tops[0] < tops[1]
    page.locator("#examples button").last.click()
    page.wait_for_function(
        "dfsc.current() && !document.querySelector('#results .file').textContent.endsWith('today.png')"
    )
    expect_in_view(page, "#results .agreement")


@pytest.mark.parametrize("window", [{}, PHONE], ids=["desk", "phone"])
def test_nothing_jumps_on_arrival_or_with_another_example(visit, window):
    # In which order a busy machine puts gradio's components together differs from one arrival to the next.
    pages = [visit(**window) for _ in range(3)]
    assert sorted(page.evaluate(SHIFTS) for page in pages)[1] < 0.1
    page = pages[-1]
    page.locator("#examples button").last.click()
    expect_inspected(page, page.locator("#examples button").last.get_attribute("data-photo"))
    assert page.evaluate(SHIFTS) < 0.1


def test_a_strip_keeps_the_finding_in_view(visit, draw):
    page = visit()
    files = [
        {"name": f"part {i}.png", "mimeType": "image/png", "buffer": encoded(draw(i, width=200, height=150))}
        for i in range(5)
    ]
    page.locator("#upload input[type=file]").first.set_input_files(files)
    expect(page.locator("#message")).to_contain_text("5 photos inspected in")
    expect(page.locator("#many .photos button").first).to_have_attribute("aria-current", "true")
    expect_in_view(page, "#results .agreement", "#results .map.fused .frame >> nth=0")


def test_verdicts_and_fused_maps_are_beside_the_photo_that_is_drawn_on(visit):
    page = visit()
    beside = page.locator("#results .defect .echo figure")
    expect(beside).to_have_count(2)
    shown = page.locator("#results .method-row .badge").all_inner_texts()
    assert beside.locator(".badge").all_inner_texts() == shown
    page.locator("#results .defect .stage").scroll_into_view_if_needed()
    expect_in_view(page, "#results .defect .stage", "#results .defect .echo canvas")


@pytest.mark.parametrize("window", [{}, PHONE], ids=["desk", "phone"])
def test_what_starts_a_training_and_says_how_far_it_is_stays_in_view(visit, window):
    page = visit(**window)
    page.get_by_role("tab", name="Retrain").click()
    steps = page.locator("#retrain-tab .step h2")
    expect(steps).to_have_text(["1 Your good photos", "2 Settings, and train", "3 Inspect, and keep it"])
    expect_in_view(page, "#train", "#retrain-message .notice")
    expect(page.locator("#stop")).to_be_hidden()
    expect(page.locator("#longer")).to_be_hidden()
    steps.last.scroll_into_view_if_needed()
    page.evaluate("scrollBy(0, 300)")
    page.wait_for_function("scrollY > 100")
    expect_in_view(page, "#train", "#retrain-message .notice")
