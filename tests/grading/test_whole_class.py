"""A whole class through the real commands, while the grader is killed at random moments.

``pytest tests/grading/test_whole_class.py --class-size 200 --kills 5`` tries it at full size.
"""

import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from autograder.verdict import Outcome, read_verdicts
from tests.grading.conftest import HW
from tests.grading.generated import make_class

pytestmark = pytest.mark.slow


def grader(course, *more):
    command = [sys.executable, "-m", "autograder", "grade", HW, "--course", str(course.root), "--json", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def marks_in(course):
    return len(list(course.root.glob(f"verdicts/{HW}/[!.]*.json")))


@pytest.fixture(scope="module")
def graded(tmp_path_factory, request):
    """The class, what each deserves, what the last run printed, and how many verdicts each kill found."""
    size, kills = request.config.getoption("--class-size"), request.config.getoption("--kills")
    course, expected = make_class(tmp_path_factory.mktemp("whole") / "course", size)
    dice, found, pids = random.Random(0), [0], []
    for _ in range(kills):
        run = grader(course)
        goal = found[-1] + dice.randint(1, max(2, len(expected) // (kills + 1)))
        while marks_in(course) < min(goal, len(expected)) and run.poll() is None:
            time.sleep(0.1)
        time.sleep(dice.random())
        run.send_signal(signal.SIGKILL)
        run.communicate()
        pids.append(run.pid)
        found.append(marks_in(course))
    last = grader(course)
    while not (course.root / ".grading").read_text().startswith(str(last.pid)) and last.poll() is None:
        time.sleep(0.05)
    rival = grader(course).communicate()[1]
    printed, errors = last.communicate()
    assert last.returncode == 0, errors
    return course, expected, json.loads(printed), found, rival, [*pids, last.pid]


def test_every_student_has_exactly_one_verdict(graded):
    course, expected, printed, *_ = graded
    assert [row["student"] for row in printed] == sorted(expected)
    assert sorted(verdict.student for verdict in read_verdicts(course.root, HW)) == sorted(expected)


def test_every_student_gets_what_they_deserve(graded):
    _, expected, printed, *_ = graded
    machine = {row["student"]: sum(mark["share"] * mark["maximum"] for mark in row["marks"]) for row in printed}
    wrong = {s: (machine[s], deserved.points) for s, deserved in expected.items() if machine[s] != deserved.points}
    assert wrong == {}


def test_right_ones_lose_nothing_and_wrong_ones_exactly_what_they_name(graded):
    course, expected, *_ = graded
    for verdict in read_verdicts(course.root, HW):
        if (loses := expected[verdict.student].loses) is not None:
            judged = [mark for mark in verdict.marks if mark.outcome is not Outcome.BY_HAND]
            assert {mark.check: 1 - mark.share for mark in judged if mark.share < 1} == {
                **loses,
                **({"why_second_order": 1.0} if len(judged) == 13 else {}),
            }, verdict.student


def test_the_gradebook_has_one_submission_for_each_with_the_same_points(graded):
    course, expected, printed, *_ = graded
    with course.gradebook() as gradebook:
        rows = gradebook.assignment_submissions(HW)
        points = {row.student.id: sum(g.auto_score or 0 for n in row.notebooks for g in n.grades) for row in rows}
        assert len(rows) == len(expected)
    assert points == {row["student"]: row["points"] for row in printed}


def test_nobody_is_our_fault(graded):
    assert [row["student"] for row in graded[2] if row["flags"] == ["our fault"]] == []


def test_what_was_graded_before_a_kill_is_not_graded_again(graded):
    found = graded[3]
    assert found == sorted(found)
    assert found[-1] > 0


def test_a_second_run_waits_for_its_turn_and_says_whose_turn_it_is(graded):
    assert "Another run (process" in graded[4]


def test_no_process_of_a_killed_run_is_left_behind_and_no_room_of_it(graded):
    for pid in graded[5]:
        assert not psutil.pid_exists(pid)
        rooms = f"autograder-room-{pid}-"
        left = [p for p in psutil.process_iter(["cmdline"]) if any(rooms in part for part in p.info["cmdline"] or [])]
        assert left == []
        assert list(Path(tempfile.gettempdir()).glob(f"{rooms}*")) == []
