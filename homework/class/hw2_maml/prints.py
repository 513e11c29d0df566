"""Right, but it prints a great deal and warns: that should cost nothing, and not drown the feedback."""

import warnings

import torch


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    warnings.warn("inner_adapt is called", stacklevel=1)
    for step in range(steps):
        loss = loss_fn(theta, support)
        print("\n".join(f"step {step}: loss {loss.item()}" for _ in range(500)))
        grads = torch.autograd.grad(loss, list(theta.values()), create_graph=not first_order)
        theta = {name: weight - lr * grad for (name, weight), grad in zip(theta.items(), grads, strict=True)}
    return theta
