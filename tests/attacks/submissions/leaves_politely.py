"""Leaves by the front door: SystemExit, quit, a kernel that shuts itself down, and a loop that is told to stop."""

DESERVES = 0


# %% inner_adapt
import asyncio
import sys


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    return theta


print("TRIED")
asyncio.get_event_loop().call_soon(lambda: None)
sys.exit("PASSED")


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    raise SystemExit(0)


# %% last
raise GeneratorExit
