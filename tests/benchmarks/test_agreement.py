import pytest

from benchmarks.agreement import tolerance_timed


@pytest.mark.parametrize(("own", "tolerance"), [(1e-6, 1e-2), (5e-2, 0.5)])
def test_in_float32_others_may_be_ten_times_as_far_as_the_judge_where_that_is_far(own, tolerance):
    assert tolerance_timed(own) == pytest.approx(tolerance)
