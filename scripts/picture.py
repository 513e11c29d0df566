"""Draw the README's pictures: what MAML's start is good for, a sheet of the glyphs, and the widget.

    python scripts/picture.py [--out docs] [--iterations 5000]

The widget is photographed in Chromium, if there is one; else its picture stays as it is.

Each PNG carries the words that stand for it, which the README gives as alternative text.
"""

import argparse
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import sync_playwright
from tqdm import tqdm

from metakit import figures
from metakit.algorithms.maml import MAML
from metakit.evaluation import evaluate
from metakit.learner import meta_loss, query_loss
from metakit.losses import mse
from metakit.minimize import minimize
from metakit.networks import mlp
from metakit.optimizers import Adam
from metakit.problem import Examples
from metakit.tasks import task_batches
from metakit.tasks.glyphs import glyphs
from metakit.tasks.sinusoids import Sinusoids
from metakit.widgets import AdaptationTrajectory

PANELS = ("pre-trained start", "MAML's start")
STEPS = {"before": 0, "after 1 step": 1, "after 10 steps": 10}


def adaptation(n_iterations: int) -> figures.Picture:
    """Return a new sine curve being learned from two starts that saw the same tasks."""
    maml = MAML(mlp((1, 40, 40, 1)), mse, lr=0.01, steps=1)
    tasks = Sinusoids()
    test = replace(tasks, n_query=100)
    starts = [  # pre-training is MAML that takes no inner step
        minimize(
            meta_loss(learner, query_loss(mse)),
            learner.init(0),
            Adam(1e-3),
            tqdm(
                task_batches(tasks, 25, n_iterations, torch.Generator().manual_seed(0)),
                title,
                n_iterations,
                disable=None,
            ),
        )
        for title, learner in zip(PANELS, (replace(maml, steps=0), maml), strict=True)
    ]
    errors = [
        {
            name: evaluate(replace(maml, steps=k), phi, test, mse, 1000, torch.Generator().manual_seed(1)).mean().item()
            for name, k in STEPS.items()
        }
        for phi in starts
    ]

    amplitude, phase = torch.full((1, 1, 1), 4.0), torch.full((1, 1, 1), 0.8)
    support = Examples(*(leaf[0] for leaf in tasks.tasks(amplitude, phase, torch.Generator().manual_seed(2)).support))
    x = torch.linspace(*tasks.domain, 200)[:, None]
    panels = {
        title: {
            name: maml.predict(phi, replace(maml, steps=k).adapt(phi, support), x)[:, 0] for name, k in STEPS.items()
        }
        for title, phi in zip(PANELS, starts, strict=True)
    }
    figure = figures.fits(
        x[:, 0], panels, (support.x[:, 0], support.y[:, 0]), truth=amplitude[0, 0] * torch.sin(x[:, 0] - phase[0, 0])
    )
    told = [", ".join(f"{error[name]:.2f} {name}" for name in STEPS) for error in errors]
    return figures.Picture(
        figure,
        "A new sine curve, learned by gradient descent from ten points. From MAML's start one step finds its shape; "
        "from a start pre-trained on the same tasks ten steps do not. Mean squared error over 1,000 new curves, "
        f"pre-trained: {told[0]}; MAML: {told[1]}.",
    )


def sheet(n_characters: int = 8, n_drawers: int = 20) -> figures.Picture:
    """Return the first characters of two invented alphabets, one a row, each as 20 drawers drew it."""
    drawn = glyphs()
    rows = torch.cat([(drawn.alphabet == alphabet).nonzero()[: n_characters // 2, 0] for alphabet in (0, 1)])
    images = drawn.images[rows, :n_drawers]
    ink = images.permute(0, 2, 1, 3).reshape(n_characters * 28, n_drawers * 28)
    figure = Figure(figsize=(8, 8 * n_characters / n_drawers))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(ink, cmap="gray_r", interpolation="nearest")
    axes.axhline(n_characters * 14 - 0.5, color="black", linewidth=0.8)
    axes.set_axis_off()
    return figures.Picture(
        figure,
        f"A sheet of {n_characters} generated characters from two invented alphabets, one a row, "
        f"each drawn by {n_drawers} drawers in different hands.",
    )


def trajectory(out: Path) -> None:
    """Photograph the adaptation trajectory, as a page shows it without a kernel, two steps into a curve."""
    alt = (
        "The adaptation trajectory, a widget: sliders for a sine curve, the inner rate and the steps; the path of the "
        "weights from three starts, each over the loss that it descends; the fit, and the query loss by step. After "
        "two steps MAML's start has found the curve; the pre-trained and the random start have not."
    )
    page_of = f"<!doctype html><meta charset='utf-8'><body>{AdaptationTrajectory().static_html()}"
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "widget.html")
        file.write_text(page_of, encoding="utf-8")
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        page = browser.new_page(viewport={"width": 840, "height": 1100})
        page.goto(file.as_uri())
        page.get_by_label("step", exact=True).fill("2")
        page.locator(".metakit-widget").last.screenshot(path=Path(folder, "shot.png"))
        browser.close()
        words = PngInfo()
        words.add_text("Description", alt)
        with Image.open(Path(folder, "shot.png")) as image:
            image.convert("RGB").save(out / "trajectory.png", pnginfo=words, optimize=True)
    print(f"trajectory: {alt}")


def main() -> None:
    """Draw all into a folder."""
    parser = argparse.ArgumentParser(description="Draw the README's pictures.")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--iterations", type=int, default=5_000)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for name, picture in {"glyphs": sheet(), "adaptation": adaptation(options.iterations)}.items():
        picture.figure.savefig(
            options.out / f"{name}.png", dpi=140, metadata={"Description": picture.alt, "Software": None}
        )
        print(f"{name}: {picture.alt}")
    if shutil.which("chromium"):
        trajectory(options.out)


if __name__ == "__main__":
    main()
