import copy
from pathlib import Path
from typing import Any

import pytest

from benchmarks import readme
from benchmarks.readme import README, key, put
from benchmarks.report import of_configuration, of_episodes, of_scaling

MEASURED: dict[str, Any] = {
    "configuration": "B",
    "title": "B: 5-way",
    "multiply_adds": 4_000_000_000,
    "peak_per_s": 2e11,
    "floor_ms": 20.0,
    "rows": {
        "metakit": {
            "error": 3e-15,
            "ms": 123.4,
            "ratio": {"median": 0.104, "min": 0.09, "max": 0.21},
            "of_floor": 0.162,
            "first_s": 2.34,
            "memory": {"before": 300 << 20, "first_peak": 512 << 20, "peak": 450 << 20},
        },
        "learn2learn": {"error": 1e-15, "failed": "not built | no compiler"},
    },
}
RESULT: dict[str, Any] = {
    "kind": "maml",
    "command": "python -m benchmarks maml",
    "machine": {
        "cpu": "a processor",
        "gpu": "a GPU",
        "cores": 2,
        "system": "Linux x86_64",
        "python": "3.11.7",
        "commit": "abc",
        "date": "2026-11-22 01:00 UTC",
    },
    "conditions": {"device": "cpu", "threads": 2, "keep_memory": False},
    "data": "tasks from glyphs",
    "versions": {"torch": "2.13.0"},
    "configurations": [MEASURED],
}


def test_a_row_holds_the_numbers_of_the_result() -> None:
    sheet = of_configuration(MEASURED)
    assert sheet.title == "B: 5-way (floor 20.0 ms: 4.00 G multiply-adds at the measured 200 G/s)"
    assert sheet.rows[0] == ["metakit", "123", "0.10", "0.09 - 0.21", "16 %", "2.3", "512", "150", "3e-15"]


def test_the_floor_is_set_beside_the_base_and_beside_second_order() -> None:
    measured = copy.deepcopy(MEASURED) | {"of_second_order": 0.894}
    measured["rows"]["learn2learn"] |= {"ms": 100.0, "first_s": 1.0}
    floor = "floor 20.0 ms, 0.20 of learn2learn: 4.00 G multiply-adds, 89 % of second order's, at the measured 200 G/s"
    assert of_configuration(measured).title == f"B: 5-way ({floor})"


def test_who_failed_has_the_reason_and_the_error_but_no_ratio() -> None:
    row = of_configuration(MEASURED).rows[1]
    assert row == ["learn2learn", "not built | no compiler", "", "", "", "", "", "", "1e-15"]


def test_growth_stands_beside_the_growth_of_the_number() -> None:
    line = {"name": "metakit", "what": "steps", "numbers": [1, 2, 5], "ms": [10.0, 18.0, 45.0]}
    assert of_scaling([line]).rows[0][2:] == ["1: 10.0, 2: 18.0, 5: 45.0", "1.80 of 2, 2.50 of 2.5"]
    assert of_scaling([{"name": "x", "what": "steps", "failed": "broke"}]).rows[0] == ["x", "steps", "broke", ""]


def test_episodes_are_told_in_tasks_a_second() -> None:
    line = {"name": "metakit", "rounds": [900.0, 1000.0, 1300.0], "tasks_per_s": 1000.0, "ratio": 12.34}
    assert of_episodes([line]).rows == [["metakit", "1000", "900 - 1300", "12.3"]]


def test_the_readme_says_what_was_measured_on_what_and_keeps_the_rest() -> None:
    before = "top\n<!-- measured: maml cpu -->\nold\n<!-- end -->\nmiddle\n<!-- measured: maml cuda -->\n<!-- end -->\n"
    after = put(before, RESULT)
    assert "old" not in after
    assert after.startswith("top\n<!-- measured: maml cpu -->\n")
    assert after.endswith("<!-- end -->\nmiddle\n<!-- measured: maml cuda -->\n<!-- end -->\n")
    assert "| metakit | 123 | 0.10 | 0.09 - 0.21 | 16 % | 2.3 | 512 | 150 | 3e-15 |" in after
    assert "not built \\| no compiler" in after
    for said in (
        "a processor, 2 cores, 2 threads",
        "torch 2.13.0",
        "glyphs",
        "abc",
        "2026-11-22",
        "`python -m benchmarks",
    ):
        assert said in after
    assert put(after, RESULT) == after


def test_each_kind_has_its_own_place_and_a_result_without_one_is_refused() -> None:
    keeping = copy.deepcopy(RESULT)
    keeping["conditions"] |= {"keep_memory": True, "device": "cuda"}
    assert key(keeping) == "maml cuda keep-memory"
    with pytest.raises(ValueError, match="measured: maml cuda keep-memory"):
        put("<!-- measured: maml cpu -->\n<!-- end -->", keeping)


def test_the_readme_has_places_and_no_number_outside_them() -> None:
    text = README.read_text()
    for place in ("maml cpu", "maml cpu keep-memory", "maml cuda", "episodes cpu", "episodes cuda"):
        assert text.count(f"<!-- measured: {place} -->") == 1
    assert "| metakit |" not in _outside(text)


def _outside(text: str) -> str:
    pieces = text.split("<!-- measured: ")
    return pieces[0] + "".join(piece.partition("<!-- end -->")[2] for piece in pieces[1:])


def test_the_file_beside_the_module_is_meant() -> None:
    assert Path(readme.__file__).parent == README.parent
