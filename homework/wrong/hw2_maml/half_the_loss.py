"""maml_loss divides by twice the number of tasks."""

import torch

LOSES = [
    "maml_loss_value",
    "maml_loss_meta_gradient",
    "maml_loss_first_order",
    "maml_loss_network",
]


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    losses = []
    for task in tasks:
        adapted = inner_adapt(theta, loss_fn, task.support, lr, steps, first_order)
        losses.append(loss_fn(adapted, task.query))
    return torch.stack(losses).sum() / (2 * len(tasks))
