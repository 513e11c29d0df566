"""TorchOpt as in its few-shot example: a differentiable MetaSGD, state taken out and put back for each task.

Source: https://github.com/metaopt/torchopt, examples/few-shot/maml_omniglot.py.
"""

import torch
import torchopt

from benchmarks.contestants.protocol import Problem, serve
from benchmarks.contestants.torch_parts import ModuleContestant


class TorchOpt(ModuleContestant):
    """MAML by ``torchopt.MetaSGD``."""

    def __init__(self, problem: Problem) -> None:
        """Make the inner optimizer."""
        if problem.first_order:
            raise NotImplementedError("TorchOpt documents no first-order inner step")
        super().__init__(problem)
        self.inner = torchopt.MetaSGD(self.net, lr=problem.lr)

    def backward(self) -> None:
        """Go through the tasks, then back once."""
        net_state = torchopt.extract_state_dict(self.net, by="reference", detach_buffers=True)
        inner_state = torchopt.extract_state_dict(self.inner, by="reference")
        losses = []
        for task in range(len(self.support_x)):
            for _ in range(self.problem.steps):
                self.inner.step(self.loss(self.net(self.support_x[task]), self.support_y[task]))
            losses.append(self.loss(self.net(self.query_x[task]), self.query_y[task]))
            torchopt.recover_state_dict(self.net, net_state)
            torchopt.recover_state_dict(self.inner, inner_state)
        torch.stack(losses).mean().backward()


if __name__ == "__main__":
    serve(TorchOpt, ("torchopt", "torch", "numpy"))
