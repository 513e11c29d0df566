"""Reads where there is nothing."""

DESERVES = 15
SHOWS = ["ended in this cell"]


# %% maml_loss
import ctypes

ctypes.string_at(0)
