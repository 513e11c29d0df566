import pytest
import torch

from metakit import tree
from metakit.problem import Examples

TREE = {"a": torch.tensor([1.0, 2.0]), "b": (torch.tensor([3.0]), {"c": torch.tensor(4.0)})}


def test_a_tree_is_one_vector():
    assert tree.dot(TREE, TREE) == 1 + 4 + 9 + 16
    torch.testing.assert_close(tree.axpy(2.0, TREE, TREE), tree.tree_map(lambda x: 3 * x, TREE))
    torch.testing.assert_close(tree.axpy(2.0, TREE, tree.zeros_like(TREE)), tree.tree_map(lambda x: 2 * x, TREE))
    assert tree.dot(TREE, tree.zeros_like(TREE)) == 0


def test_names_are_paths_in_the_order_of_the_leaves():
    assert tree.names(TREE) == ["a", "b.0", "b.1.c"]
    assert [leaf.numel() for leaf in tree.tree_leaves(TREE)] == [2, 1, 1]
    assert tree.names(Examples(torch.ones(1), torch.ones(1))) == ["x", "y"]


def test_trees_of_other_names_are_refused_and_the_message_shows_where_they_part():
    with pytest.raises(ValueError, match=r"missing from the second: \['b.0', 'b.1.c'\], only in the second: \['z'\]"):
        tree.axpy(1.0, TREE, {"a": torch.ones(2), "z": torch.ones(1)})


def test_stack_makes_tasks_a_batch():
    stacked = tree.stack([TREE, TREE, TREE])
    assert [leaf.shape for leaf in tree.tree_leaves(stacked)] == [(3, 2), (3, 1), (3,)]


def test_to_leaves_labels_as_they_are():
    moved = tree.to(Examples(torch.ones(2), torch.tensor([0, 1])), "cpu", torch.float64)
    assert (moved.x.dtype, moved.y.dtype) == (torch.float64, torch.int64)


def test_detach_stops_the_derivative():
    gradient = torch.func.grad(lambda p: tree.dot(tree.detach(p), p))(TREE)
    torch.testing.assert_close(gradient, TREE)
