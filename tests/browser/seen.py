"""What a reader sees of the widgets, and does with them: by mouse, by keyboard, and no other way."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator

NUMBER = r"(−?[\d.]+(?:e[−-]?\d+)?)"


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for what a reader waits for; say what it was when it does not come."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.03)


@dataclass(frozen=True)
class Shown:
    """A widget on a page; ``root`` is its ``.metakit-widget``."""

    root: Locator

    @property
    def told(self) -> str:
        """The line of numbers."""
        return self.root.locator(".mk-summary > span").inner_text()

    def control(self, label: str) -> Locator:
        return self.root.get_by_label(label, exact=True)

    def value(self, label: str) -> str:
        """What a slider says where it stands."""
        return self.control(label).get_attribute("aria-valuetext") or ""

    def by_keys(self, label: str, value: str) -> None:
        """Move a slider with the arrow keys until it says ``value``."""
        slider = self.control(label)
        if self.value(label) == value:
            return
        slider.focus()
        slider.press("Home")
        for _ in range(400):
            if self.value(label) == value:
                return
            slider.press("ArrowRight")
        raise AssertionError(f"{label} has no stop {value}")

    def by_mouse(self, label: str, share: float) -> str:
        """Drag a slider's handle to a share of its way; return what it says there."""
        slider = self.control(label)
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        assert box
        last, now = int(slider.get_attribute("max") or 1), int(slider.input_value())
        x, y = (lambda share: box["x"] + 8 + (box["width"] - 16) * share), box["y"] + box["height"] / 2
        mouse = slider.page.mouse
        mouse.move(x(now / last), y)
        mouse.down()
        mouse.move(x(share), y, steps=4)
        mouse.up()
        return self.value(label)

    def picture(self) -> str:
        """All that is drawn, without the ids, which are new each time."""
        drawn = self.root.evaluate("root => [...root.querySelectorAll('svg')].map(one => one.outerHTML).join()")
        return re.sub(r"metakit-\w+-", "", drawn)


class Trajectory(Shown):
    """The adaptation trajectory."""

    def losses(self, what: str = "Query loss") -> dict[str, float]:
        """The numbers of each start in the line of numbers; accuracies in percent."""
        match = re.search(rf"{what}: (.*?)\.(?: |$)", self.told)
        assert match, self.told
        found = (re.fullmatch(rf"(.+?) {NUMBER}%?", part) for part in match[1].split(", "))
        return {part[1]: number(part[2]) for part in found if part}

    def at_step(self, step: int, steps: int = 10) -> dict[str, float]:
        """Go to a step by keys; return the losses there."""
        until(lambda: self.value("step").endswith(f" of {steps}"))
        self.by_keys("step", f"{step} of {steps}")
        until(lambda: self.told.startswith(f"Step {step} of {steps}."))
        return self.losses()

    def path(self, start: str) -> list[tuple[float, float]]:
        """Where the path's markers stand on the plane, in the units of its axes."""
        figure = self.root.locator(f'.mk-panels figure[data-start="{start}"]')
        ticks, markers = figure.evaluate(READ)
        return [(at(x, ticks["x"]), at(y, ticks["y"])) for x, y in markers]

    def here(self, start: str) -> list[list[float]]:
        """Where the path's large marker stands, and where its small ones do, in pixels."""
        figure = self.root.locator(f'.mk-panels figure[data-start="{start}"]')
        large = figure.locator("[data-now]").get_attribute("transform") or ""
        place = [float(v) for v in re.findall(r"translate\((\S+) (\S+)\)", large)[0]]
        return [place, *figure.evaluate(READ)[1]]

    def length(self, start: str) -> float:
        """How far the path's end is from its start, in the space of weights."""
        (x, y), *_, (u, v) = self.path(start)
        return ((u - x) ** 2 + (v - y) ** 2) ** 0.5

    def points(self) -> list[float]:
        """The support points, as the fit tells them."""
        label = self.root.locator(".mk-plot svg[aria-label^=Fit]").get_attribute("aria-label") or ""
        return [number(v) for v in label.rpartition("x = ")[2].split(", ")]

    def truth(self) -> list[float]:
        """The heights of the grey curve, in pixels."""
        d = self.root.locator(".mk-truth").get_attribute("d") or ""
        return [float(y) for _, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", d)]

    def images(self) -> list[str]:
        return list(self.root.locator(".mk-tile img").evaluate_all("all => all.map(image => image.src)"))


def at(pixel: float, ticks: list[list[float]]) -> float:
    """The number at a pixel, by two of an axis's ticks [pixel, number]."""
    (a, low), *_, (b, high) = ticks
    return low + (high - low) * (pixel - a) / (b - a)


READ = """figure => {
  const value = text => Number(text.textContent.replace("−", "-"))
  const lines = [...figure.querySelectorAll(".mk-axes line")]
  const ticks = {x: [], y: []}
  for (const line of lines) {
    const upright = line.getAttribute("x1") === line.getAttribute("x2")
    ticks[upright ? "x" : "y"].push([Number(line.getAttribute(upright ? "x1" : "y1")), value(line.nextElementSibling)])
  }
  const place = marker => /translate\\((\\S+) (\\S+)\\)/.exec(marker.getAttribute("transform")).slice(1).map(Number)
  const markers = [...figure.querySelectorAll(".mk-marker:not([data-now])")]
  return [ticks, markers.filter(marker => marker.closest("svg[role=img]")).map(place)]
}"""


class Start(Shown):
    """The start in one dimension."""

    def numbers(self) -> dict[str, float]:
        """φ, the mean loss there, and each method's best start, as the line of numbers tells them."""
        pattern = rf"At φ = {NUMBER}, after (\d+) steps?, the mean loss is {NUMBER} .* Best starts: (.*)\.$"
        match = re.match(pattern, self.told)
        assert match, self.told
        best = dict(re.fullmatch(rf"(.+) {NUMBER}", part).groups() for part in match[4].split(", "))  # type: ignore[union-attr]
        mine = {"phi": match[1], "steps": match[2], "mean": match[3]}
        return {name: number(text) for name, text in (mine | best).items()}
