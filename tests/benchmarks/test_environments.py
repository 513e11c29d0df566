import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import app
from benchmarks.contenders import CONTENDERS
from benchmarks.environments import HERE, NotInstalled, last_error, python_of

PEER = CONTENDERS["learn2learn"]


def stand_in(root: Path, script: str) -> Path:
    """Put a shell script where an environment's Python is."""
    python = root / "torch" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return python


def test_who_needs_nothing_runs_in_our_own_python() -> None:
    assert python_of(CONTENDERS["metakit"], {}) == sys.executable


def test_an_interpreter_that_is_given_is_taken_as_it_is(tmp_path: Path) -> None:
    assert python_of(PEER, {"torch": "/some/python"}, root=tmp_path) == "/some/python"
    assert list(tmp_path.iterdir()) == []


def test_an_installation_that_fails_is_told_by_its_last_error_and_tried_again(tmp_path: Path) -> None:
    stand_in(tmp_path, "echo 'ERROR: no matching distribution' >&2; echo 'note: see above' >&2; exit 1")
    for _ in range(2):
        with pytest.raises(NotInstalled, match=r"^ERROR: no matching distribution$"):
            python_of(PEER, {}, root=tmp_path)


def test_an_installation_is_made_once_and_again_when_the_requirements_change(tmp_path: Path) -> None:
    python = stand_in(tmp_path, f'echo "$PIP_CONSTRAINT $@" >> {tmp_path}/calls')
    assert python_of(PEER, {}, root=tmp_path) == python_of(PEER, {}, root=tmp_path) == str(python)
    calls = (tmp_path / "calls").read_text().splitlines()
    files = str(HERE / "requirements" / "learn2learn")
    assert calls == [
        f" -m pip install -r {files}.txt",
        f"{files}.build.txt -m pip install --no-deps -r {files}.no-deps.txt",
    ]
    (tmp_path / "torch" / "learn2learn.installed").write_text("of other requirements")
    python_of(PEER, {}, root=tmp_path)
    assert len((tmp_path / "calls").read_text().splitlines()) == 4


def test_on_cuda_the_requirements_for_cuda_are_taken(tmp_path: Path) -> None:
    stand_in(tmp_path, f'echo "$@" >> {tmp_path}/calls')
    (tmp_path / "torch").rename(tmp_path / "jax")
    python_of(CONTENDERS["JAX"], {}, cuda=True, root=tmp_path)
    assert (tmp_path / "calls").read_text().strip().endswith("jax-cuda.txt")


def test_every_peer_has_exact_versions_and_torch_is_ours() -> None:
    constraints = (HERE.parent / "constraints.txt").read_text().splitlines()
    files = {contender.requirements for contender in CONTENDERS.values() if contender.requirements}
    for name in files:
        lines = [line for line in (HERE / "requirements" / f"{name}.txt").read_text().splitlines() if line[0] != "#"]
        assert all("==" in line for line in lines)
        assert set(lines) & {line for line in constraints if line.startswith(("torch==", "numpy=="))}


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("Collecting x\nERROR: no x\nnote: hint\n", "ERROR: no x"),
        (
            "Traceback\n  File 1\nModuleNotFoundError: No module named 'x'\n\n",
            "ModuleNotFoundError: No module named 'x'",
        ),
        ("one\ntwo\n", "two"),
        ("", "it said nothing"),
    ],
)
def test_the_line_that_says_why_is_found(said: str, error: str) -> None:
    assert last_error(said) == error


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["maml", "--only", "E"], "--only: there is no 'E'; there are A; B; C; D; A-first"),
        (["maml", "--contestants", "metakit,nobody"], "--contestants: there is no 'nobody'"),
        (["maml", "--threads", "100000"], "--threads 100000"),
        (["maml", "--device", "tpu"], "--device must be cpu or cuda, got 'tpu'."),
        (["maml", "--contestants", "JAX", "--python", "jax"], "--python takes ENVIRONMENT=PATH"),
        (["readme", "no-such-file.json"], "no-such-file.json"),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused_in_a_sentence(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert told in result.output
    assert "Traceback" not in result.output
