"""The judgement of a run can fail: each thing that must not be is seen."""

import pytest

from faults.checks import Observer, linearizable, lost_versions, lost_writes, unequal
from faults.history import History, now


def write(value, invoke, end, outcome="ok", kind="write"):
    return {"kind": kind, "key": "k", "invoke": invoke, "return": end, "outcome": outcome, "value": value}


def test_what_was_acknowledged_last_is_there_or_one_that_ran_beside_it():
    history = [write("a", 0, 10), write("b", 20, 30), write("c", 25, 40)]
    assert lost_writes(history, {1: {"k": "b"}, 2: {"k": "c"}}) == []


def test_an_acknowledged_write_that_is_gone_is_seen():
    history = [write("a", 0, 10), write("b", 20, 30)]
    assert "a later write was acknowledged" in lost_writes(history, {1: {"k": "a"}})[0]
    assert "nobody wrote" in lost_writes(history, {1: {"k": None}})[0]
    assert "nobody wrote" in lost_writes(history, {1: {}})[0]


def test_a_value_that_nobody_wrote_or_that_was_refused_is_seen():
    history = [write("a", 0, 10), write("b", 20, 30, "fail", "cas")]
    assert "nobody wrote" in lost_writes(history, {1: {"k": "b"}})[0]


def test_a_write_of_unknown_outcome_may_be_last_at_any_later_time():
    history = [write("a", 0, None, "info"), write("b", 20, 30)]
    assert lost_writes(history, {1: {"k": "a"}, 2: {"k": "b"}}) == []


def test_a_version_that_is_gone_or_another_ones_is_seen():
    publishes = [("k", 1, "first"), ("k", 2, "second")]
    assert lost_versions(publishes, {1: {"k": {1: "first", 2: "second"}}}) == []
    assert len(lost_versions(publishes, {1: {"k": {1: "first"}}})) == 1
    assert len(lost_versions(publishes, {1: {}})) == 2
    assert "took effect twice" in lost_versions(publishes[:1], {1: {"k": {1: "first", 2: "first"}}})[0]
    assert "gap" in lost_versions(publishes[:1], {1: {"k": {1: "first", 3: "third"}}})[0]


def test_members_that_differ_are_seen():
    assert unequal({1: (7, "aa"), 2: (7, "aa")}) == []
    assert unequal({1: (7, "aa"), 2: (7, "ab")})
    assert unequal({1: (7, "aa"), 2: (8, "aa")})
    assert unequal({1: (7, "aa"), 2: (7, "")})


def test_two_leaders_in_a_term_are_seen_and_one_after_the_other_are_elections():
    observer = Observer()
    observer.says(1, 1, term=1, leader=1, applied=5)
    observer.says(2, 1, term=2, leader=2, applied=5)
    assert (observer.elections, observer.problems) == (1, [])
    observer.says(3, 1, term=2, leader=3, applied=5)
    assert "two leaders" in observer.problems[0]


def test_a_member_that_goes_back_is_seen_and_a_new_start_may_begin_lower():
    observer = Observer()
    observer.says(1, 1, term=3, leader=0, applied=9)
    observer.says(1, 2, term=3, leader=0, applied=4)
    assert observer.problems == []
    observer.says(1, 2, term=2, leader=0, applied=5)
    assert "went back" in observer.problems[0]


def test_states_that_differ_at_one_entry_are_seen():
    observer = Observer()
    observer.has(1, 7, b"x")
    observer.has(2, 8, b"y")
    assert observer.problems == []
    observer.has(3, 7, b"z")
    assert "differ at entry 7" in observer.problems[0]


def recorded(directory, last):
    """A history as a run writes it: two writes, one of unknown outcome, a compare-and-set, and reads."""
    history = History(directory)
    history.add(1, "write", "p1/a1", now(), "ok", "1-1", revision=7, node=1)
    history.add(1, "write", "p1/a1", now(), "ok", "1-2", revision=8, node=2)
    history.add(2, "write", "p1/a1", now(), "info", "2-1", node=3)
    history.add(2, "cas", "p1/dev", now(), "ok", "1", None, 9, 1)
    history.add(3, "cas", "p1/dev", now(), "fail", "1", None, node=1)
    history.add(3, "read", "p1/a1", now(), "ok", last, node=3)
    history.close()
    return history.path


def test_a_history_that_is_written_here_is_judged_and_a_stale_read_in_it_is_seen(bin_dir, tmp_path):
    for right in ("1-2", "2-1"):
        assert linearizable(bin_dir, recorded(tmp_path / right, right))["written"] == 3
    for wrong in ("1-1", None, "9-9"):
        with pytest.raises(AssertionError):
            linearizable(bin_dir, recorded(tmp_path / str(wrong), wrong))
