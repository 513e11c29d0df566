"""The caller's weights are changed: the next task starts where this one ended."""

import torch

LOSES = [
    "inner_adapt_pure",
    "inner_adapt_differentiable",
    "maml_loss_tasks",
    "maml_loss_pure",
    "maml_loss_meta_gradient",
    "maml_loss_network",
]


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    for _ in range(steps):
        grads = torch.autograd.grad(loss_fn(theta, support), list(theta.values()))
        with torch.no_grad():
            for weight, grad in zip(theta.values(), grads, strict=True):
                weight -= lr * grad
    return theta
