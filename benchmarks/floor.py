"""The arithmetic that nobody can go without: multiply-adds of one meta-iteration, in closed form.

A layer with m multiply-adds an image takes m forward, m for its weights' gradient and m for its input's gradient, which
the first layer does not need. A Hessian-vector product, by whichever order of forward and backward, takes twice a
gradient: each of a layer's three products has two tangents, and the images have none.
"""

from dataclasses import dataclass, replace

from benchmarks.configurations import Configuration


@dataclass(frozen=True)
class Layers:
    """Multiply-adds of one example: of the first layer, and of all layers."""

    first: int
    all: int

    @property
    def gradient(self) -> int:
        """Forward, and backward to every weight."""
        return 3 * self.all - self.first

    @property
    def hessian_vector(self) -> int:
        """What is beyond the gradient at the same place: 6 products a layer, 2 in the first."""
        return 6 * self.all - 4 * self.first


def layers(configuration: Configuration) -> Layers:
    """Return the multiply-adds of the configuration's network."""
    if configuration.network == "mlp":
        return Layers(first=40, all=40 + 40 * 40 + 40)
    channels = 64
    convolutions = [
        size * size * 9 * c * channels for size, c in ((14, 1), (7, channels), (4, channels), (2, channels))
    ]
    return Layers(first=convolutions[0], all=sum(convolutions) + channels * configuration.n_way)


def multiply_adds(configuration: Configuration) -> int:
    """Return the multiply-adds of one meta-iteration: inner gradients, their derivative, the query's gradient."""
    c, one = configuration, layers(configuration)
    step = one.gradient + (0 if c.first_order else one.hessian_vector)
    return c.n_tasks * (c.steps * c.support_size * step + c.query_size * one.gradient)


def of_second_order(configuration: Configuration) -> float | None:
    """Return a first-order configuration's share of the multiply-adds of second order: no time can be less of it."""
    if not configuration.first_order:
        return None
    return multiply_adds(configuration) / multiply_adds(replace(configuration, first_order=False))
