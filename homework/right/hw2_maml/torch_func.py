"""Derivatives as functions, with torch.func.grad."""

import torch


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    gradient = torch.func.grad(loss_fn)
    for _ in range(steps):
        grads = gradient(theta, support)
        if first_order:
            grads = {name: grad.detach() for name, grad in grads.items()}
        theta = {name: theta[name] - lr * grads[name] for name in theta}
    return theta


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    def task_loss(task):
        return loss_fn(inner_adapt(theta, loss_fn, task.support, lr, steps, first_order), task.query)

    return sum(task_loss(task) for task in tasks) / len(tasks)
