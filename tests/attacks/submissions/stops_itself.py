"""Stops itself, so that it never answers and never ends."""

DESERVES = 15
SHOWS = ["went on when it was told to stop", "TRIED"]


# %% first
print("TRIED")


# %% maml_loss
import os
import signal
import threading

parent = os.getpid()
if (child := os.fork()) == 0:
    os.kill(parent, signal.SIGSTOP)
    os._exit(0)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
os.kill(os.getpid(), signal.SIGSTOP)
threading.Event().wait()
