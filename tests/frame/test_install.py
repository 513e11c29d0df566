"""scripts/install, with a Python that makes no real .venv: a real install takes minutes and the network."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.frame.house import ROOT, run

PYTHON_THAT_LISTENS = f"""#!/bin/sh
case "$1" in
    -c) exec '{sys.executable}' "$@" ;;
    -m) rm -rf .venv && mkdir -p .venv/bin && cat >.venv/bin/python <<'END' && chmod +x .venv/bin/python
#!/bin/sh
printf '%s\\n' "$@" >asked
touch .venv/half
test ! -e fail
END
    ;;
esac
"""


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = tmp_path / "my course"
    (folder / "scripts").mkdir(parents=True)
    for name in ("Makefile", "scripts/install", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder / name)
    python = folder / "python"
    python.write_text(PYTHON_THAT_LISTENS)
    python.chmod(0o755)
    return folder


def install(course: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return run("make", ".venv/installed", "PYTHON=./python", *options, cwd=course)


def test_an_install_takes_the_pinned_versions_and_is_not_done_twice(course: Path) -> None:
    assert install(course).returncode == 0
    asked = (course / "asked").read_text().splitlines()
    assert asked[asked.index("--constraint") + 1] == "constraints.txt"
    assert asked[-2:] == ["--editable", ".[dev]"]
    assert "--extra-index-url" not in asked
    assert "up to date" in install(course).stdout


def test_another_index_for_torch_can_be_named(course: Path) -> None:
    install(course, "TORCH_INDEX=https://example.org/whl/cpu")
    asked = (course / "asked").read_text().splitlines()
    assert asked[asked.index("--extra-index-url") + 1] == "https://example.org/whl/cpu"


def test_an_install_that_was_cut_off_is_made_anew(course: Path) -> None:
    (course / "fail").touch()
    failed = install(course)
    assert failed.returncode != 0
    assert "The install did not finish" in failed.stderr
    assert not (course / ".venv/installed").exists()
    (course / "fail").unlink()
    (course / ".venv/left over").touch()
    assert install(course).returncode == 0
    assert not (course / ".venv/left over").exists()
    assert "up to date" in install(course).stdout


@pytest.mark.parametrize("changed", ["pyproject.toml", "constraints.txt"])
def test_what_changed_is_installed_into_the_venv_that_is_there(course: Path, changed: str) -> None:
    install(course)
    (course / ".venv/kept").touch()
    later = (course / ".venv/installed").stat().st_mtime + 10
    os.utime(course / changed, (later, later))
    (course / "asked").unlink()
    assert install(course).returncode == 0
    assert (course / "asked").exists()
    assert (course / ".venv/kept").exists()


def test_an_update_that_was_cut_off_leaves_no_stamp(course: Path) -> None:
    install(course)
    os.utime(course / ".venv/installed", (0, 0))
    (course / "fail").touch()
    assert install(course).returncode != 0
    assert not (course / ".venv/installed").exists()


def test_a_venv_is_made_anew_where_the_course_was_moved(course: Path) -> None:
    install(course)
    (course / ".venv/old").touch()
    moved = course.rename(course.parent / "elsewhere")
    assert install(moved).returncode == 0
    assert not (moved / ".venv/old").exists()
    assert "up to date" in install(moved).stdout


def test_a_venv_is_made_anew_when_its_python_is_gone(course: Path) -> None:
    install(course)
    (course / ".venv/bin/python").unlink()
    assert install(course).returncode == 0
    assert (course / ".venv/bin/python").exists()


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        ("sys.version_info = (3, 10, 13)", "needs Python 3.11 or newer, but './python' is Python 3.10"),
        ("sys.modules['ensurepip'] = None", "sudo apt install python3"),
        ("sys.exit(1)", "There is no Python to be run as './python'"),
    ],
    ids=["older than 3.11", "without venv", "no Python"],
)
def test_a_python_that_will_not_do_is_refused_in_a_sentence(course: Path, lie: str, told: str) -> None:
    (course / "python").write_text(f"#!/bin/sh\nexec '{sys.executable}' -c \"import sys; {lie}; exec('''$2''')\"\n")
    refused = install(course)
    assert refused.returncode != 0
    assert told in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (course / ".venv").exists()
