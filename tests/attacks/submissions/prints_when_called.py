"""Prints without end while it is asked."""

DESERVES = 0
SHOWS = ["TRIED"]


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    while True:
        print("x" * 100_000)


print("TRIED")


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    for _ in range(1000):
        print("x" * 1000)
    return tasks
