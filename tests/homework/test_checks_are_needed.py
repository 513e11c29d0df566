"""Every line of every check, taken away or changed, lets a wrong solution pass, fails a right one, or says less."""

import ast
import copy
import inspect
import types

import pytest
from checks import hw2_maml
from checks.hw2_maml import asking, inner_adapt, maml_loss

from autograder.examiner import judge
from autograder.inside.desk import answer
from tests.homework.test_hw2_maml import RIGHT, WRONG, notebook_of, prepared

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings(r"ignore:Using backward\(\) with create_graph=True")]

SEED = 3
MODULES = {module.__name__.rpartition(".")[2]: module for module in (asking, inner_adapt, maml_loss)}


def odd(change):
    """The model solution with another ``inner_adapt``, which only a careful check tells from it."""
    namespace = prepared(notebook_of())
    right = namespace["inner_adapt"]

    def inner_adapt(theta, loss_fn, support, *args, **kwargs):
        return change(right(theta, loss_fn, support, *args, **kwargs), theta, support)

    return namespace | {"inner_adapt": inner_adapt}


def changes_support(adapted, theta, support):
    support.y.data.zero_()
    return adapted


def renames(adapted, theta, support):
    return {f"new_{name}": weight for name, weight in adapted.items()}


def adds_to_the_dict(adapted, theta, support):
    theta["new"] = next(iter(theta.values()))
    return adapted


@pytest.fixture(scope="module")
def namespaces():
    """The functions of every solution, by name."""
    found = {path.stem if path else "model": prepared(notebook_of(path)) for path in (None, *RIGHT, *WRONG)}
    return found | {change.__name__: odd(change) for change in (changes_support, renames, adds_to_the_dict)}


def marks(check, namespaces):
    """What each solution gets from one check: share, outcome, message."""
    found = {}
    for name, namespace in namespaces.items():
        mark = judge(check, lambda request, namespace=namespace: answer(request, namespace), SEED, 1.0, set())
        found[name] = (mark.share, mark.outcome, mark.message)
    return found


@pytest.fixture(scope="module")
def before(namespaces):
    return {check.__name__: marks(check, namespaces) for check in hw2_maml.CHECKS}


def changes(module):
    """All ways to take one line away or to look at less: a label, and the tree of the module after it."""
    tree = ast.parse(inspect.getsource(module))
    places = [n for f in tree.body if isinstance(f, ast.FunctionDef) for n in ast.walk(f)]
    for number, node in enumerate(places):
        for kind in _kinds(node):
            changed = copy.deepcopy(tree)
            other = [n for f in changed.body if isinstance(f, ast.FunctionDef) for n in ast.walk(f)][number]
            _change(other, kind)
            yield f"{node.lineno} {kind} {ast.unparse(node)[:60]}", changed


def _kinds(node):
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return ["without"]
    if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
        return [f"only {i}" for i in range(len(node.iter.elts))]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("close", "same", "equal"):
        return ["always"]
    return []


def _change(node, kind):
    if kind == "without":
        node.value = ast.Constant(None)
    elif kind == "always":
        node.func, node.args, node.keywords = ast.Name("bool", ast.Load()), [ast.Constant(1)], []
    else:
        node.iter.elts = [node.iter.elts[int(kind.split()[1])]]


def broken(name, tree):
    """The homework's checks as they are when module ``name`` is ``tree``: by name."""
    space = {}
    for module, source in MODULES.items():
        made = types.ModuleType(f"broken.{module}")
        made.__dict__.update(vars(source))
        made.__dict__.update(space)
        if module == name:
            exec(compile(ast.fix_missing_locations(tree), f"<{name}>", "exec"), made.__dict__)
        elif name == "asking":
            exec(compile(inspect.getsource(source), f"<{module}>", "exec"), made.__dict__)
        if module == "asking":
            space = {k: v for k, v in vars(made).items() if isinstance(v, types.FunctionType)}
        if name == "asking" and module != "asking":
            made.__dict__.update(space)
        for check in hw2_maml.CHECKS:
            if check.__name__ in vars(made) and vars(made)[check.__name__].__globals__ is made.__dict__:
                yield vars(made)[check.__name__]


def all_changes():
    return [(name, label, tree) for name, module in MODULES.items() for label, tree in changes(module)]


def test_there_are_many():
    assert len(all_changes()) > 60


@pytest.mark.parametrize("name", MODULES)
def test_every_line_of_the_checks_is_needed(name, namespaces, before):
    unnoticed = []
    for module, label, tree in all_changes():
        if module == name and not any(
            marks(check, namespaces) != before[check.__name__] for check in broken(name, tree)
        ):
            unnoticed.append(label)
    assert not unnoticed, "\n".join(unnoticed)
