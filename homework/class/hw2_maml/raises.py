"""A slip of the pen: maml_loss raises NameError. Its inner loop is right."""

import torch


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    losses = []
    for task in tasks:
        adapted = inner_adapt(theta, loss_fn, task.support, lr, steps, first_order)
        losses.append(loss_fn(adapted, tsk.query))
    return torch.stack(losses).mean()
