"""What is remembered of inspections, for whom, how long, and what follows from what people say of them."""

import csv
import io
import sqlite3
from dataclasses import replace

import numpy as np
import pytest

from dfsc import DFSCError, Inspector
from dfsc.inspection import history as histories
from dfsc.inspection.feedback import joined
from dfsc.inspection.history import History, Inspected, Score, history_csv, reject_rates
from dfsc.models.calibration import RawMaps


def maps(value: float) -> RawMaps:
    return RawMaps(*(np.full((56, 56), value + branch, np.float16) for branch in (0, 1)))


def part(name: str, verdict: str = "reject", product: str = "block", **other) -> Inspected:
    scores = (Score("block-ead-s", "EAD-S", verdict, 0.5, 0.25),)
    known = {"sha256:one": maps(1), "sha256:two": maps(2)}
    fields = {"maps": known, "thumbnail": b"small", "photo": (b"photo", b"network")}
    return Inspected(product, name, verdict, scores, **(fields | other))


@pytest.fixture(params=["memory", "file"])
def history(request, tmp_path) -> History:
    return History.in_memory() if request.param == "memory" else History.in_file(tmp_path / "h.sqlite", "me")


def test_the_latest_comes_first_with_all_that_was_said(history):
    history.add(part("one.jpg", time=100.0))
    number = history.add(part("two.jpg", "accept", time=160.5))
    latest, earlier = history.entries()
    assert (latest.number, latest.photograph, latest.verdict, latest.mark) == (number, "two.jpg", "accept", "")
    assert latest.scores == (Score("block-ead-s", "EAD-S", "accept", 0.5, 0.25),)
    assert (latest.thumbnail, latest.moment.isoformat()) == (b"small", "1970-01-01T00:02:40.500000+00:00")
    assert (earlier.has_photo, latest.has_photo) == (True, False)
    assert history.photo(earlier.number) == ("block", "one.jpg", b"photo", b"network")
    assert history.photo(latest.number) is None
    assert history.entries("plate") == []


def test_a_mark_is_set_and_taken_back(history):
    first, second = history.add(part("a")), history.add(part("b"))
    history.mark(first, "good")
    history.mark(second, "bad")
    history.mark(999, "good")
    assert history.numbers("block", "good") == (first,)
    marked = history.marked("block", "bad", ["sha256:two", "sha256:one"])
    assert [one.local[0, 0] for one in marked[second]] == [2, 1]
    assert history.marked("block", "bad", ["sha256:three"]) == {}
    history.mark(first, "")
    assert history.numbers("block", "good") == ()
    with pytest.raises(DFSCError):
        history.mark(first, "great")


def test_a_photo_that_is_inspected_again_counts_once_a_product(history):
    number = history.add(part("a", digest="sha256:x"))
    assert history.add(part("a", digest="sha256:x")) == number
    assert history.add(part("a", digest="sha256:x", product="plate")) != number
    assert history.add(part("frame")) != history.add(part("frame"))
    assert len(history.entries()) == 4


def test_it_is_bounded_and_drops_what_is_marked_last(history, monkeypatch):
    monkeypatch.setattr(history, "_most", 3)
    monkeypatch.setattr(histories, "MOST_PHOTOS", 1)
    first = history.add(part("0"))
    history.mark(first, "bad")
    for name in "1234":
        history.add(part(name))
    assert [entry.photograph for entry in history.entries()] == ["4", "3", "0"]
    assert [entry.has_photo for entry in history.entries()] == [True, False, False]


def test_a_file_is_there_after_a_restart_and_shows_each_only_their_own(tmp_path):
    file = tmp_path / "h.sqlite"
    mine, yours = History.in_file(file, "me"), History.in_file(file, "you")
    number = mine.add(part("mine.jpg"))
    other = yours.add(part("yours.jpg"))
    mine.mark(number, "good")
    mine.mark(other, "bad")
    mine.join("block", True)
    assert yours.entries()[0].mark == ""
    assert not yours.joins("block")
    assert mine.photo(other) is None
    mine.close()
    again = History.in_file(file, "me")
    assert [(entry.photograph, entry.mark) for entry in again.entries()] == [("mine.jpg", "good")]
    assert again.joins("block")
    again.clear()
    assert again.entries() == []
    assert not again.joins("block")
    assert [entry.photograph for entry in yours.entries()] == ["yours.jpg"]
    assert sqlite3.connect(file).execute("pragma journal_mode").fetchone() == ("wal",)


def test_what_is_no_history_is_named_in_a_sentence(tmp_path):
    file = tmp_path / "history.sqlite"
    file.write_bytes(b"Dear Sir or Madam, " * 100)
    with pytest.raises(DFSCError, match=r"history.sqlite can't be used"):
        History.in_file(file, "me")


def test_rates_count_verdicts_in_equal_spans():
    made = History.in_memory()
    for moment, verdict in ((0, "accept"), (10, "reject"), (15, "foreign"), (30, "accept"), (40, "reject")):
        made.add(part(str(moment), verdict, time=float(moment)))
    rates = reject_rates(made.entries(), most=2)
    assert [(rate.start, rate.end, rate.inspected, rate.rejected) for rate in rates] == [(0, 20, 2, 1), (20, 40, 2, 1)]
    assert reject_rates([]) == []
    assert [rate.inspected for rate in reject_rates(made.entries()[:1])] == [1]


def test_a_spreadsheet_has_a_line_a_part_and_detector_and_no_formula(history):
    history.add(part("=1+1.jpg", time=0.0))
    history.mark(history.entries()[0].number, "good")
    (row,) = csv.DictReader(io.StringIO(history_csv(history.entries())))
    assert (row["photograph"], row["time"], row["marked"]) == ("'=1+1.jpg", "1970-01-01T00:00:00+00:00", "good")
    assert (row["detector"], row["its verdict"], row["score"], row["limit"]) == (
        *("block-ead-s", "reject", "0.5000", "0.2500"),
    )


def test_a_part_called_good_moves_the_limit_as_computed_by_hand(tiny_detectors, draw):
    inspector = Inspector(tiny_detectors)
    rejected = inspector.inspect(draw(50, missing=[1], scratch=True))
    with_it = inspector.variant(dict(enumerate(joined(tiny_detectors, [[result.raw for result in rejected.results]]))))
    for detector, after, result in zip(tiny_detectors, with_it.detectors, rejected.results, strict=True):
        # By hand, without a scale of positions: nine maps of a branch, its quantiles to 0 and 0.1, the mean of both,
        # the highest cell, and 2 % for rounding.
        mean = np.zeros((9, 56, 56))
        for branch in ("local", "global_"):
            stack = np.concatenate([getattr(result.raw, branch)[None], getattr(detector.calibration.good, branch)])
            low, high = np.quantile(stack.astype(np.float64), (0.9, 0.995))
            mean += (stack - low) * 0.1 / (high - low) / 2
        highest = mean.max(axis=(1, 2)).max()
        by_hand = highest + 0.02 * max(abs(highest), 0.1)
        assert after.calibration.good_parts.threshold() == pytest.approx(by_hand, rel=1e-3)
    again = with_it.inspect(rejected.image)
    assert [result.verdict for result in again.results] != ["reject", "reject"]
    assert all(result.score <= result.threshold for result in again.results)


def test_detectors_that_the_same_parts_have_joined_go_together_and_with_no_others(tiny_detectors, draw):
    detectors = [replace(d, config=replace(d.config, held_out="sha256:a")) for d in tiny_detectors]
    inspector = Inspector(detectors)
    raw = [[result.raw for result in inspector.inspect(draw(seed)).results] for seed in (60, 61)]
    one, other = joined(detectors, raw[:1]), joined(detectors, raw)
    digests = {detector.config.held_out for detector in (*detectors, *one, *other)}
    assert len(digests) == 3
    assert one[0].config.held_out == one[1].config.held_out
    assert joined(detectors, []) == detectors
    # The part is the first of both, so that each good part is judged by both detectors on the same photo.
    np.testing.assert_array_equal(one[0].calibration.good.local[0], raw[0][0].local)


def test_judging_kept_maps_is_like_inspecting_again(tiny_detectors, draw):
    inspector = Inspector(tiny_detectors)
    found = inspector.inspect(draw(70, scratch=True)).results
    judged = inspector.judge([result.raw for result in found])
    assert [(r.title, r.score, r.verdict) for r in judged] == [(r.title, r.score, r.verdict) for r in found]


def test_some_of_the_detectors_find_what_they_find_among_all(tiny_detectors, draw):
    inspector = Inspector(tiny_detectors)
    alone = inspector.variant({1: inspector.detectors[1]})
    picture = draw(71)
    (one,), both = alone.inspect(picture).results, inspector.inspect(picture).results
    assert (one.detector, one.score) == (both[1].detector, both[1].score)
    assert alone.identities == inspector.identities[1:]
