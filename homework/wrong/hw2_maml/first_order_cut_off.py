"""first_order detaches the weights too, so that the derivative is zero instead of the identity."""

import torch

LOSES = ["inner_adapt_first_order", "maml_loss_first_order"]


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    for _ in range(steps):
        loss = loss_fn(theta, support)
        grads = torch.autograd.grad(loss, list(theta.values()), create_graph=not first_order)
        theta = {name: weight - lr * grad for (name, weight), grad in zip(theta.items(), grads, strict=True)}
        if first_order:
            theta = {name: weight.detach().requires_grad_() for name, weight in theta.items()}
    return theta
