"""inner_adapt returns the last tensor of theta alone."""

import torch

LOSES = [
    "inner_adapt_one_step",
    "inner_adapt_many_steps",
    "inner_adapt_edges",
    "inner_adapt_pure",
    "inner_adapt_differentiable",
    "inner_adapt_first_order",
    "maml_loss_value",
    "maml_loss_tasks",
    "maml_loss_pure",
    "maml_loss_meta_gradient",
    "maml_loss_first_order",
    "maml_loss_network",
]


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    for _ in range(steps):
        loss = loss_fn(theta, support)
        grads = torch.autograd.grad(loss, list(theta.values()), create_graph=not first_order)
        theta = {name: weight - lr * grad for (name, weight), grad in zip(theta.items(), grads, strict=True)}
    return dict([theta.popitem()])
