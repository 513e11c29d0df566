"""Homework 2, MAML: on quadratic tasks mathematics gives every number; on a network, finite differences do.

One cell's check asks for one thing, so that one mistake does not cost the marks of another: ``maml_loss_value`` may be
right by the student's own ``inner_adapt``, sums are told from means in ``maml_loss_tasks`` alone, and only
``inner_adapt_edges`` and ``maml_loss_network`` use float64.
"""

from checks.hw2_maml.inner_adapt import (
    inner_adapt_differentiable,
    inner_adapt_edges,
    inner_adapt_first_order,
    inner_adapt_many_steps,
    inner_adapt_one_step,
    inner_adapt_pure,
)
from checks.hw2_maml.maml_loss import (
    maml_loss_first_order,
    maml_loss_meta_gradient,
    maml_loss_network,
    maml_loss_pure,
    maml_loss_tasks,
    maml_loss_value,
)

CHECKS = [
    inner_adapt_one_step,
    inner_adapt_many_steps,
    inner_adapt_edges,
    inner_adapt_pure,
    inner_adapt_differentiable,
    inner_adapt_first_order,
    maml_loss_value,
    maml_loss_tasks,
    maml_loss_pure,
    maml_loss_meta_gradient,
    maml_loss_first_order,
    maml_loss_network,
]
"""In the order of the notebook; each is named after its grade cell."""
