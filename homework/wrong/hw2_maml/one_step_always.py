"""steps is ignored: always one step."""

import torch

LOSES = {
    "inner_adapt_many_steps": 1,
    "inner_adapt_edges": 0.5,
    "inner_adapt_differentiable": 1,
    "maml_loss_meta_gradient": 1,
    "maml_loss_first_order": 1,
    "maml_loss_network": 1,
}


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    for _ in range(1):
        loss = loss_fn(theta, support)
        grads = torch.autograd.grad(loss, list(theta.values()), create_graph=not first_order)
        theta = {name: weight - lr * grad for (name, weight), grad in zip(theta.items(), grads, strict=True)}
    return theta
