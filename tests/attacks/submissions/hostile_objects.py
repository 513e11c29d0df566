"""Returns what is not what it seems, and raises what cannot be printed."""

DESERVES = 0


# %% inner_adapt
import itertools


class Liar:
    __class__ = dict

    def __getattr__(self, name):
        raise SystemExit

    def __repr__(self):
        while True:
            pass


class Endless(dict):
    def items(self):
        return ((str(i), torch.ones(1)) for i in itertools.count())

    def __iter__(self):
        return (str(i) for i in itertools.count())


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError

    __repr__ = __str__


def knot():
    a = []
    a.append(a)
    return a


def unprintable():
    raise Unprintable


def base():
    raise BaseException("not an Exception")


RESULTS = itertools.cycle(
    [
        Liar,
        knot,
        unprintable,
        base,
        lambda: dict.fromkeys(map(str, range(200_000))),
        lambda: torch.ones(1).expand(2**40),
        lambda: torch.ones(3, 3).to_sparse(),
        lambda: torch.ones(1, device="meta"),
        lambda: torch.ones(2, dtype=torch.complex64),
        lambda: (x for x in ()),
        lambda: {1: 2},
        lambda: float("nan"),
        lambda: 10**5000,
        lambda: "x" * 10**8,
        lambda: torch.ones(5 * 10**7),
        lambda: type("T" * 10**6, (), {})(),
    ]
)


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    return next(RESULTS)()


print("TRIED")


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    raise Unprintable
