"""Only the last tensor of theta is adapted, as in ANIL."""

import torch

LOSES = [
    "inner_adapt_one_step",
    "inner_adapt_many_steps",
    "inner_adapt_differentiable",
    "maml_loss_meta_gradient",
    "maml_loss_first_order",
    "maml_loss_network",
]


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    head = list(theta)[-1]
    for _ in range(steps):
        (grad,) = torch.autograd.grad(loss_fn(theta, support), theta[head], create_graph=not first_order)
        theta = {**theta, head: theta[head] - lr * grad}
    return theta
