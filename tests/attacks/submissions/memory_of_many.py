"""Takes memory in many processes, each within its limit."""

DESERVES = 15
SHOWS = ["used too much memory"]


# %% maml_loss
import os
import time

for _ in range(8):
    if os.fork() == 0:
        kept = bytearray(2**28)
        for i in range(0, 2**28, 4096):
            kept[i] = 1
        time.sleep(60)
        os._exit(0)
time.sleep(60)
