"""JAX: jit of the whole meta-iteration, vmap over tasks.

XLA on the CPU has no fast convolution whose weights differ from task to task, so there a convolution is shifted slices
and one matrix product; on CUDA it is ``lax.conv``. ``--patches`` and ``--conv`` choose one or the other by hand.
"""

import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from benchmarks.contestants.protocol import Problem, serve

Weights = dict[str, Any]


def conv_by_patches(x: Array, weight: Array) -> Array:
    """Return the strided 3x3 convolution of (n, h, w, c) by (9 c, out) as one matrix product.

    The product is of two plain matrices: with the images' axes left apart XLA's took twice the time.
    """
    height, width = x.shape[1:3]
    x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    patches = jnp.concatenate([x[:, i : i + height : 2, j : j + width : 2] for i in range(3) for j in range(3)], -1)
    return (patches.reshape(-1, len(weight)) @ weight).reshape(*patches.shape[:3], -1)


def conv_by_lax(x: Array, weight: Array) -> Array:
    """Return the same by XLA's own convolution."""
    kernel = weight.reshape(3, 3, x.shape[-1], -1)
    return lax.conv_general_dilated(x, kernel, (2, 2), ((1, 1), (1, 1)), dimension_numbers=("NHWC", "HWIO", "NHWC"))


def conv4(convolution: Any, theta: Weights, x: Array) -> Array:
    """Return the logits of images (n, 28, 28, 1)."""
    for i in range(1, 5):
        x = convolution(x, theta[f"block{i}.conv.weight"]) + theta[f"block{i}.conv.bias"]
        centred = x - x.mean((0, 1, 2))
        scale = lax.rsqrt((centred * centred).mean((0, 1, 2)) + 1e-5)
        x = centred * (scale * theta[f"block{i}.norm.weight"]) + theta[f"block{i}.norm.bias"]
        x = jax.nn.relu(x)
    return x.mean((1, 2)) @ theta["head.weight"].T + theta["head.bias"]


def mlp(theta: Weights, x: Array) -> Array:
    """Return the prediction for points (n, 1)."""
    for i in range(1, len(theta) // 2):
        x = jax.nn.relu(x @ theta[f"layer{i}.weight"].T + theta[f"layer{i}.bias"])
    return x @ theta["head.weight"].T + theta["head.bias"]


def cross_entropy(logits: Array, y: Array) -> Array:
    """Return the mean over examples."""
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1).mean()


def mse(prediction: Array, y: Array) -> Array:
    """Return the mean over examples."""
    return ((prediction - y) ** 2).mean()


def ours(name: str, weight: np.ndarray) -> np.ndarray:
    """Turn a convolution's (out, in, 3, 3) into (9 in, out)."""
    return weight.transpose(2, 3, 1, 0).reshape(-1, len(weight)) if weight.ndim == 4 else weight


def theirs(weight: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Undo ``ours``."""
    if like.ndim != 4:
        return weight
    out, channels = like.shape[:2]
    return weight.reshape(3, 3, channels, out).transpose(3, 2, 0, 1)


class Jax:
    """MAML by ``jit``, ``vmap`` and ``value_and_grad``; Adam is in the same compiled function."""

    def __init__(self, problem: Problem) -> None:
        """Put the data on the device; compilation happens at the first call."""
        jax.config.update("jax_enable_x64", problem.dtype == "float64")
        if not problem.tf32:
            jax.config.update("jax_default_matmul_precision", "highest")
        device = jax.devices("gpu" if problem.device == "cuda" else "cpu")[0]
        self.problem, self.device = problem, device
        by_lax = "--conv" in sys.argv or (problem.device == "cuda" and "--patches" not in sys.argv)
        if problem.network == "conv4":
            self.forward = partial(conv4, conv_by_lax if by_lax else conv_by_patches)
            self.loss = cross_entropy
            images = (problem.support_x.transpose(0, 1, 3, 4, 2), problem.query_x.transpose(0, 1, 3, 4, 2))
        else:
            self.forward, self.loss, images = mlp, mse, (problem.support_x, problem.query_x)
        self.tasks = jax.device_put((images[0], problem.support_y, images[1], problem.query_y), device)
        self.phi = jax.device_put({name: ours(name, weight) for name, weight in problem.phi.items()}, device)
        self.state = self.no_state()
        self.iteration = jax.jit(self.one_iteration, donate_argnums=(0, 1))

    def no_state(self) -> Any:
        """Return Adam's state before the first step: how many steps, mean and square of the gradients."""
        zeros = {name: np.zeros(weight.shape, weight.dtype) for name, weight in self.phi.items()}
        return jax.device_put((np.zeros((), self.problem.dtype), zeros, zeros), self.device, may_alias=False)

    def task_loss(self, phi: Weights, x: Array, y: Array, query_x: Array, query_y: Array) -> Array:
        """Return the query loss after the inner loop of one task."""
        theta = phi
        for _ in range(self.problem.steps):
            grads = jax.grad(lambda theta: self.loss(self.forward(theta, x), y))(theta)
            if self.problem.first_order:
                grads = lax.stop_gradient(grads)
            theta = jax.tree.map(lambda w, g: w - self.problem.lr * g, theta, grads)
        return self.loss(self.forward(theta, query_x), query_y)

    def meta_loss(self, phi: Weights, tasks: tuple[Array, ...]) -> Array:
        """Return the mean over tasks."""
        return jax.vmap(self.task_loss, in_axes=(None, 0, 0, 0, 0))(phi, *tasks).mean()

    def one_iteration(self, phi: Weights, state: Any, tasks: tuple[Array, ...]) -> tuple[Weights, Any]:
        """Return phi and Adam's state after one meta-iteration."""
        grads = jax.grad(self.meta_loss)(phi, tasks)
        t, mean, square = state
        t = t + 1
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, grads)
        square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, square, grads)

        def update(w: Array, m: Array, v: Array) -> Array:
            return w - self.problem.outer_lr * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)

        return jax.tree.map(update, phi, mean, square), (t, mean, square)

    def gradient(self) -> dict[str, np.ndarray]:
        """Return the meta-gradient, read off the compiled iteration's first step of Adam: mean = 0.1 * gradient."""
        phi = jax.tree.map(jnp.copy, self.phi)
        _, (_, mean, _) = self.iteration(phi, self.no_state(), self.tasks)
        return {name: theirs(np.asarray(m), self.problem.phi[name]) / 0.1 for name, m in mean.items()}

    def step(self) -> None:
        """Make one meta-iteration."""
        self.phi, self.state = jax.block_until_ready(self.iteration(self.phi, self.state, self.tasks))

    def device_peak(self) -> int | None:
        """Return the most device memory that was in use."""
        return self.device.memory_stats()["peak_bytes_in_use"] if self.problem.device == "cuda" else None


if __name__ == "__main__":
    serve(Jax, ("jax", "jaxlib", "numpy"))
