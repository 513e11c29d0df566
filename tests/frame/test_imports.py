"""Which way imports go."""

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from autograder.wall.bubblewrap import CLOSED
from tests.frame.house import ROOT, canonical, direct

STOREYS: tuple[tuple[str, ...], ...] = (
    ("tree", "fused"),
    ("problem",),
    ("gradients", "optimizers", "losses", "networks", "tasks"),
    ("minimize", "precision", "distributed"),
    ("learner", "captured", "torchrun"),
    ("alternate", "evaluation"),
    ("algorithms",),
    ("recipes", "exercises", "figures"),
    ("checkpoints",),
    ("widgets", "cli", "get_data"),
    ("__main__",),
)
"""The rooms of metakit, from the ground up: each may use those below it, and its own files."""

LEVEL = {room: level for level, rooms in enumerate(STOREYS) for room in rooms}
TORCH_AND_NUMPY_DO = {room for rooms in STOREYS[:7] for room in rooms} - {"tasks"}


def imported(path: Path) -> set[str]:
    """Return the dotted names a file imports: for ``from a.b import c`` both a.b and a.b.c."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} line {node.lineno}: import by the full name"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_of(path: Path) -> str:
    return path.relative_to(ROOT / "metakit").parts[0].removesuffix(".py")


def modules(package: str) -> list[Path]:
    return sorted(path for path in (ROOT / package).rglob("*.py") if ".ipynb_checkpoints" not in path.parts)


@pytest.mark.parametrize("path", modules("metakit"), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down(path: Path) -> None:
    if room_of(path) == "__init__":
        assert imported(path) == set()
        return
    rooms = {name.split(".")[1] for name in imported(path) if name.startswith("metakit.")} & set(LEVEL)
    upward = {room for room in rooms - {room_of(path)} if LEVEL[room] >= LEVEL[room_of(path)]}
    assert upward == set(), f"{room_of(path)} must not import {upward}"


def test_every_room_has_a_storey() -> None:
    rooms = {room_of(path) for path in modules("metakit")}
    assert rooms - {"__init__"} == set(LEVEL)


def test_the_library_knows_nothing_of_lectures_homework_or_autograder() -> None:
    names = {name.split(".")[0] for path in modules("metakit") for name in imported(path)}
    assert names & {"lectures", "homework", "autograder", "tests", "scripts"} == set()


def test_the_autograder_knows_no_algorithm() -> None:
    names = {name for path in modules("autograder") for name in imported(path)}
    assert [name for name in names if name.startswith("metakit.algorithms")] == []


def test_only_tree_uses_torchs_private_trees() -> None:
    using = [path.name for path in modules("metakit") if any("_pytree" in name for name in imported(path))]
    assert using == ["tree.py"]


@pytest.mark.parametrize("package", ["metakit", "autograder"])
def test_what_is_imported_is_asked_for(package: str) -> None:
    distributions = packages_distributions()
    for path in modules(package):
        for name in {name.split(".")[0] for name in imported(path)} - sys.stdlib_module_names - {"metakit", package}:
            provided_by = {canonical(found) for found in distributions.get(name, [name])}
            assert provided_by & direct(), f"{path.relative_to(ROOT)} imports {name}: name it in pyproject.toml"


def test_the_core_needs_torch_and_numpy_alone() -> None:
    for path in modules("metakit"):
        if room_of(path) in TORCH_AND_NUMPY_DO:
            names = {name.split(".")[0] for name in imported(path)}
            assert names - sys.stdlib_module_names <= {"torch", "numpy", "metakit"}, path


def test_what_goes_behind_the_wall_needs_nothing_from_before_it() -> None:
    for path in modules("autograder/inside"):
        names = {name for name in imported(path) if name.startswith(("autograder", "metakit"))}
        assert all(name.startswith(("autograder.inside", "metakit")) for name in names), path
        assert not any(name.startswith(tuple(f"metakit.{room}" for room in CLOSED)) for name in names), path
