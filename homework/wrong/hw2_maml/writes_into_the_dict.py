"""Derivatives are right, but the new weights are put into the caller's own dict."""

import torch

LOSES = ["inner_adapt_pure", "maml_loss_tasks", "maml_loss_pure", "maml_loss_network"]


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    for _ in range(steps):
        loss = loss_fn(theta, support)
        grads = torch.autograd.grad(loss, list(theta.values()), create_graph=not first_order)
        for name, grad in zip(list(theta), grads, strict=True):
            theta[name] = theta[name] - lr * grad
    return theta
