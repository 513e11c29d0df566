"""Writes where marks are kept: the gradebook, verdicts, other submissions, the configuration, by their true paths."""

DESERVES = 4


# %% inner_adapt
import os
import sqlite3
from pathlib import Path


def overwrite(path):
    with open(path, "a") as file:
        file.write("@TOKEN@")
    return path


TARGETS = (
    "@COURSE@/gradebook.db",
    "@COURSE@/nbgrader_config.py",
    "@COURSE@/verdicts/hw2_maml/aa_right.json",
    "@COURSE@/verdicts/hw2_maml/writes_course.json",
    "@COURSE@/autograded/aa_right/hw2_maml/hw2_maml.ipynb",
    "@COURSE@/submitted/zz_right/hw2_maml/hw2_maml.ipynb",
    "@COURSE@/.stage/zz_right/hw2_maml/hw2_maml.ipynb",
    "@COURSE@/source/hw2_maml/hw2_maml.ipynb",
    "@COURSE@/checks/hw2_maml/inner_adapt.py",
    "@COURSE@/release/hw2_maml/hw2_maml.ipynb",
    "@COURSE@/grades.csv",
    "@REPO@/autograder/examiner.py",
    "@REPO@/metakit/problem.py",
    "@REPO@/.venv/lib/@TOKEN@.pth",
    "@HOME@/.jupyter/jupyter_config.py",
    "@HOME@/.ipython/profile_default/startup/@TOKEN@.py",
    "/etc/@TOKEN@",
    "/usr/@TOKEN@",
    "/usr/local/bin/@TOKEN@",
    "/var/tmp/@TOKEN@",
    "/room/@TOKEN@",
    "/@TOKEN@",
    "/dev/@TOKEN@",
    "/home/@TOKEN@",
)


def all_of_it():
    for path in TARGETS:
        attempt(path, lambda path=path: overwrite(path))
    attempt("own notebook", lambda: overwrite("hw2_maml.ipynb") and None)
    attempt("gradebook", lambda: sqlite3.connect("file:@COURSE@/gradebook.db?mode=rw", uri=True).execute("select 1"))
    attempt("remove", lambda: os.rename("@COURSE@", "@COURSE@.away") or "renamed")
    attempt("up", lambda: [p for p in Path.cwd().parents if (p / "nbgrader_config.py").exists()])


all_of_it()
Path("/scratch/@TOKEN@").write_text("x")
Path("/dev/shm/@TOKEN@").write_text("x")
Path("@TOKEN@").write_text("x")


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    all_of_it()
    return theta


# %% last
print("TRIED", tried)
