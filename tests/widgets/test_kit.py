"""What all widgets share on Python's side."""

import asyncio
import base64
import json
import re

import numpy as np
import pytest

from metakit.widgets import AdaptationTrajectory, StartInOneDimension
from metakit.widgets import kit as kits
from metakit.widgets.kit import array, compose
from metakit.widgets.latest import Latest

WIDGETS = [AdaptationTrajectory, StartInOneDimension]


def test_one_module_comes_of_two_in_one_scope():
    kit = "export function draw() {}\nexport const SIZE = 3;\nconst own = 1;\n"
    imported = 'import {\n  draw,\n  SIZE,\n} from "./kit.js";\n'
    script = "// first\n" + imported + "export function picture() {}\nexport default { render };\n"
    made = compose(kit, script)
    assert made.startswith("// first\nfunction draw() {}\nconst SIZE = 3;\nconst own = 1;\n")
    assert "import" not in made
    assert "export default { render };" in made


@pytest.mark.parametrize("lines", ["", 'import { a } from "./kit.js";\nimport { b } from "./kit.js";\n'])
def test_a_script_without_its_one_import_of_the_kit_is_refused(lines):
    with pytest.raises(ValueError, match="one line import"):
        compose("", lines + "export default {}")


@pytest.mark.parametrize("widget", WIDGETS)
def test_a_widget_s_module_stands_alone(widget):
    esm = widget._esm
    assert not re.search(r"^import\b", esm, re.MULTILINE)
    assert len(re.findall(r"^export default \{ render \};$", esm, re.MULTILINE)) == 1
    assert esm.count("function mount(") == 1


@pytest.mark.parametrize(("values", "dtype"), [([[1.5, -2], [0, 1e-3], [7, 8]], "float32"), ([0, 255, 7], "uint8")])
def test_arrays_go_as_little_endian_bytes(values, dtype):
    packed = array(values, dtype)
    assert packed["shape"] == list(np.shape(values))
    assert packed["dtype"] == dtype
    came = np.frombuffer(packed["data"], "<f4" if dtype == "float32" else "u1").reshape(packed["shape"])
    assert np.array_equal(came, np.array(values, dtype))


def state_of(page):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)[1])


def test_a_page_holds_the_same_numbers_as_the_kernel():
    widget = StartInOneDimension()
    state = state_of(widget.static_html())
    assert state["step"] == widget.step
    assert base64.b64decode(state["curves"]["mean"]["data"]) == widget.curves["mean"]["data"]
    assert state["curves"]["tasks"] == widget.curves["tasks"]


def test_no_text_ends_a_script_early(monkeypatch):
    widget = StartInOneDimension([("</script><b>", 1.0, 0.0), ("b", 2.0, 1.0)])
    page = widget.static_html()
    assert page.count("</script>") == 2
    assert state_of(page)["curves"]["tasks"][0]["name"] == "</script><b>"


def test_a_page_draws_each_widget_once_however_often_its_module_runs():
    page = StartInOneDimension().static_html()
    assert 'data-name="start_in_one_dimension"' in page
    assert "mount(root, render)" in page
    assert ":not([data-mounted])" in page
    assert page.index("<p>") < page.index("<script")


def test_the_environment_decides_between_kernel_and_page(monkeypatch):
    widget = StartInOneDimension()
    live, _ = widget._repr_mimebundle_()
    assert live["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id
    assert live["text/plain"] == widget.told
    monkeypatch.setenv("METAKIT_WIDGETS", "static")
    static = widget._repr_mimebundle_()
    assert static == {"text/html": widget.static_html(), "text/plain": widget.told}


class Work:
    """Ten slices that write down what becomes of them."""

    def __init__(self, diary, name, during=None):
        self.diary, self.name, self.during = diary, name, during

    def __iter__(self):
        try:
            for i in range(10):
                self.diary.append((self.name, i))
                if self.during:
                    self.during(i)
                yield None
            self.diary.append((self.name, "done"))
        except GeneratorExit:
            self.diary.append((self.name, "given up"))
            raise


def test_without_a_loop_work_is_done_at_once():
    diary = []
    Latest().start(iter(Work(diary, "a")))
    assert diary[-1] == ("a", "done")


def test_newer_work_takes_the_place_of_what_is_running():
    diary, latest = [], Latest()

    async def main():
        loop = asyncio.get_running_loop()
        newer = Work(diary, "newer")
        older = iter(Work(diary, "older", lambda i: i == 2 and loop.call_soon(latest.start, iter(newer))))
        latest.start(older)
        assert diary == []  # the caller goes on first
        while ("newer", "done") not in diary:
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(main(), 10))
    assert diary[:4] == [("older", 0), ("older", 1), ("older", 2), ("older", "given up")]
    assert diary[4:] == [*(("newer", i) for i in range(10)), ("newer", "done")]


def test_every_file_of_the_kit_is_used():
    scripts = [widget.script for widget in WIDGETS]
    parts = {name for script in scripts for name in kits.PART.findall((kits.HERE / script).read_text(encoding="utf-8"))}
    used = {kits.KIT, kits.STYLE, *scripts, *parts}
    assert {path.name for path in kits.HERE.iterdir() if path.suffix in (".js", ".css")} == used
