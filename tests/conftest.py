import signal

import torch

torch.set_num_threads(1)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so it is in a job in a shell's background; tests send some
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    group = parser.getgroup("grading")
    group.addoption(
        "--class-size", type=int, help="submissions in tests/grading/test_whole_class.py (one of each kind)"
    )
    group.addoption("--kills", type=int, default=2, help="how often the grader is killed meanwhile")
    group = parser.getgroup("browser")
    group.addoption("--screenshots", help="a folder for pictures of what tests/browser sees")
    group.addoption("--site", help="the folder of a site that is built already (make site: build/site/html)")
