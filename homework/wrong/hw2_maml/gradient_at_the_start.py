"""Every step uses the gradient at theta_0; one step alone does not show it."""

import torch

LOSES = [
    "inner_adapt_many_steps",
    "inner_adapt_differentiable",
    "maml_loss_meta_gradient",
    "maml_loss_first_order",
    "maml_loss_network",
]


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    loss = loss_fn(theta, support)
    grads = torch.autograd.grad(loss, list(theta.values()), create_graph=not first_order)
    for _ in range(steps):
        theta = {name: weight - lr * grad for (name, weight), grad in zip(theta.items(), grads, strict=True)}
    return theta
