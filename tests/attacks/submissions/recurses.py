"""Recurses until the stack is used up, in C."""

DESERVES = 15
SHOWS = ["ended when the function was called"]


# %% maml_loss
import ctypes
import sys

sys.setrecursionlimit(10**9)


def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
    call = callback(lambda n: call(n + 1))
    return call(0)
