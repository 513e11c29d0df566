"""maml_loss forgets to hand first_order on to inner_adapt."""

import torch

LOSES = ["maml_loss_first_order"]


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    losses = []
    for task in tasks:
        adapted = inner_adapt(theta, loss_fn, task.support, lr, steps)
        losses.append(loss_fn(adapted, task.query))
    return torch.stack(losses).mean()
