""".backward() instead of autograd.grad: the inner gradients stay behind in theta's .grad."""

LOSES = ["inner_adapt_pure", "maml_loss_pure"]


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    for _ in range(steps):
        for weight in theta.values():
            weight.grad = None
            weight.retain_grad()
        loss_fn(theta, support).backward(create_graph=not first_order, inputs=list(theta.values()))
        theta = {name: weight - lr * weight.grad for name, weight in theta.items()}
    return theta
