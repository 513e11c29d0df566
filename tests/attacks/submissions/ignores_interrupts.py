"""Never ends, and catches whatever tells it to."""

DESERVES = 0
SHOWS = ["went on when it was told to stop"]


# %% first
import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
