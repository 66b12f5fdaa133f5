"""What a page leaves behind for its browser, and to whom it is given."""

from threading import Barrier, Thread
from types import SimpleNamespace

import pytest

from dfsc.inspection.history import Inspected
from dfsc.interface.session import visitors
from dfsc.interface.session.asking import Question
from dfsc.interface.session.visitors import Pair, forget, visitor, welcome

HANGS = 60
BROWSER, OTHER = "0" * 31 + "a", "0" * 31 + "b"


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    monkeypatch.setattr(visitors, "_visitors", type(visitors._visitors)())
    monkeypatch.setattr(visitors, "_left", type(visitors._left)())


def arrive(session: str, browser: object):
    request = SimpleNamespace(session_hash=session)
    known = visitor(request)
    welcome(known, browser)
    return known, request


def with_pair(session: str, browser: object, detectors):
    known, request = arrive(session, browser)
    known.trainings = 2
    known._take([Pair("own_2", tuple(detectors))])
    return known, request


def test_a_pair_is_there_after_a_reload_in_the_same_browser_and_in_no_other(demo_detectors):
    _, request = with_pair("one", BROWSER, demo_detectors)
    forget(request)
    other, _ = arrive("two", OTHER)
    assert other.detectors == []
    again, _ = arrive("three", BROWSER)
    assert again.detectors == list(demo_detectors)
    assert again.trainings == 2  # so that the next pair gets a name of its own


def test_a_reload_that_is_noticed_late_brings_the_pair_too(demo_detectors):
    with_pair("one", BROWSER, demo_detectors)
    again, _ = arrive("two", BROWSER)
    assert again.detectors == list(demo_detectors)


def test_after_an_hour_the_pair_is_gone(demo_detectors, monkeypatch):
    monkeypatch.setattr(visitors, "HOUR", 0.0)
    _, request = with_pair("one", BROWSER, demo_detectors)
    forget(request)
    visitors.forget_expired()
    assert not visitors._left
    assert arrive("two", BROWSER)[0].detectors == []


@pytest.mark.parametrize("browser", [None, "", "short", 7, BROWSER.upper(), BROWSER + "\n", ["0" * 32]])
def test_a_browser_without_a_proper_name_leaves_nothing(demo_detectors, browser):
    _, request = with_pair("one", browser, demo_detectors)
    forget(request)
    assert not visitors._left


def test_an_answer_that_was_overtaken_is_not_taken():
    known, _ = arrive("one", None)
    first, second = Question(number=1), Question(number=2)
    assert known.asks(first)
    assert known.asks(second)
    assert not known.still_asks(first)
    assert not known.shows(first, SimpleNamespace(number=1))
    assert known.finding is None
    assert known.shows(second, SimpleNamespace(number=2))
    assert known.finding_for(Question(number=2, finding=2)).number == 2
    assert known.finding_for(Question(number=2, finding=1)) is None
    assert not known.asks(first)


def part(name: str) -> Inspected:
    return Inspected("block", name, "reject", (), {}, b"")


def test_a_history_is_there_after_a_reload_in_the_same_browser_and_in_no_other(monkeypatch):
    known, request = arrive("one", BROWSER)
    known.feedback.history.add(part("mine.jpg"))
    early, _ = arrive("two", BROWSER)  # before the old page is noticed to be gone
    forget(request)
    late, _ = arrive("three", BROWSER)
    other, _ = arrive("four", OTHER)
    names = [[entry.photograph for entry in one.feedback.history.entries()] for one in (early, late, other)]
    assert names == [["mine.jpg"], ["mine.jpg"], []]


def test_a_page_that_asks_twice_at_once_takes_its_history_back_once(monkeypatch):
    known, request = arrive("one", BROWSER)
    known.feedback.history.add(part("mine.jpg"))
    forget(request)
    both = Barrier(2)
    monkeypatch.setattr(visitors, "forget_expired", lambda: both.wait(HANGS))
    late = visitor(SimpleNamespace(session_hash="two"))
    asking = [Thread(target=welcome, args=(late, BROWSER)) for _ in range(2)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(HANGS)
    assert [entry.photograph for entry in late.feedback.history.entries()] == ["mine.jpg"]


def test_on_ones_own_machine_a_history_outlives_its_visitors(monkeypatch, tmp_path):
    monkeypatch.setenv("DFSC_HOME", str(tmp_path / "home"))
    known, request = arrive("one", BROWSER)
    known.feedback.history.add(part("mine.jpg"))
    forget(request)
    visitors._left.clear()
    again, other, unnamed = (arrive(str(name), name)[0] for name in (BROWSER, OTHER, None))
    assert [entry.photograph for entry in again.feedback.history.entries()] == ["mine.jpg"]
    assert other.feedback.history.entries() == unnamed.feedback.history.entries() == []


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"marks": 7, "joins": "block"},
        {"marks": {"1": "great", "x": "good", "9" * 30: "bad", "٣": "good"}, "joins": {"block": 1, "b" * 300: True}},
    ],
)
def test_what_a_browser_says_of_parts_is_checked(said):
    known, _ = arrive("one", BROWSER)
    known.feedback.history.add(part("mine.jpg"))
    known.feedback.take(said)
    assert known.feedback.history.entries()[0].mark == ""
    assert not known.feedback.history.joins("block")
