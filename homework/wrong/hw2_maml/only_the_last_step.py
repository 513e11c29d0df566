"""The gradient of the last place is right, but only that one step is applied to theta_0."""

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
    stepped = theta
    for _ in range(steps):
        loss = loss_fn(stepped, support)
        grads = torch.autograd.grad(loss, list(stepped.values()), create_graph=not first_order)
        stepped = {name: weight - lr * grad for (name, weight), grad in zip(theta.items(), grads, strict=True)}
    return stepped
