"""A rate of 0 is taken for none, and replaced by a default."""

import torch

LOSES = {"inner_adapt_edges": 0.5}


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    for _ in range(steps):
        loss = loss_fn(theta, support)
        grads = torch.autograd.grad(loss, list(theta.values()), create_graph=not first_order)
        theta = {name: weight - (lr or 0.1) * grad for (name, weight), grad in zip(theta.items(), grads, strict=True)}
    return theta
