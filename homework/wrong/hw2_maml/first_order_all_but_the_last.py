"""first_order holds every gradient constant but the last one."""

import torch

LOSES = ["inner_adapt_first_order", "maml_loss_first_order"]


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    for step in range(steps):
        loss = loss_fn(theta, support)
        grads = torch.autograd.grad(loss, list(theta.values()), create_graph=not first_order or step == steps - 1)
        theta = {name: weight - lr * grad for (name, weight), grad in zip(theta.items(), grads, strict=True)}
    return theta
