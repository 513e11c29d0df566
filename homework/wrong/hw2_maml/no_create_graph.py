"""No create_graph: the gradients are constants, so this is FOMAML and never MAML."""

import torch

LOSES = ["inner_adapt_differentiable", "maml_loss_meta_gradient", "maml_loss_network"]


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    for _ in range(steps):
        loss = loss_fn(theta, support)
        grads = torch.autograd.grad(loss, list(theta.values()))
        theta = {name: weight - lr * grad for (name, weight), grad in zip(theta.items(), grads, strict=True)}
    return theta
