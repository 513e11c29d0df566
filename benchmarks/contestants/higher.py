"""higher as in its own MAML example: an inner loop context for each task, one backward a task.

Source: https://github.com/facebookresearch/higher, examples/maml-omniglot.py. Its example is second order. For first
order, gradients are not tracked and the query gradient with respect to the adapted weights is taken for phi's, which
spares it the graph that a ``grad_callback`` would still build.
"""

import higher
import torch

from benchmarks.contestants.protocol import Problem, serve
from benchmarks.contestants.torch_parts import ModuleContestant


class Higher(ModuleContestant):
    """MAML by ``higher.innerloop_ctx``."""

    def __init__(self, problem: Problem) -> None:
        """Make the inner optimizer."""
        super().__init__(problem)
        self.inner = torch.optim.SGD(self.net.parameters(), lr=problem.lr)

    def backward(self) -> None:
        """Go through the tasks."""
        n_tasks, second_order = len(self.support_x), not self.problem.first_order
        for task in range(n_tasks):
            with higher.innerloop_ctx(
                self.net, self.inner, copy_initial_weights=False, track_higher_grads=second_order
            ) as (net, inner):
                for _ in range(self.problem.steps):
                    inner.step(self.loss(net(self.support_x[task]), self.support_y[task]))
                loss = self.loss(net(self.query_x[task]), self.query_y[task]) / n_tasks
                if second_order:
                    loss.backward()
                    continue
                grads = torch.autograd.grad(loss, list(net.parameters()))
            for weight, grad in zip(self.net.parameters(), grads, strict=True):
                weight.grad = grad if weight.grad is None else weight.grad + grad


if __name__ == "__main__":
    serve(Higher, ("higher", "torch", "numpy"))
