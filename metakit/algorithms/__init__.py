"""The algorithms, by what is learned: one file a paper, read as the mathematics of one task.

| algorithm | phi, learned across tasks | theta, written by one task | what it changes in ``minimize`` |
|---|---|---|---|
| ``MAML`` | the start | all weights | start |
| FOMAML = ``MAML(gradient=first_order)`` | the start | all weights | start, gradient |
| ``reptile``, the loss of MAML's learner | the start | all weights | start; step 2 is |phi - theta|^2 / 2 |
| ``ANIL`` | all weights | the head | start |
| ``IMAML`` | the point weights are kept near | all weights | start, and the derivative of the whole call |
| ``MetaSGD`` | the start and a rate for each weight | all weights | start, optimizer |
| ``MAMLPlusPlus`` | the start, rates and norm weights for each step | all weights but the norm's | start, optimizer |
| ``ProtoNet`` | the embedding | one prototype a class | none: adapt is one network |
"""

from metakit.algorithms.anil import ANIL
from metakit.algorithms.imaml import IMAML
from metakit.algorithms.maml import MAML
from metakit.algorithms.maml_plus_plus import MAMLPlusPlus
from metakit.algorithms.meta_sgd import MetaSGD
from metakit.algorithms.proto_net import ProtoNet
from metakit.algorithms.reptile import reptile

__all__ = ["ANIL", "IMAML", "MAML", "MAMLPlusPlus", "MetaSGD", "ProtoNet", "reptile"]
