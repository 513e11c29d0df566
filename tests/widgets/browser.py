"""Widgets in a real browser, without Python behind them: their modules as they are, over values made here."""

from pathlib import Path

import metakit

HERE = Path(metakit.__path__[0]) / "widgets"
ADDRESS = "http://widgets.test/"

PAGE = """<!doctype html>
<html lang="en"><head><title>Widgets</title><link rel="stylesheet" href="kit.css">
<style>body { margin: 0; background: Canvas; color: CanvasText }</style></head>
<body><main><h1>Widgets</h1><div class="host"></div><div class="host"></div></main></body></html>"""

OPEN = """async ([name, state, place]) => {
  const { staticModel } = await import("./kit.js");
  const widget = await import(`./${name}.js`);
  window.model = staticModel(state);
  window.close_it = widget.default.render({ model, el: document.querySelectorAll(".host")[place] });
}"""


def blank(browser, width=800, dark=False, still=True):
    """A page without widgets, which can load their modules; ``page.errors`` are what went wrong in it."""
    motion, colours = "reduce" if still else "no-preference", "dark" if dark else "light"
    view = {"width": width, "height": 1200}
    page = browser.new_page(viewport=view, color_scheme=colours, reduced_motion=motion)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(error))
    page.route(f"{ADDRESS}**", lambda route: route.fulfill(**file(route.request.url.removeprefix(ADDRESS))))
    page.goto(ADDRESS)
    return page


def file(name):
    if not name:
        return {"body": PAGE, "content_type": "text/html; charset=utf-8"}
    if not (HERE / name).is_file():
        return {"status": 404}
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    return {"body": (HERE / name).read_text(encoding="utf-8"), "content_type": f"{kind}; charset=utf-8"}


def show(page, name, state, place=0):
    """Draw a widget; its model is ``window.model``, and ``window.close_it`` takes it away."""
    page.evaluate(OPEN, [name, state, place])
    settle(page)


def put(page, name, value):
    """What Python would say."""
    page.evaluate("([name, value]) => model.set(name, value)", [name, value])
    settle(page)


def settle(page):
    """Wait until what was asked for is drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
