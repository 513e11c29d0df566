"""The loop overwrites the loss: only the last task counts."""

LOSES = ["maml_loss_tasks", "maml_loss_network"]


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    for task in tasks:
        loss = loss_fn(inner_adapt(theta, loss_fn, task.support, lr, steps, first_order), task.query)
    return loss
