"""maml_loss returns the tasks' losses, one each, and leaves the mean to its caller."""

import torch

LOSES = [
    "maml_loss_value",
    "maml_loss_tasks",
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
    return torch.stack(losses)
