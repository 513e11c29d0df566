"""The library's own loop: minimize, with another gradient for FOMAML."""

import torch

from metakit import gradients
from metakit.minimize import minimize
from metakit.optimizers import SGD


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    gradient = gradients.first_order if first_order else gradients.autodiff
    return minimize(loss_fn, theta, SGD(lr), [support] * steps, gradient)


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    losses = []
    for task in tasks:
        adapted = inner_adapt(theta, loss_fn, task.support, lr, steps, first_order)
        losses.append(loss_fn(adapted, task.query))
    return torch.stack(losses).mean()
