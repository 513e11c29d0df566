"""The sandbox that the command line starts before anything else: it is the one that is used, and ends with the run."""

import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from autograder.wall import ahead
from autograder.wall.sandbox import Sandbox

pytestmark = pytest.mark.slow


def rooms_of(pid):
    return list(Path(tempfile.gettempdir()).glob(f"autograder-room-{pid}-*"))


def test_a_run_takes_the_one_that_was_started_and_ends_it(wall):
    before = set(rooms_of(os.getpid()))
    ahead.start()
    (room,) = set(rooms_of(os.getpid())) - before
    with Sandbox(wanted=True) as first:
        assert first.room() == room
        with Sandbox(wanted=True) as second:
            assert second.nursery.room != room
    assert set(rooms_of(os.getpid())) == before


@pytest.mark.parametrize("wanted", ["True", "False"])
def test_none_is_left_when_the_process_ends_whether_it_was_wanted_or_not(wall, wanted):
    program = f"""\
        import os
        from autograder.wall import ahead
        from autograder.wall.sandbox import Sandbox
        ahead.start()
        with Sandbox(wanted={wanted}) as sandbox:
            print(os.getpid(), ahead._started == [], sandbox.nursery is None)
    """
    said = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
    pid, taken, none = said.stdout.split()
    assert (taken, none) == (("True", "False") if wanted == "True" else ("False", "True"))
    assert rooms_of(pid) == []


def test_only_the_commands_that_grade_start_one(wall, tmp_path):
    for command, starts in (("grade", True), ("regrade", True), ("report", False)):
        program = f"""\
            import sys
            from autograder.wall import ahead
            sys.argv = ["autograder", "{command}", "hw", "--course", "{tmp_path}"]
            from autograder.__main__ import main
            try:
                main()
            except SystemExit as ended:
                print(ended.code, len(ahead._started))
        """
        said = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True)
        assert said.stdout.split() == ["1", str(int(starts))], said.stderr
        assert "is not a course" in " ".join(said.stderr.split())
