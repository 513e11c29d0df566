from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.contestants.protocol import save
from benchmarks.workers import KEEP_MEMORY, Conditions, Worker, WorkerError, processors

CHOICES = {"network": "mlp", "steps": 1, "lr": 0.1, "first_order": False}


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    one = np.ones((1, 1, 1), np.float32)
    path = tmp_path / "problem.npz"
    save(
        path,
        {"w": np.arange(3, dtype=np.float32)},
        dict.fromkeys(("support_x", "support_y", "query_x", "query_y"), one),
    )
    return path


@contextmanager
def loaded(command: list[str], problem: Path, patience: float = 30.0, **choices: Any) -> Iterator[Worker]:
    with Worker(command, Conditions(patience=patience)) as worker:
        worker.ask("load", problem=str(problem), choices=CHOICES | choices)
        yield worker


def test_a_worker_answers_and_what_it_prints_does_no_harm(fake: Callable[..., list[str]], problem: Path) -> None:
    with loaded(fake(), problem, dtype="float64") as worker:
        out = problem.with_name("gradient.npz")
        worker.ask("gradient", out=str(out))
        gradient = np.load(out)["w"]
        assert gradient.tolist() == [0.0, 1.0, 2.0]
        assert gradient.dtype == np.float64
        assert worker.ask("versions")["versions"]["numpy"] == np.__version__
        assert worker.ask("versions")["versions"]["no-such-package"] == "not installed"
        assert all(0.01 <= s < 1 for s in worker.ask("time", iterations=3)["seconds"])
        memory = worker.ask("memory", iterations=1)
        assert 0 < memory["before"] <= memory["first_peak"] < 1e9


def test_an_error_is_told_in_one_line_and_the_worker_lives_on(fake: Callable[..., list[str]], problem: Path) -> None:
    with Worker(fake("refuses"), Conditions(patience=30)) as worker:
        with pytest.raises(WorkerError, match=r"^NotImplementedError: this one does no such thing$"):
            worker.ask("load", problem=str(problem), choices=CHOICES)
        with pytest.raises(WorkerError, match="load a problem first"):
            worker.ask("time", iterations=1)


def test_a_worker_that_dies_leaves_its_last_words(fake: Callable[..., list[str]], problem: Path) -> None:
    with loaded(fake("dies"), problem) as worker:
        with pytest.raises(WorkerError, match="exit code 3: ValueError: the last words"):
            worker.ask("time", iterations=1)
        with pytest.raises(WorkerError, match="the last words"):
            worker.ask("time", iterations=1)


def test_a_worker_that_was_killed_says_by_what(fake: Callable[..., list[str]], problem: Path) -> None:
    with loaded(fake(), problem) as worker:
        worker._process.kill()
        with pytest.raises(WorkerError, match=r"killed by SIGKILL \(out of memory\?\)"):
            worker.ask("time", iterations=1)


def test_a_worker_that_hangs_is_given_up_and_ended(fake: Callable[..., list[str]], problem: Path) -> None:
    with loaded(fake("hangs"), problem) as worker:
        worker.patience = 0.2
        with pytest.raises(WorkerError, match=r"no answer to 'time' within 0\.2 s"):
            worker.ask("time", iterations=1)
        assert worker._process.poll() is not None
        with pytest.raises(WorkerError, match="killed by SIGKILL"):
            worker.ask("time", iterations=1)


def test_garbage_is_no_answer(fake: Callable[..., list[str]], problem: Path) -> None:
    with Worker(fake("garbage"), Conditions(patience=30)) as worker:
        with pytest.raises(WorkerError, match="answered 'load' with something that is no answer: 'hello'"):
            worker.ask("load", problem=str(problem), choices=CHOICES)
        assert worker._process.poll() is not None


def test_a_program_that_is_not_there_is_told(problem: Path) -> None:
    with pytest.raises(WorkerError, match="no-such-python"):
        Worker(["/no-such-python"], Conditions())


def test_all_processes_get_the_same_threads_and_allocator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    plain, keeping = Conditions(threads=2).environ(), Conditions(threads=2, keep_memory=True).environ()
    assert plain["OMP_NUM_THREADS"] == plain["NPROC"] == "2"
    assert not [name for name in plain if name.startswith("MALLOC")]
    assert keeping == plain | KEEP_MEMORY


def test_processors_are_as_many_as_asked_or_refused() -> None:
    assert len(processors(1)) <= 1
    with pytest.raises(ValueError, match="--threads 100000"):
        processors(100_000)
