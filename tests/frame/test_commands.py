"""What make offers."""

import os
import re
from pathlib import Path

from tests.frame.house import DOCUMENTS, ROOT, run


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_make_alone_prints_a_sentence_for_every_target() -> None:
    printed = run("make")
    assert printed.returncode == 0, printed.stderr
    told = dict(re.findall(r"^  make ([a-z]+) +(\w.+)$", printed.stdout, re.MULTILINE))
    assert set(told) == targets()
    assert {"lab", "test", "check", "grade", "data", "picture", "clean", "help"} <= set(told)


def test_no_target_is_taken_for_a_file_of_its_name() -> None:
    phony = re.search(r"^\.PHONY: (help .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    assert set(phony[1].split()) == targets()


def test_make_lab_hands_its_options_on() -> None:
    printed = run("make", "-n", "lab", "PORT=8123", "ARGS=--no-browser --debug").stdout
    assert "--port=8123" in printed
    assert "--no-browser --debug" in printed
    assert "/lab/tree/lectures" in printed
    assert ("--allow-root" in printed) == (os.getuid() == 0)


def test_the_documents_name_only_commands_that_there_are() -> None:
    named = {name for path in DOCUMENTS for name in re.findall(r"\bmake ([a-z]+)\b(?=[ `\n])", fenced(path))}
    assert {"lab", "test", "grade"} <= named <= targets()


def fenced(path: Path) -> str:
    """Return what stands in backticks, and indented by four."""
    text = path.read_text()
    inline, blocks = re.findall(r"`([^`\n]+)`", text), re.findall(r"^    (\S.*)$", text, re.MULTILINE)
    return "\n".join([*inline, *blocks, ""])


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "    make test" in (ROOT / "README.md").read_text()
    assert (ROOT / ".ci/run").read_text().splitlines()[-3:] == ["make check", "make breaks", "make test"]
    assert os.access(ROOT / ".ci/run", os.X_OK)
