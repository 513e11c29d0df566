"""inner_adapt returns the theta that it was given."""

LOSES = [
    "inner_adapt_one_step",
    "inner_adapt_many_steps",
    "inner_adapt_edges",
    "inner_adapt_pure",
    "inner_adapt_differentiable",
    "inner_adapt_first_order",
    "maml_loss_value",
    "maml_loss_meta_gradient",
    "maml_loss_first_order",
    "maml_loss_network",
]


# %% inner_adapt
def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    return theta
