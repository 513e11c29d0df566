import pytest

from benchmarks import answers
from benchmarks.answers import measure_answers


@pytest.mark.slow
def test_every_kind_of_answer_is_waited_for_and_timed():
    rows = measure_answers(rounds=2)
    assert [row["name"] for row in rows] == [
        "a curve, three starts",
        "a curve, six starts",
        "a curve, a student's function beside MAML",
        "an episode, three starts",
        "an episode, six starts",
    ]
    for row in rows:
        assert len(row["ms"]) == 2
        assert all(1 < ms < 60_000 for ms in row["ms"])
        assert {"torch", "anywidget"} <= row["versions"].keys()


@pytest.mark.slow
def test_a_failure_is_no_answer(monkeypatch):
    monkeypatch.setattr(answers, "CURVE", {**answers.CURVE, "phase": "north"})
    with pytest.raises(RuntimeError, match="a curve, three starts: the widget was to answer, but said: "):
        measure_answers(rounds=1)
