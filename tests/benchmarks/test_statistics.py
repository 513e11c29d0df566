from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.statistics import interleave, ratios
from benchmarks.workers import WorkerError


class Clockwork:
    """Takes the seconds it is told to, and writes down when it was its turn."""

    def __init__(self, name: str, seconds: list[float], turns: list[str], fails_at: int = -1) -> None:
        self.name, self.seconds, self.turns, self.left = name, seconds, turns, fails_at

    def ask(self, do: str, iterations: int) -> dict[str, Any]:
        self.turns.append(self.name)
        if self.left == 0:
            raise WorkerError("broke")
        self.left -= 1
        assert (do, iterations) == ("time", len(self.seconds))
        return {"seconds": self.seconds}


@pytest.fixture
def clockworks() -> Callable[..., tuple[dict[str, Any], list[str]]]:
    def make(**fails_at: int) -> tuple[dict[str, Any], list[str]]:
        turns: list[str] = []
        made = {name: Clockwork(name, [9.0, 1.0, 2.0, 6.0], turns, fails_at.get(name, -1)) for name in "abcd"}
        return made, turns

    return make


def test_each_has_one_turn_in_each_round_in_an_order_that_changes(clockworks: Callable[..., Any]) -> None:
    workers, turns = clockworks()
    interleave(workers, rounds=6, iterations=3)
    rounds = [tuple(turns[i : i + 4]) for i in range(0, 24, 4)]
    assert all(sorted(one) == list("abcd") for one in rounds)
    assert len(set(rounds)) > 3


def test_a_turn_is_the_median_without_the_first_in_milliseconds(clockworks: Callable[..., Any]) -> None:
    times, failed = interleave(clockworks()[0], rounds=2, iterations=3)
    assert times == {name: [2000.0, 2000.0] for name in "abcd"}
    assert failed == {}


def test_who_fails_is_left_out_with_the_reason_and_the_others_go_on(clockworks: Callable[..., Any]) -> None:
    workers, turns = clockworks(b=2)
    times, failed = interleave(workers, rounds=5, iterations=3)
    assert failed == {"b": "broke"}
    assert [len(times[name]) for name in "abcd"] == [5, 2, 5, 5]
    assert turns.count("b") == 3


def test_a_ratio_is_the_median_of_the_rounds_ratios_and_not_of_the_times() -> None:
    times = {"base": [1.0, 10.0, 100.0], "mine": [2.0, 50.0, 100.0]}
    assert ratios(times, "mine", "base") == {"median": 2.0, "min": 1.0, "max": 5.0}
    assert ratios(times, "base", "base") == {"median": 1.0, "min": 1.0, "max": 1.0}


def test_there_is_no_ratio_without_both() -> None:
    assert ratios({"base": [1.0, 2.0], "mine": [1.0]}, "mine", "base") is None
    assert ratios({"base": [1.0]}, "mine", "base") is None
    assert ratios({"mine": [1.0]}, "mine", "base") is None
