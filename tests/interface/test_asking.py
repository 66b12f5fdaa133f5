"""Questions come from a browser, so they may be anything."""

import json

import pytest

from dfsc import DFSCError
from dfsc.interface.inspect.defect_view import MAX_STROKES, with_defects
from dfsc.interface.session.asking import Question, question_from
from dfsc.interface.session.photograph import photograph_of
from dfsc.interface.session.settings import Settings


def test_a_question_says_what_it_is_about():
    told = {
        "number": 7,
        "about": {"index": "3", "product": "block"},
        "finding": 5,
        "settings": {"weight": 20, "rejected": 1, "strength": 50},
    }
    question = question_from(json.dumps(told))
    assert question == Question(7, {"index": "3", "product": "block"}, 5, Settings(0.2, 1, 0.5))
    assert question.index == 3


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        "{",
        "[1, 2]",
        "[" * 200_000,
        '{"number": "7", "about": [], "finding": null, "settings": 3}',
        '{"number": -1, "finding": 1e30}',
        '{"number": 99999999999999999999}',
        '{"number": NaN, "settings": {"weight": NaN, "rejected": 0, "strength": 1}}',
        '{"number": ' + "9" * 5000 + "}",
    ],
)
def test_what_is_no_question_is_one_about_nothing(text):
    assert question_from(text) == Question()


@pytest.mark.parametrize("index", [None, 3, "", "-1", "1e3", "٣", "9" * 12])
def test_an_index_is_a_plain_number(index):
    assert Question(about={"index": index}).index is None


@pytest.mark.parametrize(
    "strokes",
    [
        None,
        7,
        "scratch",
        [7],
        [{}],
        [{"tool": "scratch"}],
        [{"tool": "scratch", "points": 3}],
        [{"tool": "scratch", "points": [[0.1, 2]]}],
        [{"tool": "scratch", "points": [[0.1, float("nan")], [0.2, 0.2]]}],
        [{"tool": "paint", "points": [[0.1, 0.1], [0.2, 0.2]]}],
        [{"tool": "erase", "points": [[0.1, 0.1]]}],
        [{"tool": "scratch", "points": [[0.1, 0.1], [0.2, 0.2]]}] * (MAX_STROKES + 1),
    ],
)
def test_strokes_that_are_none_are_refused_with_a_sentence(draw, strokes):
    with pytest.raises(DFSCError):
        with_defects(photograph_of(draw(1), "part.png", uploaded=True), strokes)


def test_strokes_give_the_same_at_once_and_one_by_one(draw):
    whole = photograph_of(draw(1, width=200, height=150), "part.png", uploaded=True)
    lines = [[[0.1, 0.1], [0.5, 0.5]], [[0.8, 0.2], [0.3, 0.9]]]
    strokes = [{"tool": "scratch", "points": line} for line in lines]
    first = with_defects(whole, strokes[:1])
    second = with_defects(first, strokes)
    at_once = with_defects(whole, strokes)
    assert (second.display == at_once.display).all()
    assert (second.display != first.display).any()
    assert (with_defects(second, strokes[:1]).display == first.display).all()
    assert with_defects(second, []) is whole
    assert second.name == first.name == "part.png, with a defect made by hand"
