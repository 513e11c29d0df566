"""Sends small displays without end."""

DESERVES = 15
SHOWS = []  # whether its time or its output ends it first depends on the machine


# %% maml_loss
from IPython.display import publish_display_data

while True:
    publish_display_data({"text/plain": "x"})
