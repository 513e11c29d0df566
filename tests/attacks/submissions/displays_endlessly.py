"""Sends small displays without end."""

DESERVES = 15
SHOWS = ["its time was up"]


# %% maml_loss
from IPython.display import publish_display_data

while True:
    publish_display_data({"text/plain": "x"})
