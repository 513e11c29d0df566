"""The desk in the student's kernel: takes a request, calls their function, hands back plain values."""

import linecache
import os
import traceback
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

import metakit
from autograder.inside.wire import Code, WireError, decode, encode
from metakit.tree import tree_leaves, tree_map

MAX_TOLD = 500
"""Characters of an error's own text that are told."""

_OURS = (__file__, f"{os.path.dirname(metakit.__file__)}{os.sep}", "<the examiner's function>")


def answer(message: str, namespace: Mapping[str, Any] | None = None) -> str:
    """Do what a request asks, in a notebook's namespace, and return the answer as a message.

    Args:
        message: holds ``function``, ``args`` and ``kwargs``. If it holds ``cotangent``, the result is also pulled back
            to the leaves of the arguments. If it holds ``after``, the arguments come back as the call left them.
        namespace: where the student's functions are; the notebook's own by default.

    Returns:
        A message with ``value``, and ``pulled`` (a list, one entry a leaf, None where nothing depends on it; or a word
        on why there is none) or ``after`` with ``grads``; or with ``missing``; or with ``raised`` and where.
    """
    request = decode(message)
    function = (_notebook() if namespace is None else namespace).get(request["function"])
    if not callable(function):
        return encode({"missing": True})
    args, kwargs = [_built(a) for a in request["args"]], {k: _built(v) for k, v in request["kwargs"].items()}
    leaves = [t for t in _tensors([args, kwargs]) if t.requires_grad]
    try:
        value = function(*args, **kwargs)
        reply: dict[str, Any] = {"value": value}
        if "cotangent" in request:
            reply["pulled"] = _pulled(value, request["cotangent"], leaves)
        if "after" in request:
            reply |= {"after": args, "grads": [leaf.grad is not None for leaf in leaves]}
        return encode(reply)
    except WireError as error:
        return encode({"raised": f"What came back is too large: {error}", "line": "", "number": 0})
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        return encode({"raised": f"{type(error).__name__}: {error}"[:MAX_TOLD], **_where(error)})


def _notebook() -> Mapping[str, Any]:
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return shell.user_ns if shell else {}


def _built(value: Any) -> Any:
    """Return ``value`` with code in place of which the function that it makes stands."""
    if isinstance(value, Code):
        space: dict[str, Any] = {"torch": torch}
        exec(compile(value.source, "<the examiner's function>", "exec"), space)
        return space[value.name]
    return value


def _tensors(value: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(value) if isinstance(leaf, Tensor)]


def _pulled(value: Any, cotangent: Any, leaves: list[Tensor]) -> list[Tensor | None] | str:
    """Return the derivatives by ``leaves`` of the inner product of ``value`` and ``cotangent``."""
    try:
        products = tree_leaves(tree_map(lambda v, c: (v * c.to(v.dtype)).sum(), value, cotangent))
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError):
        return "form"  # the value is not of the cotangent's
    total = torch.stack([p.double() for p in products]).sum()
    if not total.requires_grad:
        return "no graph"
    try:
        return list(torch.autograd.grad(total, leaves, allow_unused=True))
    except RuntimeError as error:  # a graph that was used up, or a tensor that was changed in place
        return f"raised {type(error).__name__}: {error}"[:MAX_TOLD]


def _where(error: BaseException) -> dict[str, Any]:
    """Say at which line of the student's own an error was raised."""
    own = [f for f in traceback.extract_tb(error.__traceback__) if _is_theirs(f.filename)]
    if not own:
        return {"line": "", "number": 0}
    line = linecache.getline(own[-1].filename, own[-1].lineno or 0).strip()
    return {"line": line[:MAX_TOLD], "number": own[-1].lineno or 0}


def _is_theirs(filename: str) -> bool:
    return "site-packages" not in filename and not filename.startswith(_OURS)
