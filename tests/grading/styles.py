"""Homework 2 as six people may write it, each alone; strings, since they are only looked at."""

STYLES = (
    """\
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    params = dict(theta)
    for i in range(steps):
        loss = loss_fn(params, support)
        grads = torch.autograd.grad(loss, params.values(), create_graph=True)
        new = {}
        for (k, v), g in zip(params.items(), grads):
            if first_order:
                g = g.detach()
            new[k] = v - lr * g
        params = new
    return params


def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    total = 0
    for task in tasks:
        adapted = inner_adapt(theta, loss_fn, task.support, lr, steps, first_order)
        total += loss_fn(adapted, task.query)
    return total / len(tasks)
""",
    """\
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    current = theta.copy()
    for _ in range(steps):
        l = loss_fn(current, support)
        names = list(current.keys())
        gs = torch.autograd.grad(l, [current[n] for n in names], create_graph=not first_order)
        current = {n: current[n] - lr * g for n, g in zip(names, gs)}
    return current


def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    losses = [loss_fn(inner_adapt(theta, loss_fn, t.support, lr, steps, first_order), t.query) for t in tasks]
    return torch.stack(losses).mean()
""",
    """\
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    fast = {k: v for k, v in theta.items()}
    for step in range(steps):
        loss = loss_fn(fast, support)
        grads = torch.autograd.grad(loss, list(fast.values()), create_graph=True)
        if first_order:
            grads = [g.detach() for g in grads]
        fast = {k: w - lr * g for (k, w), g in zip(fast.items(), grads)}
    return fast


def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    loss = 0.0
    for support, query in tasks:
        loss = loss + loss_fn(inner_adapt(theta, loss_fn, support, lr, steps, first_order), query)
    return loss / len(tasks)
""",
    """\
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    keys = list(theta)
    values = [theta[k] for k in keys]
    for _ in range(steps):
        loss = loss_fn(dict(zip(keys, values)), support)
        grads = torch.autograd.grad(loss, values, create_graph=not first_order)
        values = [v - lr * g for v, g in zip(values, grads)]
    return dict(zip(keys, values))


def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    result = []
    for task in tasks:
        theta_n = inner_adapt(theta, loss_fn, task.support, lr, steps, first_order=first_order)
        query_loss = loss_fn(theta_n, task.query)
        result.append(query_loss)
    return sum(result) / len(result)
""",
    """\
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    new_theta = theta
    for _ in range(steps):
        loss = loss_fn(new_theta, support)
        grads = torch.autograd.grad(loss, new_theta.values(), create_graph=True)
        if first_order:
            grads = [grad.detach() for grad in grads]
        new_theta = {name: param - lr * grad for (name, param), grad in zip(new_theta.items(), grads)}
    return new_theta


def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    losses = []
    for task in tasks:
        new_theta = inner_adapt(theta, loss_fn, task.support, lr, steps, first_order)
        losses.append(loss_fn(new_theta, task.query))
    return torch.mean(torch.stack(losses))
""",
    """\
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    phi = {name: p.clone() for name, p in theta.items()}
    while steps > 0:
        names, params = zip(*phi.items())
        grads = torch.autograd.grad(loss_fn(phi, support), params, create_graph=not first_order)
        for name, p, g in zip(names, params, grads):
            phi = {**phi, name: p - lr * g}
        steps -= 1
    return phi


def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    s = torch.zeros(())
    for t in tasks:
        th = inner_adapt(theta, loss_fn, t.support, lr, steps, first_order)
        s = s + loss_fn(th, t.query)
    return s / len(tasks)
""",
)
