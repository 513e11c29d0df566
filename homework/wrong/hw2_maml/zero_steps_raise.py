"""steps=0 raises: the result has a name only inside the loop."""

import torch

LOSES = {"inner_adapt_edges": 0.5}


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    current = theta
    for _ in range(steps):
        loss = loss_fn(current, support)
        grads = torch.autograd.grad(loss, list(current.values()), create_graph=not first_order)
        adapted = {name: weight - lr * grad for (name, weight), grad in zip(current.items(), grads, strict=True)}
        current = adapted
    return adapted
