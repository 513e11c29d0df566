"""Starts threads without end."""

DESERVES = 4


# %% inner_adapt
import threading

stop = threading.Event()
threads = []


def many():
    for _ in range(3000):
        thread = threading.Thread(target=stop.wait)
        thread.start()
        threads.append(thread)
    return len(threads)


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    return theta


attempt("3000 threads", many)
stop.set()


# %% last
print("TRIED", len(threads))
