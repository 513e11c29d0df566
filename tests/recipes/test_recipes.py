from dataclasses import replace
from pathlib import Path

import pytest
import torch

from metakit.algorithms.anil import ANIL
from metakit.gradients import autodiff, first_order
from metakit.losses import cross_entropy
from metakit.networks import conv4
from metakit.problem import Examples, Task
from metakit.recipes import RECIPES, RecipeError, build
from metakit.recipes.anil_omniglot import PUBLISHED as ANIL_PUBLISHED
from metakit.recipes.fomaml_omniglot import PUBLISHED as FOMAML_PUBLISHED
from metakit.recipes.maml_omniglot import PUBLISHED as MAML_PUBLISHED
from metakit.recipes.maml_plus_plus_omniglot import PUBLISHED as PLUS_PLUS_PUBLISHED
from metakit.recipes.maml_sinusoid import PUBLISHED as SINUSOID_PUBLISHED
from metakit.recipes.protonet_omniglot import PUBLISHED as PROTONET_PUBLISHED
from metakit.tree import names

ROOT = Path(__file__).resolve().parents[2]
TABLES = {
    "maml_sinusoid": SINUSOID_PUBLISHED,
    "maml_omniglot": MAML_PUBLISHED,
    "fomaml_omniglot": FOMAML_PUBLISHED,
    "anil_omniglot": ANIL_PUBLISHED,
    "maml_plus_plus_omniglot": PLUS_PLUS_PUBLISHED,
    "protonet_omniglot": PROTONET_PUBLISHED,
}
MEASURED = ["maml_sinusoid", "maml_omniglot", "protonet_omniglot"]


def test_every_recipe_has_a_table_of_published_numbers():
    assert TABLES.keys() == RECIPES.keys()


@pytest.mark.parametrize("name", RECIPES)
def test_every_published_number_says_where_it_stands_and_how_it_was_measured(name):
    assert TABLES[name]
    for options, numbers in TABLES[name].items():
        for number in numbers:
            assert "https://arxiv.org/abs/" in number.source, options
            assert "table" in number.source, options
            assert len(number.protocol) > 20, options


@pytest.mark.parametrize("name", sorted(TABLES.keys() - {"maml_sinusoid"}))
def test_published_accuracies_are_shares(name):
    missing = {"anil_omniglot": {(5, 1), (5, 5)}, "maml_plus_plus_omniglot": {(5, 5)}}.get(name, set())
    assert TABLES[name].keys() == {(5, 1), (5, 5), (20, 1), (20, 5)} - missing
    for numbers in TABLES[name].values():
        for number in numbers:
            assert 0.89 < number.value < 1
            assert number.half_width is None or 0 < number.half_width < 0.01


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_remembers_how_it_was_made_and_says_where_it_departs(name):
    recipe = build(name, seed=7, n_iterations=10)
    assert (recipe.name, recipe.seed, recipe.n_iterations) == (name, 7, 10)
    assert recipe.options["seed"] == 7
    assert build(name, **recipe.options).options == recipe.options
    assert recipe.departs


def test_the_published_number_is_that_of_the_options():
    assert build("maml_omniglot", n_way=20, k_shot=5).published[0].value == 0.989
    assert build("maml_omniglot", n_way=7).published == ()


def test_maml_takes_one_large_step_for_five_ways_and_five_small_ones_for_twenty():
    five, twenty = build("maml_omniglot", n_way=5), build("maml_omniglot", n_way=20)
    assert (five.learner.lr, five.learner.steps, five.test_learner.steps) == (0.4, 1, 3)
    assert (twenty.learner.lr, twenty.learner.steps, twenty.test_learner.steps) == (0.1, 5, 5)
    assert five.test_learner.lr == 0.4


@pytest.mark.parametrize(("n_way", "lr", "steps", "test_steps"), [(5, 0.4, 1, 3), (20, 0.1, 5, 5)])
def test_fomaml_and_anil_are_maml_but_for_what_their_names_say(n_way, lr, steps, test_steps):
    maml, fomaml, anil = (build(f"{name}_omniglot", n_way=n_way) for name in ("maml", "fomaml", "anil"))
    assert fomaml.learner.gradient is first_order
    assert replace(fomaml.learner, gradient=autodiff) == replace(maml.learner, model=fomaml.learner.model)
    assert isinstance(anil.learner, ANIL)
    for recipe in (fomaml, anil):
        assert (recipe.learner.lr, recipe.learner.steps, recipe.test_learner.steps) == (lr, steps, test_steps)
        assert recipe.published != maml.published
        assert recipe.measured == ()
    assert anil.test_learner == replace(anil.learner, steps=test_steps)


def test_maml_plus_plus_is_judged_after_each_of_five_steps_most_of_all_after_the_last():
    recipe = build("maml_plus_plus_omniglot", n_way=3)
    assert (recipe.learner.steps, recipe.test_learner) == (5, recipe.learner)
    generator = torch.Generator().manual_seed(0)
    x, y = torch.rand(3, 1, 28, 28, generator=generator), torch.arange(3)
    task, phi = Task(Examples(x, y), Examples(x.flip(0), y.flip(0))), recipe.learner.init(0)
    each = [
        cross_entropy(recipe.learner.predict(phi, theta, task.query.x), task.query.y)
        for theta in recipe.learner.trajectory(phi, task.support)[1:]
    ]
    expected = sum(weight * loss for weight, loss in zip([0.1, 0.1, 0.1, 0.1, 0.6], each, strict=True))
    assert torch.allclose(recipe.task_loss(recipe.learner, phi, task), expected)


def test_protonet_trains_with_more_ways_than_it_is_tested_with():
    recipe = build("protonet_omniglot", n_way=20)
    assert (recipe.learner.n_way, recipe.test_learner.n_way) == (60, 20)
    assert names(recipe.learner.init(0)) == names(conv4(None, downsample="max").init(0))


def test_protonets_rate_is_halved_every_2000_steps():
    rate = build("protonet_omniglot").optimizer.lr
    steps = torch.tensor([0.0, 1999.0, 2000.0, 4000.0])
    assert torch.allclose(torch.stack([rate(s) for s in steps]), torch.tensor([1e-3, 1e-3, 5e-4, 2.5e-4]))


def test_a_misspelt_recipe_is_answered_with_the_nearest_and_the_list():
    with pytest.raises(
        RecipeError, match=r"no recipe 'maml_onniglot'.*protonet_omniglot.*Did you mean maml_omniglot\?"
    ):
        build("maml_onniglot")


def test_an_option_that_a_recipe_does_not_have_is_answered_with_those_it_has():
    with pytest.raises(RecipeError, match="maml_sinusoid has no option n_way; it has k_shot, n_tasks"):
        build("maml_sinusoid", n_way=5)


@pytest.mark.parametrize("options", [{"n_iterations": 0}, {"k_shot": -1}, {"lr": 0.0}])
def test_sizes_and_rates_are_above_zero(options):
    with pytest.raises(RecipeError, match=f"maml_sinusoid: {next(iter(options))} must be above 0"):
        build("maml_sinusoid", **options)


def test_the_seed_may_be_zero_but_not_negative():
    assert build("maml_sinusoid", seed=0).seed == 0
    with pytest.raises(RecipeError, match="seed must be at least 0, but is -1"):
        build("maml_sinusoid", seed=-1)


@pytest.mark.parametrize("name", MEASURED)
def test_our_number_says_what_was_typed_and_stands_in_the_readme(name):
    recipe, readme = build(name), (ROOT / "README.md").read_text()
    assert recipe.measured
    for ours in recipe.measured:
        assert ours.command.startswith(f"python -m metakit train {name}")
        assert "torch" in ours.run
        assert ours.protocol.startswith("1,000 test")
        percent = recipe.metric.name == "accuracy"
        shown = f"{100 * ours.value:.1f} ± {100 * ours.half_width:.1f} %" if percent else f"{ours.value:.2f}"
        assert shown in readme
