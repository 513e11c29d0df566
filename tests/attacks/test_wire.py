"""Only values cross the wall: what is forged is a value or no message, whatever it is made of."""

import base64
import json
import math
import random
import tracemalloc

import pytest
import torch

from autograder.inside.wire import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_TEXT,
    MAX_VALUES,
    Code,
    Other,
    WireError,
    decode,
    encode,
)
from metakit.problem import Examples, Task

EXAMPLES = Examples(torch.arange(6.0).reshape(2, 3), torch.tensor([0, 1]))


def framed(header, tensors=b"", size=None):
    """A message with any header and any bytes."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return base64.b64encode((len(raw) if size is None else size).to_bytes(8, "big") + raw + tensors).decode()


def alike(a, b):
    """Whether two values are the same in kind, and tensors in every respect that crosses."""
    if isinstance(a, torch.Tensor):
        same = (a.dtype, a.shape, a.requires_grad) == (b.dtype, b.shape, b.requires_grad)
        return same and torch.equal(torch.nan_to_num(a.detach(), 7), torch.nan_to_num(b.detach(), 7))
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(alike(a[name], b[name]) for name in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    return a == b or (a != a and b != b)


VALUES = {
    "none": None,
    "true": True,
    "int": -(2**63) + 1,
    "float": 0.1,
    "infinity": -math.inf,
    "nan": math.nan,
    "text": "é\0\n'\"" * 9,
    "list": [1, [2.0, ["x"]], ()],
    "tuple": (1, (None,), {}),
    "dict": {"b": 1, "a": {"": torch.ones(2)}},
    "float32": torch.randn(2, 3),
    "float64": torch.randn(4, dtype=torch.float64),
    "int64": torch.tensor([[-(2**62)]]),
    "bool": torch.tensor([True, False]),
    "a number": torch.tensor(3.5),
    "empty": torch.ones(2, 0, 3),
    "leaf": torch.randn(3, requires_grad=True),
    "turned": torch.arange(6.0).reshape(2, 3).mT,
    "not finite": torch.tensor([math.nan, math.inf]),
    "examples": EXAMPLES,
    "task": Task(EXAMPLES, EXAMPLES),
    "code": Code("def f():\n    return 1\n", "f"),
    "several": [torch.ones(1), torch.zeros(2), {"x": torch.ones(1, 1)}],
    "as long as may be": "x" * MAX_TEXT,
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_value_comes_back_as_it_was(value):
    assert alike(decode(encode(value)), value)


class Named(dict):
    """A dict of a student's."""


OTHERS = {
    "an object": object(),
    "a function": len,
    "a large int": 2**63,
    "half precision": torch.ones(1, dtype=torch.float16),
    "sparse": torch.ones(2, 2).to_sparse(),
    "a set": {1},
    "a dict of ints": {1: 2},
}


@pytest.mark.parametrize("value", OTHERS.values(), ids=OTHERS)
def test_what_does_not_cross_becomes_a_name(value):
    assert isinstance(decode(encode(value)), Other)


def test_kinds_of_a_students_own_become_plain():
    class Number(float):
        pass

    class Mine(torch.Tensor):
        pass

    assert type(decode(encode(Named(a=1)))) is dict
    assert decode(encode(Number(3))) == Other("Number")
    assert type(decode(encode(torch.ones(2).as_subclass(Mine)))) is torch.Tensor


def test_tensors_that_come_back_own_their_memory_and_are_leaves():
    twice = torch.ones(3, requires_grad=True) * 2
    one, two = decode(encode([twice, torch.ones(3)]))
    assert one.is_leaf
    assert one.requires_grad
    two += 1
    assert torch.equal(one.detach(), torch.full((3,), 2.0))
    assert torch.equal(two, torch.full((3,), 2.0))


def test_what_is_cut_to_be_told_is_cut():
    assert decode(encode("x" * (MAX_TEXT + 1))) == "x" * MAX_TEXT
    assert decode(encode({"n" * (MAX_TEXT + 1): 1})) == {"n" * MAX_TEXT: 1}
    assert decode(encode(type("T" * 200, (), {})())) == Other("T" * 100)
    knot: list = []
    knot.append(knot)
    assert "something nested too deeply" in str(decode(encode(knot)))


def test_what_is_too_large_is_not_handed_over():
    with pytest.raises(WireError, match="MB are too much to hand over; at most 64"):
        encode(torch.ones(MAX_BYTES // 4))
    with pytest.raises(WireError, match="MB are too much to hand over; at most 4"):
        encode(["x" * MAX_TEXT] * 500)


def deep(n):
    entry = ["none"]
    for _ in range(n):
        entry = ["list", [entry]]
    return entry


def tensor(dtype="float32", shape=(1,), grad=False):
    return ["tensor", dtype, list(shape), grad]


FOUR = b"\0" * 4
AT_THE_BOUND = {
    "depth": framed(deep(MAX_DEPTH - 1)),
    "values": framed(["list", [["none"]] * (MAX_VALUES - 1)]),
    "rank": framed(tensor(shape=[1] * 8), FOUR),
    "text": framed(["str", "x" * MAX_TEXT]),
    "name": framed(["dict", [["x" * MAX_TEXT, ["none"]]]]),
    "name of a type": framed(["other", "x" * 100]),
    "int": framed(["int", 2**63 - 1]),
    "bytes": framed(tensor(), FOUR),
    "gradient": framed(tensor(grad=True), FOUR),
    "an int has no gradient": framed(tensor("int64", grad=True), FOUR * 2),
}
BEYOND = {
    "depth": framed(deep(MAX_DEPTH)),
    "values": framed(["list", [["none"]] * MAX_VALUES]),
    "rank": framed(tensor(shape=[1] * 9), FOUR),
    "text": framed(["str", "x" * (MAX_TEXT + 1)]),
    "name": framed(["dict", [["x" * (MAX_TEXT + 1), ["none"]]]]),
    "name of a type": framed(["other", "x" * 101]),
    "int": framed(["int", 2**63]),
    "int below": framed(["int", -(2**63)]),
    "fewer bytes": framed(tensor(), FOUR[:3]),
    "more bytes": framed(tensor(), FOUR + b"\0"),
    "bytes for nothing": framed(["none"], b"\0"),
    "the same bytes twice": framed(["list", [tensor(), tensor()]], FOUR),
    "size of the header": framed(["none"], size=2),
    "size beyond the end": framed(["none"], size=99),
    "size of the universe": framed(["none"], size=2**64 - 1),
    "no size": base64.b64encode(b"\0\0").decode(),
    "nothing": "",
    "too long": "A" * (MAX_BYTES + 4),
    "no base64": framed(["none"]) + "!",
    "spaces": " ".join(framed(["none"])),
    "no end": framed(["none"])[:-1],
    "not ASCII": "é" * 8,
    "not UTF-8": framed(b'["str", "\xff"]'),
    "half a letter": framed(b'["str", "\\ud800"]')[:-4] + "AAAA",
    "not JSON": framed(b"['none']"),
    "nested without end": framed(b"[" * 100_000),
    "digits without end": framed(b'["int", ' + b"9" * 10_000 + b"]"),
    "true for an int": framed(["int", True]),
    "a float for an int": framed(["int", 1.0]),
    "an int for a float": framed(["float", 1]),
    "an int for a bool": framed(["bool", 1]),
    "a number for text": framed(["str", 1]),
    "a list for a name": framed(["dict", [[["a"], ["none"]]]]),
    "an item of one": framed(["dict", [["a"]]]),
    "an item of three": framed(["dict", [["a", ["none"], ["none"]]]]),
    "an item of text": framed(["dict", ["ab"]]),
    "no list": framed(["list", {"a": 1}]),
    "text for a list": framed(["list", "none"]),
    "one part of examples": framed(["examples", ["none"]]),
    "three parts of a task": framed(["task", ["none"], ["none"], ["none"]]),
    "code of numbers": framed(["code", 1, "f"]),
    "an unknown kind": framed(["object", "os"]),
    "no kind": framed([]),
    "no list at all": framed({"none": 1}),
    "an unknown dtype": framed(tensor("float16"), FOUR),
    "a dtype that is none": framed(tensor("Tensor"), FOUR),
    "a negative shape": framed(tensor(shape=[-1, -1]), FOUR),
    "a shape of floats": framed(tensor(shape=[1.0]), FOUR),
    "a shape of bools": framed(tensor(shape=[True]), FOUR),
    "a shape beyond memory": framed(tensor(shape=[2**40])),
    "an empty shape beyond memory": framed(tensor(shape=[0, 2**62, 2**62])),
    "a shape that is none": framed(["tensor", "float32", 1, False], FOUR),
    "a gradient of text": framed(["tensor", "float32", [1], "yes"], FOUR),
}


@pytest.mark.parametrize("message", AT_THE_BOUND.values(), ids=AT_THE_BOUND)
def test_a_message_may_be_as_large_as_the_bound(message):
    decode(message)


@pytest.mark.parametrize("message", BEYOND.values(), ids=BEYOND)
def test_a_message_that_breaks_a_bound_is_none(message):
    with pytest.raises(WireError):
        decode(message)


def test_a_message_that_is_too_long_is_not_even_decoded():
    with pytest.raises(WireError, match="the message is too large"):
        decode("A" * (MAX_BYTES + 4))


def test_what_is_read_is_bounded_before_it_is_made():
    """Header of small parts: a message of 60 MB would become gigabytes of empty lists."""
    tracemalloc.start()
    with pytest.raises(WireError, match="too much in it"):
        decode(framed(b"[" + b"[]," * 2_000_000 + b"[]]"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * 2**20


def test_whatever_is_changed_in_a_message_it_is_a_value_or_no_message():
    rng = random.Random(0)
    message = base64.b64decode(encode({"value": VALUES["several"], "pulled": VALUES["task"], "text": "x" * 30}))
    kinds = [b'"tensor"', b'"dict"', b'"float64"', b"[]", b"{}", b"-1", b"1e400", b"null", b"NaN", b'"', b"]", b"\xff"]
    outcomes = {"value": 0, "none": 0}
    for _ in range(5000):
        raw = bytearray(message)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(raw))
            match rng.randrange(4):
                case 0:
                    raw[at] = rng.randrange(256)
                case 1:
                    del raw[at : at + rng.randint(1, 20)]
                case 2:
                    raw[at:at] = rng.choice(kinds)
                case 3:
                    raw[at : at + 8] = raw[(other := rng.randrange(len(raw))) : other + 8]
        try:
            decode(base64.b64encode(bytes(raw)).decode())
            outcomes["value"] += 1
        except WireError:
            outcomes["none"] += 1
    assert min(outcomes.values()) > 50
