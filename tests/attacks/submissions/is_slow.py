"""Takes nearly all the time there is, each time that it is asked."""

DESERVES = 0
SHOWS = ["TRIED"]


# %% inner_adapt
import time


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    time.sleep(2.5)
    return theta


print("TRIED")


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    time.sleep(2.5)
    return tasks
