"""No loop: steps steps are one step and steps - 1 more, and the mean is built up task by task."""

import torch


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    if steps == 0:
        return theta
    names, weights = zip(*theta.items(), strict=True)
    grads = torch.autograd.grad(loss_fn(theta, support), weights, create_graph=True)
    if first_order:
        grads = [grad.detach() for grad in grads]
    stepped = dict(zip(names, map(lambda w, g: w.sub(g, alpha=lr), weights, grads), strict=True))
    return inner_adapt(stepped, loss_fn, support, lr, steps - 1, first_order)


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    total = 0.0
    for support, query in tasks:
        total = total + loss_fn(inner_adapt(theta, loss_fn, support, lr, steps, first_order), query) / len(tasks)
    return total
