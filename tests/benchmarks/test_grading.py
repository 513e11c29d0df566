"""What a run costs before its first submission is told from what each submission costs."""

import pytest

from benchmarks.grading import FEW, apart
from benchmarks.report import of_grading


def test_a_run_is_its_beginning_and_as_much_again_for_each_submission():
    before, each = 7.0, 0.5
    assert apart(before + FEW * each, before + 44 * each, 44) == pytest.approx((before, each))


def test_the_table_has_the_middle_of_the_rounds_and_how_far_they_lie_apart():
    line = {
        "name": "ours",
        "seconds": [3.0, 1.0, 2.0],
        "before": [5.0, 9.0, 6.0],
        "each": [0.4, 0.5, 0.9],
        "ratio": 0.125,
    }
    sheet = of_grading([line | {"starts": [0.2, 0.1, 0.3], "ratio": 0.125}])
    assert sheet.rows == [["ours", "2.00", "1.00 - 3.00", "0.12", "6.0", "0.50", "0.20"]]
    assert len(sheet.head) == len(sheet.rows[0])
