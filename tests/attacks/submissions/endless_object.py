"""Returns a dict whose items never end."""

DESERVES = 0


# %% inner_adapt
import itertools


class Endless(dict):
    def items(self):
        return ((str(i), 1) for i in itertools.count())

    def __iter__(self):
        return (str(i) for i in itertools.count())


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    return Endless()


print("TRIED")


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    return Endless()
