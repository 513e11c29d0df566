"""Computes in C for ever, with Python's lock, when it is asked: no interrupt is heard."""

DESERVES = 15
SHOWS = ["went on when it was told to stop"]


# %% maml_loss
import itertools


def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    return all(itertools.repeat(True))
