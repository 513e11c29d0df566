"""Break the library one line at a time: every break must fail a test. Run ``python scripts/breaks.py [WORD ...]``.

``tests/breaks.toml`` lists the breaks. For each, the line is changed in a copy of the package, and the tests that it
names run on that copy in a forked process (what takes long to import is imported once, before). Exit status 1 if a
break survives, or if a line is no longer there. Words choose the breaks whose file or line contains one of them.
"""

import gc
import importlib
import multiprocessing
import multiprocessing.connection
import os
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pooch
import pytest
import torch
from rich.console import Console

for name in ("matplotlib.pyplot", "nbgrader.api", "torch._dynamo", "typer.testing"):
    importlib.import_module(name)

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 300
"""Seconds for one break."""


def main(words: list[str]) -> int:
    """Try every break and print the survivors."""
    torch.set_num_threads(1)
    breaks = [
        {"file": group["file"], "tests": group["tests"], **line}
        for group in tomllib.loads((ROOT / "tests" / "breaks.toml").read_text())["group"]
        for line in group["breaks"]
    ]
    chosen = [b for b in breaks if not words or any(word in b["file"] + b["line"] for word in words)]
    console, survivors, start = Console(highlight=False), 0, time.monotonic()
    os.environ.setdefault("METAKIT_CACHE", str(pooch.os_cache("metakit")))
    with tempfile.TemporaryDirectory() as copies:
        for b, outcome in attempts(chosen, Path(copies)):
            if outcome != "caught":
                survivors += 1
                console.print(f"{outcome}: {b['file']}: {b['line']}  ->  {b['becomes']}", markup=False, soft_wrap=True)
    console.print(f"{len(chosen) - survivors} of {len(chosen)} breaks caught in {time.monotonic() - start:.0f} s")
    return int(survivors > 0)


def attempts(breaks: list[dict], copies: Path) -> Iterator[tuple[dict, str]]:
    """Try breaks, as many at once as there are cores; yield each with its outcome.

    A break that ends its process, or keeps it for ``PATIENCE``, says nothing, and is caught.
    """
    gc.freeze()  # or each collection in a forked process would go through torch, and copy it
    context, waiting, running = multiprocessing.get_context("fork"), list(enumerate(breaks)), {}
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            i, one = waiting.pop(0)
            process = context.Process(target=attempt, args=(one, copies / str(i)))
            process.start()
            running[process.sentinel] = process, one, copies / f"{i}.outcome", time.monotonic()
        ended = multiprocessing.connection.wait(list(running), timeout=1)
        late = [sentinel for sentinel, (*_, start) in running.items() if time.monotonic() - start > PATIENCE]
        for sentinel in {*ended, *late}:
            process, one, outcome, _ = running.pop(sentinel)
            process.kill()
            process.join()
            yield one, outcome.read_text() if outcome.exists() else "caught"


def attempt(one: dict, copy: Path) -> None:
    """Run the tests of one break on a broken copy; write "caught", "survived" or what is wrong beside it."""
    copy.with_name(f"{copy.name}.outcome").write_text(outcome_of(one, str(copy)))


def outcome_of(one: dict, copy: str) -> str:
    """Break a copy and run the tests on it."""
    text = (ROOT / one["file"]).read_text()
    if text.count(one["line"]) != 1:
        return f"{text.count(one['line'])} such lines"
    for name in ("metakit", "autograder", "homework", "tests"):
        shutil.copytree(ROOT / name, Path(copy) / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    (Path(copy) / one["file"]).write_text(text.replace(one["line"], one["becomes"]))
    os.environ["XDG_CACHE_HOME"] = copy  # where a break that forgets METAKIT_CACHE may write
    if one["file"].endswith(".cpp"):
        os.environ["METAKIT_CACHE"] = copy  # so that no broken library stays
    os.chdir(copy)
    sys.path.insert(0, copy)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115  # for as long as the process lives
    os.dup2(sys.stdout.fileno(), 1)
    os.dup2(sys.stdout.fileno(), 2)
    silent = ["--assert=plain", "--tb=no"]  # where CI is set, pytest works out long differences, for minutes
    status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *silent, *one["tests"]])
    import metakit

    if not str(metakit.__file__).startswith(copy):
        return f"tested {metakit.__file__} instead"
    return "survived" if status == 0 else "caught" if status == 1 else f"pytest ended with {status}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
