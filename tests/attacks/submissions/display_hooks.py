"""Displays what a notebook cannot hold: no text, no data, unknown kinds, updates of cells before, and fake points."""

DESERVES = 4


# %% inner_adapt
import sys

from IPython.display import display, publish_display_data, update_display

handle = display("first", display_id="mine")
for data in (
    {},
    {"text/plain": None},
    {"text/plain": ["a", 3]},
    {"text/plain": {"a": 1}},
    {"image/png": "not a picture"},
    {"image/png": 7},
    {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}},
    {"text/plain": "15"},
):
    publish_display_data(data, metadata={"points": 15, "nbgrader": {"grade": True}})
socket = get_ipython().kernel.iopub_socket
for kind, content in (
    ("execute_result", {"data": {"text/plain": "15.0"}, "metadata": {}, "execution_count": 99}),
    ("execute_result", {}),
    ("error", {"ename": None, "evalue": None, "traceback": None}),
    ("error", {"ename": "x", "evalue": "x", "traceback": [1, None, ["x"]] * 1000}),
    ("stream", {"name": "other", "text": "x"}),
    ("stream", {"name": "stdout", "text": 7}),
    ("clear_output", {"wait": False}),
    ("comm_open", {"comm_id": "x", "target_name": "x", "data": {"a": 1}}),
    ("comm_msg", {}),
    ("unheard", {"of": 1}),
):
    get_ipython().kernel.send_response(socket, kind, content)
update_display("15.0", display_id="mine")
sys.displayhook = lambda value: print("PASSED")


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    publish_display_data({"text/plain": "3"})
    update_display("3", display_id="mine")
    print("PASSED  One step down the gradient, of every tensor of theta.")
    return theta


# %% last
print("TRIED")
