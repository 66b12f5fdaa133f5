"""The load's visitors against the running page: their answers are their own, and one of another's would be noticed."""

import itertools
import json
from dataclasses import replace
from functools import partial
from threading import Event, Timer
from urllib.request import urlopen

import pytest

from dfsc.benchmarks.load.client import AnswerError, LeftError, Session, functions_of
from dfsc.benchmarks.load.marked import marked_photographs
from dfsc.benchmarks.load.running import Load, Watched, is_sound, report
from dfsc.benchmarks.load.visitors import Tally, Visitor, inspect_as_program


@pytest.fixture
def connect(address):
    with urlopen(f"{address}config") as answer:
        return partial(Session, address, functions_of(json.loads(answer.read())))


@pytest.fixture
def pictures(address):
    return marked_photographs(4, seed=0)


def inspected(connect, pictures, program: bool, slow: bool = False, leaves: bool = False) -> Tally:
    """What a visitor counts until they have inspected four photographs."""
    tally, stop = Tally(), Event()
    visitor = Visitor(1, partial(connect, slow=slow), pictures, program, slow, leaves, pause=0.0)
    counted = tally.inspected

    def count(phase: str, seconds: float) -> None:
        counted(phase, seconds)
        if tally.inspections == 4:
            stop.set()

    tally.inspected, wrong = count, tally.wrong
    tally.wrong = lambda error: (wrong(error), stop.set())
    visitor.inspect(tally, stop)
    return tally


@pytest.mark.parametrize("program", [False, True], ids=["page", "program"])
def test_each_answer_belongs_to_its_question(connect, pictures, program):
    tally = inspected(connect, pictures, program, slow=program)
    assert (tally.inspections, tally.errors, tally.mixed) == (4, [], [])


@pytest.mark.parametrize("program", [False, True], ids=["page", "program"])
def test_an_answer_of_another_photograph_is_a_mix_up(connect, pictures, program):
    first, second = pictures[0], pictures[2]
    assert first.product == second.product
    tally = inspected(connect, [replace(first, scores=second.scores, maps=second.maps)], program)
    assert (len(tally.mixed), tally.errors) == (1, [])
    assert not is_sound(tally, Watched())


def test_whoever_leaves_in_the_middle_is_gone_and_no_error(connect, pictures):
    session = connect()
    file = session.upload("a.jpg", pictures[0].named("a"))
    session.leave(abruptly=True)
    with pytest.raises(LeftError):
        session.ask("inspect", file, pictures[0].product)
    other, sent = connect(), itertools.count()
    Timer(0.2, other.leave).start()
    with pytest.raises(LeftError):
        [inspect_as_program(other, f"{number}.jpg", pictures[0]) for number in sent]


def test_what_the_page_refuses_is_an_error_in_its_own_words(connect):
    session = connect()
    file = session.upload("letter.jpg", b"Dear Sir")
    with pytest.raises(AnswerError, match="is not an image that can be read"):
        session.ask("inspect", file, "toy_block", 0.5, 0, False)


def test_figures_are_told_with_what_is_left():
    tally = Tally()
    for seconds in (0.1, 0.2, 0.3):
        tally.inspected("inspecting alone", seconds)
    lines = [(second, 500.0 + second, 9, 0, second) for second in range(5)]
    told = report(Load(visitors=2, minutes=1), tally, Watched(lines, left=(510.0, 8, ["x/a.jpg"])))
    assert "0 errors, 0 mix-ups" in told
    assert "| inspecting alone | 3 | 0.20 |" in told
    assert "510 MB, 8 open files, 1 files on disk (x/a.jpg)" in told
