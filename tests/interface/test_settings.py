"""What a browser tells about sliders and clicks is checked like any other input."""

import pytest

from dfsc.interface.inspect.probing import place_from
from dfsc.interface.session.settings import Settings, most_rejected, settings_from
from dfsc.interface.wording import told_apart


def test_settings_come_in_percent():
    event = {"weight": 30, "rejected": 2, "strength": 86}
    assert settings_from(event) == Settings(0.3, 2, 0.86)
    for settings in (Settings(), Settings(0.35, 1, 0.29, partner=False)):
        assert settings_from(settings.record()) == settings


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"weight": "30", "rejected": 0, "strength": 1},
        {"weight": float("nan"), "rejected": 0, "strength": 1},
        {"weight": 101, "rejected": 0, "strength": 1},
        {"weight": 1, "rejected": -1, "strength": 1},
    ],
)
def test_settings_that_are_none_are_not_taken(told):
    assert settings_from(told) is None


@pytest.mark.parametrize("at", [None, "ab", [0.5], [0.1, 2], [0.1, float("nan")], [0.1, None], {"x": 1}])
def test_places_that_are_none_are_not_taken(at):
    assert place_from(at) is None
    assert place_from([0.25, 1]) == (0.25, 1.0)


def test_a_limit_gives_up_a_quarter_of_the_good_parts_at_most_as_on_the_page(demo_detectors, draw):
    from dfsc import Inspector

    inspection = Settings(0.5, 99).applied(Inspector(demo_detectors).inspect(draw(3)))
    assert most_rejected(inspection.results) == 2
    for result in inspection.results:
        assert result.threshold == sorted(result.good.scores())[-3]


@pytest.mark.parametrize(
    ("score", "limit", "told"),
    [
        (0.1234, 0.4, ("0.12", "0.40")),
        (0.2013, 0.1987, ("0.201", "0.199")),
        (-0.15994, -0.16003, ("−0.1599", "−0.1600")),
        (0.2, 0.2, ("0.2000", "0.2000")),
    ],
)
def test_a_score_beside_its_limit_shows_which_is_higher(score, limit, told):
    assert told_apart(score, limit) == told
