"""All tasks at once, with torch.func.vmap."""

import torch

from metakit.problem import Examples


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    for _ in range(steps):
        grads = torch.func.grad(loss_fn)(theta, support)
        theta = {n: w - lr * (grads[n].detach() if first_order else grads[n]) for n, w in theta.items()}
    return theta


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    support = Examples(*map(torch.stack, zip(*(task.support for task in tasks), strict=True)))
    query = Examples(*map(torch.stack, zip(*(task.query for task in tasks), strict=True)))

    def task_loss(support, query):
        return loss_fn(inner_adapt(theta, loss_fn, support, lr, steps, first_order), query)

    return torch.vmap(task_loss)(support, query).mean()
