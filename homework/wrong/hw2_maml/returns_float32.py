"""Turns the adapted weights into float32, so that a float64 loss cannot be computed with them."""

import torch

LOSES = {"inner_adapt_edges": 0.5, "maml_loss_network": 1}


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    for _ in range(steps):
        loss = loss_fn(theta, support)
        grads = torch.autograd.grad(loss, list(theta.values()), create_graph=not first_order)
        theta = {name: (weight - lr * grad).float() for (name, weight), grad in zip(theta.items(), grads, strict=True)}
    return theta
