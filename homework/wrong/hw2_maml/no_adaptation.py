"""The query loss of theta itself: pre-training on all tasks, with no inner loop."""

import torch

LOSES = ["maml_loss_value", "maml_loss_meta_gradient", "maml_loss_first_order", "maml_loss_network"]


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    losses = []
    for task in tasks:
        losses.append(loss_fn(theta, task.query))
    return torch.stack(losses).mean()
