"""maml_loss calls .backward() itself: a call for the value alone changes .grad."""

import torch

LOSES = ["maml_loss_pure"]


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    losses = []
    for task in tasks:
        adapted = inner_adapt(theta, loss_fn, task.support, lr, steps, first_order)
        losses.append(loss_fn(adapted, task.query))
    loss = torch.stack(losses).mean()
    loss.backward(retain_graph=True)
    return loss
