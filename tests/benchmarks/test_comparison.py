import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.agreement import gradient_of, relative_error
from benchmarks.comparison import CEILING, Comparison
from benchmarks.configurations import CONFIGURATIONS, Configuration, write_problem
from benchmarks.contenders import BASE, CONTENDERS, JUDGE, OURS
from benchmarks.floor import multiply_adds
from benchmarks.workers import Conditions, Worker, WorkerError
from metakit.tasks.characters import Characters

Fake = Callable[..., list[str]]


def compare(configuration: Configuration, noise: Characters, commands: dict[str, Any], **others: Any) -> dict[str, Any]:
    comparison = Comparison(commands, Conditions(patience=30), noise, rounds=3, iterations=1, say=str, **others)
    return comparison.run(configuration, [name for name in commands if name != CEILING])


def test_everybody_has_a_row_and_who_fails_has_a_reason_in_place_of_a_time(
    tiny: Configuration, noise: Characters, fake: Fake
) -> None:
    commands = {
        OURS: fake(),
        BASE: fake("slow"),
        JUDGE: fake(),
        "wrong": fake("wrong"),
        "nan": fake("nan"),
        "wrong in float32": fake("wrong-in-float32"),
        "another shape": fake("another-shape"),
        "refuses": fake("refuses"),
        "dies": fake("dies"),
        "garbage": fake("garbage"),
        "missing": "not installed: ERROR: no such package",
        CEILING: fake(),
    }
    result = compare(tiny, noise, commands, memory_iterations=1)
    rows = result["rows"]
    assert list(rows) == [name for name in commands if name != CEILING]
    assert {name: row.get("failed") for name, row in rows.items()} == {
        OURS: None,
        BASE: None,
        JUDGE: None,
        "wrong": "another gradient: relative error 1.0e-01",
        "nan": "another gradient: relative error nan",
        "wrong in float32": "another gradient in float32: relative error 1.0e-01",
        "another shape": "its gradient is not of the same parameters",
        "refuses": "NotImplementedError: this one does no such thing",
        "dies": "ended with exit code 3: ValueError: the last words",
        "garbage": "answered 'load' with something that is no answer: 'hello'",
        "missing": "not installed: ERROR: no such package",
    }
    assert {name for name, row in rows.items() if "ms" in row or "ratio" in row} == {OURS, BASE, JUDGE}
    assert rows["wrong"]["error"] == pytest.approx(0.1)
    assert len(rows[OURS]["rounds_ms"]) == 3
    assert 0.3 < rows[OURS]["ratio"]["median"] < 0.8  # 10 ms to 20
    assert rows[BASE]["ratio"]["median"] == 1
    assert rows[OURS]["memory"]["before"] > 0
    assert rows[OURS]["versions"]["numpy"] == np.__version__
    assert result["multiply_adds"] == multiply_adds(tiny)
    assert rows[OURS]["of_floor"] == pytest.approx(result["floor_ms"] / rows[OURS]["ms"])
    assert result["floor_ms"] == pytest.approx(1e3 * multiply_adds(tiny) / result["peak_per_s"])


def test_metakit_is_held_to_the_plain_loop_and_the_others_to_metakit(
    tiny: Configuration, noise: Characters, fake: Fake
) -> None:
    commands = {OURS: fake("wrong"), JUDGE: fake(), BASE: fake("wrong"), CEILING: fake()}
    rows = compare(tiny, noise, commands, memory_iterations=0)["rows"]
    assert rows[OURS]["failed"] == "another gradient: relative error 1.0e-01"
    assert rows[JUDGE]["failed"].startswith("another gradient")
    assert rows[BASE]["error"] == 0


def test_without_the_plain_loop_metakit_is_not_checked_and_gets_no_time(
    tiny: Configuration, noise: Characters, fake: Fake
) -> None:
    rows = compare(tiny, noise, {OURS: fake(), BASE: fake(), CEILING: fake()}, memory_iterations=0)["rows"]
    assert rows[OURS]["failed"] == f"not checked: there is no gradient of {JUDGE} to hold it to"
    assert "ms" not in rows[OURS]
    assert "ms" in rows[BASE]


def test_the_error_is_of_the_whole_vector() -> None:
    reference = {"a": np.array([3.0, 0.0]), "b": np.array([[4.0]])}
    assert relative_error({"a": np.array([3.0, 1.0]), "b": np.array([[4.0]])}, reference) == pytest.approx(0.2)
    with pytest.raises(WorkerError, match="same parameters"):
        relative_error({"a": reference["a"]}, reference)


def test_a_small_problem_keeps_its_steps_and_its_kind() -> None:
    small = CONFIGURATIONS["D-first"].small()
    assert (small.n_tasks, small.n_query, small.steps, small.n_way, small.first_order) == (3, 1, 5, 20, True)


@pytest.fixture(scope="module")
def gradients(noise: Characters, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, np.ndarray]]:
    """What the real programs answer on a real problem, second order; and one that answers first order instead."""
    folder = tmp_path_factory.mktemp("gradients")
    configuration = Configuration("real", n_tasks=2, n_way=2, k_shot=1, steps=2, n_query=1)
    problem = write_problem(configuration, noise, folder)
    found = {}
    for name, first_order in [
        (OURS, False),
        (JUDGE, False),
        ("torch.func", False),
        ("torch.func, norm by hand", False),
        ("FOMAML", True),
    ]:
        contender = CONTENDERS[JUDGE if first_order else name]
        command = [sys.executable, "-m", f"benchmarks.contestants.{contender.program}", *contender.arguments]
        choices = configuration.choices(dtype="float64") | {"first_order": first_order}
        with Worker(command, Conditions(patience=120)) as worker:
            found[name] = gradient_of(worker, problem, choices, folder / "gradient.npz")
            assert worker.ask("time", iterations=1)["seconds"][0] > 0
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", [OURS, "torch.func, norm by hand"])
def test_the_real_ones_have_one_gradient(gradients: dict[str, Any], name: str) -> None:
    assert relative_error(gradients[name], gradients[JUDGE]) < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("name", ["FOMAML", "torch.func"])
def test_fomaml_and_vmapped_batch_norm_have_another(gradients: dict[str, Any], name: str) -> None:
    assert relative_error(gradients[name], gradients[JUDGE]) > 1e-4


def test_the_start_and_the_tasks_are_metakits(tiny: Configuration, noise: Characters, tmp_path: Path) -> None:
    arrays = np.load(write_problem(tiny, noise, tmp_path))
    phi = tiny.model.init(0)
    assert all(np.array_equal(arrays[f"phi/{name}"], weight) for name, weight in phi.items())
    assert arrays["support_x"].shape == (2, 2, 1, 28, 28)
    assert arrays["query_y"].shape == (2, 2)
