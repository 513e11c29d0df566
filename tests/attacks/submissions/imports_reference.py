"""Uses the library's own MAML: imports it, loads it from its file or its cache, or finds it in memory."""

DESERVES = 0
SHOWS = ["TRIED", "the reference algorithms are not available while grading"]


# %% inner_adapt
import gc
import importlib
import importlib.util
import os
import pkgutil
import sys
from pathlib import Path

import metakit

folder = Path(metakit.__file__).parent
for name in ("algorithms", "algorithms.maml", "recipes", "recipes.maml_omniglot", "exercises", "exercises.answers"):
    attempt(f"metakit.{name}", lambda name=name: importlib.import_module(f"metakit.{name}"))
    path = folder / name.replace(".", "/")
    attempt(f"{path}.py", lambda path=path: path.with_suffix(".py").read_text())


def load():
    spec = importlib.util.spec_from_file_location("stolen", folder / "algorithms/maml.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


attempt("loader", load)
attempt("modules", lambda: [n for n in sys.modules if n.startswith(("metakit.alg", "metakit.rec", "metakit.ex"))])
attempt("walk", lambda: [m.name for m in pkgutil.walk_packages(metakit.__path__) if "maml" in m.name])
attempt("files", lambda: [p for p in folder.rglob("*maml*")])
attempt("cache", lambda: [p for p in folder.rglob("*.pyc") if "maml" in p.name])
attempt("stub", lambda: [p for p in (folder / "algorithms").rglob("*.py") if p.name != "__init__.py"])
attempt("objects", lambda: [o for o in gc.get_objects() if isinstance(o, type) and o.__name__ == "MAML"])
attempt("pip", lambda: [p for p in Path(sys.prefix).rglob("maml.py") if "metakit" in str(p)])
attempt("work", lambda: set(os.listdir("@REPO@/metakit/algorithms")) - {"__init__.py", "__pycache__"})
print("TRIED", tried)

from metakit.algorithms.maml import MAML


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    return MAML(loss_fn, lr=lr, steps=steps, first_order=first_order).adapt(theta, support)


# %% maml_loss
