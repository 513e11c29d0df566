"""Hands in links and pipes beside the notebook, that lead to the gradebook and to other submissions."""

DESERVES = 4
LINKS = {
    "<img src=x onerror=alert('@TOKEN@')>": "/etc/passwd",
    "notes.txt": "@COURSE@/gradebook.db",
    "data": "@COURSE@/submitted",
    "up": "../../..",
    "passwd": "/etc/passwd",
    "deep/er": "@COURSE@/source/hw2_maml/hw2_maml.ipynb",
}


# %% inner_adapt
import os

for name in ("notes.txt", "data", "up", "passwd", "deep/er"):
    attempt(name, lambda name=name: os.lstat(name))
attempt("beside", lambda: set(os.listdir(".")) - {".ipython"})


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    return theta


# %% last
print("TRIED", tried)
