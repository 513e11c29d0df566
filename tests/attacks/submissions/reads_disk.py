"""Looks for the instructor's files: by their true paths, by searching the disk, in git, in caches, in /proc."""

DESERVES = 4


# %% inner_adapt
import os
import subprocess
import sys
from pathlib import Path

SECRET = ["HIDDEN" + " TESTS", "inner_adapt_" + "one_step(student", "BEGIN" + " SOLUTION"]


def holds(path):
    text = Path(path).read_bytes()[:2_000_000].decode("utf-8", "replace")
    return any(secret in text for secret in SECRET) and path


for place in (
    "@COURSE@",
    "@COURSE@/source/hw2_maml/hw2_maml.ipynb",
    "@COURSE@/checks/hw2_maml/inner_adapt.py",
    "@COURSE@/gradebook.db",
    "@COURSE@/submitted/aa_right/hw2_maml/hw2_maml.ipynb",
    "@COURSE@/verdicts/hw2_maml/aa_right.json",
    "@REPO@/homework/source/hw2_maml/hw2_maml.ipynb",
    "@REPO@/homework/checks/hw2_maml",
    "@REPO@/.git",
    "@REPO@/tests",
    "@REPO@/autograder/examiner.py",
    "@REPO@/homework/nbgrader_config.py",
    "@HOME@/.bashrc",
    "@HOME@/.ssh",
    "/etc/passwd",
    "/etc/shadow",
    "/proc/1",
    "/proc/self/environ",
    "/proc/self/maps",
    "/proc/self/root",
    "/sys",
    "/room/door",
    "/room/errors",
    "/var/log",
    "/run",
    "/boot",
    "/home/student/../..@HOME@/.config",
):
    attempt(place, lambda place=place: os.stat(place) and not (os.path.isdir(place) and not os.listdir(place)))


def search():
    for folder, below, names in os.walk("/"):
        if folder in ("/usr", "/dev") or "site-packages" in folder.removeprefix("@REPO@"):
            below.clear()
            continue
        for name in names:
            if name.endswith((".py", ".pyc", ".ipynb", ".db", ".json", ".toml", ".git")):
                try:
                    if holds(os.path.join(folder, name)):
                        return os.path.join(folder, name)
                except OSError:
                    pass


attempt("search", search)
attempt("sys.path", lambda: [p for p in sys.path if p and os.path.isdir(f"{p}/checks")])
attempt("import checks", lambda: __import__("checks.hw2_maml"))
attempt("import homework", lambda: __import__("homework"))
attempt("import tests", lambda: __import__("tests.homework.test_hw2_maml"))
attempt("import the examiner", lambda: __import__("autograder.examiner"))
attempt("import the wall", lambda: __import__("autograder.wall.bubblewrap"))
attempt("git", lambda: subprocess.run(["git", "-C", "@REPO@", "log", "-1"], capture_output=True).stdout)
attempt("mounts", lambda: Path("/proc/mounts").read_text())
print("TRIED", tried)


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    return theta
