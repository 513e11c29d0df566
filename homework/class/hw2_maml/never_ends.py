"""The loop over tasks never counts up, so that maml_loss never returns. The inner loop is right."""


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    n = 0
    while n < len(tasks):
        adapted = inner_adapt(theta, loss_fn, tasks[n].support, lr, steps, first_order)
        loss = loss_fn(adapted, tasks[n].query)
    return loss / len(tasks)
