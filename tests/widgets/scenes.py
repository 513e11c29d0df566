"""Scenes for the widgets' pictures, from linear models so small that numpy says every number in them."""

import base64

import numpy as np

STEPS, GRID = 10, 21
X = np.linspace(-5, 5, 101)
PRESETS = {"five, spread": [-4.0, -2.0, 0.0, 2.0, 4.0], "two, close": [0.5, 1.0]}
STARTS = {
    "MAML": (0.0, 0.0),
    "FOMAML": (0.6, -0.5),
    "Reptile": (0.5, 0.9),
    "ANIL": (-0.8, 0.4),
    "pre-training": (2.5, 1.5),
    "random start": (-4.0, 3.0),
}
SCALES = {"MAML": 0.0, "FOMAML": 0.02, "Reptile": 0.05, "ANIL": 0.1, "pre-training": 0.2, "random start": 0.4}


def packed(values, dtype="float32"):
    """Arrays as they stand in a page."""
    values = np.ascontiguousarray(values, dtype)
    return {"shape": list(values.shape), "dtype": dtype, "data": base64.b64encode(values.tobytes()).decode()}


def unpacked(value):
    """The array that was packed, for a page or, as bytes, for a kernel's message."""
    data = value["data"] if isinstance(value["data"], bytes) else base64.b64decode(value["data"])
    return np.frombuffer(data, value["dtype"]).reshape(value["shape"])


def descend(grad, start, lr):
    """Gradient descent; thetas (STEPS + 1, n)."""
    thetas = [np.asarray(start, float)]
    for _ in range(STEPS):
        thetas.append(thetas[-1] - lr * grad(thetas[-1]))
    return np.stack(thetas)


def plane(thetas, loss):
    """The path, and the loss around it, on the plane through its chord and its furthest point from that."""
    moved = thetas - thetas[0]
    along = moved[-1] / np.linalg.norm(moved[-1])
    rest = moved - np.outer(moved @ along, along)
    across = rest[np.argmax(np.linalg.norm(rest, axis=1))]
    if np.linalg.norm(across) < 1e-6:
        across = np.eye(len(along))[np.argmin(np.abs(along))]
        across = across - (across @ along) * along
    axes = np.stack([along, across / np.linalg.norm(across)])
    path = moved @ axes.T
    pad = 0.3 * np.ptp(path[:, 0])
    low, high = path.min(0) - pad, path.max(0) + pad
    points = np.stack(np.meshgrid(*np.linspace(low, high, GRID).T), -1).reshape(-1, 2) @ axes + thetas[0]
    losses = np.array([loss(theta) for theta in points]).reshape(GRID, GRID)
    surface = {"loss": packed(losses), "x": [low[0], high[0]], "y": [low[1], high[1]]}
    return {"path": packed(path), "surface": surface}


def sinusoid(theta, x):
    """Every curve of the task family is a theta: a sin(x) + b cos(x)."""
    return theta[..., :1] * np.sin(x) + theta[..., 1:] * np.cos(x)


def sinusoid_numbers(name, amplitude=2.0, phase=0.0, points=PRESETS["five, spread"], lr=0.1):
    """Thetas (STEPS + 1, 2) from one start, and the support and the query loss as functions of theta."""
    x = np.array(points)
    design = np.stack([np.sin(x), np.cos(x)], 1)
    y = amplitude * np.sin(x - phase)
    thetas = descend(lambda theta: 2 * design.T @ (design @ theta - y) / len(x), STARTS[name], lr)
    return (
        thetas,
        lambda theta: np.mean((sinusoid(theta, x) - y) ** 2, -1),
        lambda theta: np.mean((sinusoid(theta, X) - amplitude * np.sin(X - phase)) ** 2, -1),
    )


def sinusoid_scene(amplitude=2.0, phase=0.0, points=PRESETS["five, spread"], lr=0.1):
    scene = {"request": 0, "task": "sinusoid", "lr": lr, "steps": STEPS, "starts": []}
    scene |= {"x": packed(X), "truth": packed(amplitude * np.sin(X - phase))}
    scene["support"] = {"x": packed(points), "y": packed(amplitude * np.sin(np.array(points) - phase))}
    for name in STARTS:
        thetas, support, query = sinusoid_numbers(name, amplitude, phase, points, lr)
        start = {"name": name, "yours": False, "problem": None, "accuracy": None, **plane(thetas, support)}
        losses = {"support_loss": packed(support(thetas)), "query_loss": packed(query(thetas))}
        scene["starts"].append({**start, **losses, "curve": packed(sinusoid(thetas, X))})
    return scene


def strokes(labels, rng):
    """Lines through the middle, at an angle for each label: images (n, 28, 28), ink up to 255."""
    rows, columns = np.mgrid[-1:1:28j, -1:1:28j]
    angles = np.pi * np.array(labels) / 5 + rng.normal(0, 0.12, len(labels))
    away = np.abs(np.cos(angles)[:, None, None] * rows - np.sin(angles)[:, None, None] * columns)
    return 255 * np.clip(1.6 - 9 * away, 0, 1) * (rows**2 + columns**2 < 0.7)


def omniglot_scene(episode=1, lr=0.4):
    """Five strokes to tell apart by a linear softmax on 7 x 7 pixels."""
    rng = np.random.default_rng(episode)
    labels = {"support": np.arange(5), "query": np.repeat(np.arange(5), 2)}
    images = {kind: strokes(those, rng) for kind, those in labels.items()}
    pixels = {kind: those.reshape(-1, 7, 4, 7, 4).mean((2, 4)).reshape(-1, 49) / 255 for kind, those in images.items()}

    def chances(theta, kind):
        odds = np.exp(pixels[kind] @ theta.reshape(49, 5))
        return odds / odds.sum(1, keepdims=True)

    def loss(theta, kind="support"):
        return -np.log(chances(theta, kind)[np.arange(len(labels[kind])), labels[kind]]).mean()

    def grad(theta):
        return (pixels["support"].T @ (chances(theta, "support") - np.eye(5)) / 5).ravel()

    scene = {"request": 0, "task": "omniglot", "lr": lr, "steps": STEPS, "source": "Omniglot", "starts": []}
    for kind, those in labels.items():
        scene |= {f"{kind}_images": packed(images[kind], "uint8"), f"{kind}_labels": those.tolist()}
    for name, spread in SCALES.items():
        thetas = descend(grad, spread * rng.normal(0, 1, 49 * 5), lr)
        says = np.stack([chances(theta, "query") for theta in thetas])
        start = {"name": name, "yours": False, "problem": None, "probabilities": packed(says), **plane(thetas, loss)}
        start["accuracy"] = packed((says.argmax(-1) == labels["query"]).mean(1))
        start["support_loss"] = packed([loss(theta) for theta in thetas])
        start["query_loss"] = packed([loss(theta, "query") for theta in thetas])
        scene["starts"].append(start)
    return scene


def limits(live=True):
    """What can be chosen: with a kernel, or on a page for which little was computed."""
    sinusoid = {
        "starts": list(STARTS), "amplitude": [0.5, 1.0, 2.0, 3.0, 4.0, 5.0], "phase": [0.0, 0.5, 1.0, 1.5, 2.0],
        "presets": PRESETS, "points": [1, 8] if live else None, "domain": [-5, 5],
        "lr": [0.03, 0.1, 0.3], "steps": list(range(1, STEPS + 1)),
        "default": {"amplitude": 2.0, "phase": 0.0, "points": PRESETS["five, spread"], "lr": 0.1, "steps": 10},
    }  # fmt: skip
    omniglot = {
        "starts": list(STARTS), "episode": None if live else [1, 2], "lr": [0.1, 0.4, 1.0],
        "steps": list(range(1, STEPS + 1)), "n_way": 5, "k_shot": 1, "source": "Omniglot",
        "default": {"episode": 1, "lr": 0.4, "steps": 10},
    }  # fmt: skip
    return {"sinusoid": sinusoid, "omniglot": omniglot, "live": live}


def trajectory(live=True, **choices):
    """The values of an adaptation trajectory that has just been opened."""
    shown = ["MAML", "pre-training", "random start"]
    first = {"request": 0, "task": "sinusoid", "shown": shown, "episode": 1, **limits()["sinusoid"]["default"]}
    state = {"choices": {**first, **choices}, "limits": limits(live), "scene": sinusoid_scene(), "step": 1}
    return {**state, "status": {"request": 0, "state": "done", "progress": 1, "message": ""}}


def computed():
    """A page's scenes: two amplitudes, two sets of points, two episodes."""
    scenes = {
        f"sinusoid|{amplitude}|0.0|{preset}|0.1": sinusoid_scene(amplitude, points=points)
        for amplitude in (1.0, 2.0)
        for preset, points in PRESETS.items()
    }
    return {**scenes, **{f"omniglot|{episode}|0.4": omniglot_scene(episode) for episode in (1, 2)}}


def curves():
    """The start in one dimension: tasks a (theta - c)^2 / 2, in closed form, and the best starts after each step."""
    phi, lr = np.linspace(-3, 3, 241), 0.3
    tasks = [
        {"name": "flat", "a": 0.5, "c": -2.0},
        {"name": "middle", "a": 1.0, "c": 0.0},
        {"name": "steep", "a": 2.5, "c": 1.0},
    ]
    a, c = (np.array([task[key] for task in tasks])[:, None] for key in "ac")
    left = (1 - lr * a) ** np.arange(6)[:, None, None]  # (m + 1, n_tasks, 1): of the way to c, what is left
    losses = a * (left * (phi - c)) ** 2 / 2
    weights = {"MAML": a * left**2, "FOMAML": a * left, "joint training": a * left**0}
    best = {name: packed(((w * c).sum(1) / w.sum(1))[:, 0]) for name, w in weights.items()}
    numbers = {"phi": packed(phi), "losses": packed(losses), "mean": packed(losses.mean(1))}
    return {"curves": {"tasks": tasks, "best": best, "lr": lr, **numbers}, "step": 1, "phi": -1.0}
