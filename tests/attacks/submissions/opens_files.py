"""Opens files without end, and closes those of its own kernel."""

DESERVES = 15
SHOWS = []  # whoever closes the sockets is not heard any more


# %% maml_loss
import os

opened = []
try:
    while len(opened) < 10_000:
        opened.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
if len(opened) > 2000:
    print("GOT many files", len(opened))
os.closerange(0, 10_000)
