"""Ends its process in a cell."""

DESERVES = 15
SHOWS = ["ended in this cell"]


# %% maml_loss
import os

os._exit(0)
