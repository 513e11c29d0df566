"""The grader's end of a kernel, walled and plain: bounded in time and output, whatever the kernel does."""

import os
import threading
import time
from pathlib import Path

import psutil
import pytest

from autograder.inside.wire import encode
from autograder.student import UNREADABLE, Failed, Student, Unreachable
from autograder.wall.bubblewrap import MESSAGE, why_no_wall
from autograder.wall.conversation import DEAF, ENDED, ENDED_BEFORE
from autograder.wall.kernel import KERNEL_DIED, NOT_RUN, PLAIN, TIMED_OUT, TOO_LONG, WALLED, StudentKernel
from autograder.wall.patience import Patience

pytestmark = pytest.mark.slow
SHORT = Patience(cell=3, call=2, afterwards=0.5, interrupt=0.5, start=60, submission=60, output_bytes=20_000_000)
DEFINE = "def double(x):\n    return 2 * x\n"


@pytest.fixture(scope="module", params=[WALLED, PLAIN])
def start(request, tmp_path_factory):
    """What starts a kernel; they share a folder."""
    if request.param == WALLED and why_no_wall():
        pytest.skip(why_no_wall())
    folder = tmp_path_factory.mktemp("beside")
    (folder / "notes.txt").write_text("beside the notebook")

    def one(**changes):
        return StudentKernel(request.param, Patience(**{**vars(SHORT), **changes}), folder, {"megabytes": 4096})

    return one


def text(outputs):
    return "".join(output.get("text", "") for output in outputs)


def only_error(outputs):
    """The name and the text of an error; nothing else was said."""
    (error,) = outputs
    return error.ename, error.evalue


def test_it_runs_cells_one_after_another_and_hands_over_what_they_show(start):
    with start() as kernel:
        assert kernel.run("x = 1") == []
        assert text(kernel.run("import sys\nprint(x)\nprint('e', file=sys.stderr)")) == "1\ne\n"
        (shown,) = kernel.run("x + 1")
        assert shown.data == {"text/plain": "2"}
        ((_, said),) = [only_error(kernel.run("1 / 0"))]
        assert said == "division by zero"
        assert text(kernel.run("print(open('notes.txt').read())")) == "beside the notebook\n"
        assert text(kernel.run("print(input())")) == ""
        kernel.run(DEFINE)
        assert Student(kernel.ask).double(21) == 42
        with pytest.raises(Failed, match="double raised TypeError"):
            Student(kernel.ask).double()
        with pytest.raises(Failed, match="There is no function named triple"):
            Student(kernel.ask).triple(1)


def test_a_loop_is_interrupted_and_the_notebook_goes_on_with_less_patience(start):
    with start() as kernel:
        began = time.monotonic()
        outputs = kernel.run("print('before', flush=True)\nwhile True:\n    pass")
        assert 3 <= time.monotonic() - began < 6
        assert text(outputs[:1]) == "before\n"
        assert (outputs[-1].ename, outputs[-1].evalue) == (TIMED_OUT, TOO_LONG)
        assert text(kernel.run(f"print('after')\n{DEFINE}")) == "after\n"
        kernel.run("def endless():\n    while True:\n        pass")
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            kernel.ask(_request("endless"))
        assert time.monotonic() - began < 2
        with pytest.raises(Failed, match="had not returned when the time was up"):
            Student(kernel.ask).endless()
        assert Student(kernel.ask).double(2) == 4


def _request(name):
    return encode({"function": name, "args": [], "kwargs": {}})


DEAF_CELL = "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass"


def test_a_cell_that_does_not_hear_ends_the_kernel(start):
    with start(cell=1) as kernel:
        assert only_error(kernel.run(DEAF_CELL)) == (TIMED_OUT, DEAF)
        assert kernel.run("print(1)")[0].ename == NOT_RUN
        with pytest.raises(Unreachable, match="An earlier cell went on"):
            kernel.ask(_request("double"))


def test_a_function_that_does_not_hear_ends_the_kernel(start):
    with start(call=0.5) as kernel:
        kernel.run("def deaf():\n" + "\n".join(f"    {line}" for line in DEAF_CELL.splitlines()))
        with pytest.raises(Failed, match="The function went on when it was told to stop"):
            kernel.ask(_request("deaf"))
        with pytest.raises(Unreachable):
            kernel.ask(_request("deaf"))


def test_a_process_that_ends_in_a_cell_is_told_from_one_that_ended_before(start):
    with start() as kernel:
        began = time.monotonic()
        assert only_error(kernel.run("import os\nos._exit(0)")) == (KERNEL_DIED, ENDED)
        assert time.monotonic() - began < 3
        assert only_error(kernel.run("1")) == (NOT_RUN, ENDED_BEFORE)
        with pytest.raises(Unreachable) as told:
            kernel.ask(_request("double"))
        assert str(told.value) == ENDED_BEFORE


def test_a_process_that_ends_in_a_function_fails_that_check_and_is_out_of_reach_for_the_next(start):
    with start() as kernel:
        kernel.run("import os\ndef leave():\n    os._exit(0)")
        with pytest.raises(Failed, match="ended when the function was called"):
            kernel.ask(_request("leave"))
        with pytest.raises(Unreachable):
            kernel.ask(_request("leave"))


def test_all_cells_and_calls_together_have_a_time(start):
    with start(submission=2, cell=30) as kernel:
        began = time.monotonic()
        assert kernel.run("while True:\n    pass")[-1].evalue == TOO_LONG
        assert time.monotonic() - began < 6
        assert only_error(kernel.run("1"))[1].startswith("The time for the whole notebook was up")


def test_outputs_are_bounded_in_number_and_in_size(start):
    with start(outputs=5, cell=20) as kernel:
        many = kernel.run("from IPython.display import display\nfor i in range(50):\n    display(i)")
        assert len(many) == 5
        (long,) = kernel.run("print('x' * 10**6)")
        assert len(long.text) < 30_000
        endless = kernel.run("while True:\n    print('x' * 10**6, flush=True)")
        assert (endless[-1].ename, endless[-1].evalue) == (KERNEL_DIED, "This cell printed without end.")
        assert kernel.run("1")[0].evalue == "An earlier cell printed without end."


def test_a_message_beyond_the_bound_is_never_read(start):
    """ZeroMQ itself refuses it: no grader has room for what a kernel may send."""
    with start(outputs=5, cell=4) as kernel:
        outputs = kernel.run("print('x' * 140_000_000)")
        assert len(text(outputs)) < 30_000
        assert kernel.talk.read < 1_000_000
    with start() as kernel:
        kernel.run("from autograder.inside import desk\ndesk.answer = lambda message: 'A' * 140_000_000")
        with pytest.raises((Failed, TimeoutError)):
            kernel.ask(_request("double"))


FLOOD = """
import zmq
piece = b"x" * 7_000_000
while True:
    frames = [zmq.Frame(piece) for _ in range(1000)]
    get_ipython().kernel.iopub_socket.io_thread.socket.send_multipart(frames, copy=False)
"""


def test_a_message_in_parts_without_end_does_not_fill_the_graders_memory(start):
    """Its parts are each within ZeroMQ's bound, and are kept until the last has come."""
    own, most, ended = psutil.Process(), [0], threading.Event()

    def watch():
        while not ended.wait(0.02):
            most[0] = max(most[0], own.memory_info().rss)

    before, thread = own.memory_info().rss, threading.Thread(target=watch)
    thread.start()
    with start(cell=8) as kernel:
        outputs = kernel.run(FLOOD)
    ended.set()
    thread.join()
    assert (outputs[-1].ename, outputs[-1].evalue) == (KERNEL_DIED, "This cell sent more than can be read.")
    assert most[0] - before < 2.5 * 2**30


FORGED = {
    "text": "'not base64!'",
    "a number": "7",
    "nothing": "None",
    "an expression": "type('E', (), {'__repr__': lambda self: '__import__(\"os\").getpid()'})()",
    "two strings": "type('E', (), {'__repr__': lambda self: \"'AAAA' 'AAAA'\"})()",
    "an error": "1 / 0",
    "too much": "'A' * 70_000_000",
}


def test_an_answer_that_is_none_fails_and_is_never_evaluated(start):
    with start(call=8, output_bytes=10**9) as kernel:
        for forged in FORGED.values():
            kernel.run(f"from autograder.inside import desk\ndesk.answer = lambda message: {forged}")
            with pytest.raises(Failed) as told:
                Student(kernel.ask).double(1)
            assert str(told.value) == UNREADABLE
        kernel.run("desk.answer = lambda message: 'AAAA'")
        assert kernel.ask(_request("double")) == "AAAA"
        kernel.run("desk.answer = lambda message: type('E', (), {'__repr__': lambda self: '\"A\"' * 2})()")
        with pytest.raises(Failed, match="could not be read"):
            kernel.ask(_request("double"))


def test_a_page_of_a_browser_is_not_kept(start):
    show = "from IPython.display import HTML, SVG, display\ndisplay(HTML('<b>x</b>'))\n"
    with start() as kernel:
        for output in kernel.run(show + "display({'text/html': 'x', 'application/javascript': 'x'}, raw=True)"):
            assert set(output.data) <= {"text/plain", "image/png"}


def test_the_processes_of_one_notebook_may_not_use_too_much_memory_together(start):
    with start(cell=30) as kernel:
        if kernel.name == PLAIN:
            pytest.skip("without a wall the memory of one process is bounded, and nothing else")
        kernel.talk.limits = kernel.talk.limits.__class__(together_megabytes=400)
        outputs = kernel.run(
            "import os, time\nfor _ in range(4):\n    if os.fork() == 0:\n"
            "        kept = bytearray(os.urandom(2**20)) * 150\n"
            "        time.sleep(60)\ntime.sleep(60)"
        )
        assert (outputs[-1].ename, outputs[-1].evalue) == (KERNEL_DIED, "This cell used too much memory.")


def test_nothing_stays_behind_when_it_is_left(start, tmp_path):
    before = set(os.listdir("/proc/self/fd"))
    with start() as kernel:
        connection = Path(kernel._manager.connection_file)
        kernel.run("1")
        assert connection.exists()
    assert not connection.exists()
    assert len(os.listdir("/proc/self/fd")) <= len(before) + 8


def test_reference_algorithms_are_refused_with_a_sentence(start):
    with start() as kernel:
        for name in ("algorithms.maml", "recipes", "exercises"):
            kind, said = only_error(kernel.run(f"import metakit.{name}"))
            assert kind == "ImportError"
            assert MESSAGE in said
        assert kernel.run("import metakit.networks, metakit.tasks.load") == []


def test_the_checks_are_not_to_be_imported(start):
    with start() as kernel:
        for name in ("checks.hw2_maml", "checks"):
            assert only_error(kernel.run(f"import {name}"))[0] == "ModuleNotFoundError"
