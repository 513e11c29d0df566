"""Patches the desk: answers are no messages, in every way there is, a new one each time."""

DESERVES = 0


# %% inner_adapt
import base64
import itertools
import json

from autograder.inside import desk


def framed(header, tensors=b"", size=None):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    length = len(raw) if size is None else size
    return base64.b64encode(length.to_bytes(8, "big") + raw + tensors).decode()


def told(entry, *more):
    return framed(["dict", [["value", entry], *more]])


def theta(shape):
    return ["dict", [["body", ["tensor", "float32", shape, True]], ["head", ["tensor", "float32", [3], True]]]]


ANSWERS = [
    "",
    "A",
    "====",
    "not base64 at all!",
    "\u00e9" * 20,
    None,
    7,
    b"bytes",
    ["a", "list"],
    "A" * 4_000_000,
    framed(b""),
    framed(b"null"),
    framed(b"{}"),
    framed(b"[" * 200_000),
    framed(b"[" * 900 + b"]" * 900),
    framed(b"[1e999, NaN, Infinity]"),
    framed(b'["int", ' + b"9" * 100_000 + b"]"),
    framed(["dict", []], size=2**63),
    framed(["dict", []], b"more than it says"),
    told(["tensor", "float32", [2**40], False]),
    told(["tensor", "float32", [-1], False]),
    told(["tensor", "float32", [0] * 60, False]),
    told(["tensor", "float16", [], False]),
    told(["tensor", "float32", [1], False]),
    told(["tensor", "object", [1], False]),
    told(theta([2, 2])),
    told(theta([0, 2**30])),
    told(["float", float("nan")], ["pulled", ["float", float("nan")]]),
    told(["float", float("inf")]),
    told(["code", "import os; os._exit(1)", "os"]),
    told(["other", "Tensor"]),
    told(["none"]),
    told(["dict", [["a", ["none"]]] * 9_000]),
    framed(["list", [["none"]] * 20_000]),
    framed(["dict", [[1, ["none"]]]]),
    framed(["dict", [["raised", ["int", 3]], ["line", ["none"]], ["number", ["str", "x"]]]]),
    framed(["dict", [["raised", ["str", "KeyboardInterrupt"]], ["line", ["str", ""]], ["number", ["bool", True]]]]),
    framed(["dict", [["missing", ["str", "maybe"]]]]),
]
endless = itertools.cycle(ANSWERS)
desk.answer = lambda message, namespace=None: next(endless)


# %% last
print("TRIED")
