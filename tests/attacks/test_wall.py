"""What a student's process finds on its side of the wall."""

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
import torch

import autograder
from autograder.inside.wire import encode
from autograder.student import Student
from autograder.wall import bubblewrap
from autograder.wall.bubblewrap import CLOSED, HOME, MESSAGE, why_no_wall
from autograder.wall.conversation import SandboxGone
from autograder.wall.kernel import WALLED, StudentKernel
from autograder.wall.nursery import VARIABLE, Limits, Nursery, NurseryError, ask_for_kernel, is_there
from autograder.wall.patience import Patience

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(why_no_wall()), reason=why_no_wall() or "there is a wall")]
LIMITS = {"megabytes": 2048, "processes": 60, "disk_megabytes": 8, "files": 100, "cpu_seconds": 500}
SECRET = {"ATTACKED_SECRET": "of the grader"}


@pytest.fixture(scope="module")
def nursery():
    """One for this module, started with a secret in the environment."""
    before = dict(os.environ)
    os.environ.update(SECRET)
    with Nursery() as one:
        one.wait()
        os.environ[VARIABLE] = str(one.room)
        yield one
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    folder = tmp_path_factory.mktemp("beside")
    (folder / "data").mkdir()
    (folder / "data" / "numbers.csv").write_text("1,2\n")
    (folder / "link").symlink_to("/etc/hostname")
    (folder / "hw.ipynb").write_text("{}")
    return folder


@pytest.fixture(scope="module")
def start(nursery, beside):
    return lambda: StudentKernel(WALLED, Patience(cell=20, interrupt=1), beside, LIMITS)


@pytest.fixture(scope="module")
def student(start):
    """One kernel for all questions that change nothing."""
    with start() as kernel:
        yield kernel


def told(kernel, code):
    """What an expression is, after some statements."""
    *lines, last = code.strip().splitlines()
    outputs = kernel.run("\n".join([*lines, f"print(repr({last}), end='')"]))
    assert [output.output_type for output in outputs] == ["stream"], outputs
    return eval(outputs[0].text)


LIBC = "import ctypes, os, socket\nlibc = ctypes.CDLL(None, use_errno=True)\n"


def test_it_is_nobody_and_can_do_nothing_a_user_could_not(student):
    assert (
        told(student, "import os\n(os.getresuid(), os.getresgid(), os.getgroups())")
        in (
            ((65534,) * 3, (65534,) * 3, []),
            ((os.getuid(),) * 3, (os.getgid(),) * 3, []),
        )
        or os.getuid()
    )
    sets = LIBC + "h, d = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()\n(libc.capget(h, d), list(d))"
    assert told(student, sets) == (0, [0] * 6)
    assert told(student, LIBC + "[libc.prctl(23, i, 0, 0, 0) for i in range(41)]") == [0] * 41  # the bounding set
    assert told(student, LIBC + "libc.prctl(39, 0, 0, 0, 0)") == 1  # no_new_privs


def test_there_is_no_network(student):
    assert told(student, "import socket\n[name for _, name in socket.if_nameindex()]") == ["lo"]
    with socket.socket() as here:
        here.bind(("127.0.0.1", 0))
        here.listen()
        assert told(student, f"import socket\nsocket.socket().connect_ex({here.getsockname()!r}) != 0")
    assert told(student, "socket.socket().connect_ex(('1.1.1.1', 53)) != 0")


def test_abstract_sockets_of_the_machine_are_not_there(student):
    with socket.socket(socket.AF_UNIX) as here:
        here.bind("\0attacked-by-name")
        here.listen()
        assert told(student, "import socket\nsocket.socket(socket.AF_UNIX).connect_ex('\\0attacked-by-name') != 0")


def _names(kernel, folder):
    return set(told(kernel, f"import os\nos.listdir({folder!r})"))


def test_the_disk_holds_the_system_this_python_and_an_empty_home(student):
    expected = {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "proc", "dev"}
    expected |= {"tmp", "scratch", "home", "room"}
    prefixes = {Path(p).absolute().parts[1] for p in (sys.prefix, sys.base_prefix, autograder.__file__)}
    assert _names(student, "/") <= expected | prefixes
    assert _names(student, "/etc") <= {
        "ld.so.cache",
        "ld.so.conf",
        "ld.so.conf.d",
        "localtime",
        "alternatives",
        "fonts",
    }
    assert _names(student, "/proc") == set()
    assert _names(student, "/room") == set()
    assert _names(student, "/home") == {"student"}
    assert _names(student, "/dev/shm") == set()
    assert _names(student, "/dev") <= {
        *("console", "core", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout"),
        *("tty", "urandom", "zero"),
    }
    assert _names(student, HOME) - {".ipython", ".cache", ".config"} == {"data"}
    assert told(student, "open('data/numbers.csv').read()") == "1,2\n"
    assert told(student, "os.getcwd()") == HOME


def test_nothing_of_the_autograder_is_there_but_what_it_needs_inside(student):
    package = Path(autograder.__file__).parent
    assert _names(student, str(package)) == {"__init__.py", "inside"}
    for path in (
        "tests",
        "homework",
        ".git",
        "pyproject.toml",
        "autograder/examiner.py",
        "autograder/wall/bubblewrap.py",
    ):
        assert not told(student, f"import os\nos.path.exists({str(package.parent / path)!r})")


def test_nothing_can_be_written_but_in_three_small_folders(student):
    places = [
        "/",
        "/usr",
        "/etc",
        "/dev",
        "/proc",
        "/room",
        "/home",
        "/var",
        sys.prefix,
        str(Path(autograder.__file__).parent),
    ]
    code = """
import os
def writable(place):
    try:
        open(f"{place}/written", "w").close()
    except OSError:
        return False
    os.remove(f"{place}/written")
    return True
"""
    assert told(student, f"{code}\n[p for p in {places} if writable(p)]") == []
    assert told(student, f"[p for p in ('/scratch', '/dev/shm', {HOME!r}) if not writable(p)]") == []


@pytest.mark.parametrize("place", ["/scratch", "/dev/shm", HOME])
def test_each_of_the_three_is_small(start, place):
    with start() as kernel:
        code = f"""
def fill(size):
    total = 0
    try:
        for i in range(40):
            with open(f"{place}/{{i}}", "wb") as file:
                total += file.write(bytes(size))
    except OSError:
        pass
    return total
"""
        assert 6 * 2**20 <= told(kernel, f"{code}\nfill(2**20)") <= 8 * 2**20
        assert told(
            kernel,
            f"import os\n[os.remove(f'{place}/{{i}}') for i in range(40) if os.path.exists(f'{place}/{{i}}')] and 1",
        )
        crumbs = f"made = 0\ntry:\n    for i in range(3000):\n        open(f'{place}/c{{i}}', 'w').close()\n"
        crumbs += "        made += 1\n"
        assert told(kernel, crumbs + "except OSError:\n    pass\nmade") <= 8 * 256


def test_limits_are_in_force_and_cannot_be_raised(student):
    want = {
        "DATA": 2048 * 2**20,
        "NPROC": 60,
        "FSIZE": 8 * 2**20,
        "NOFILE": 100,
        "CPU": 500,
        "CORE": 0,
    }
    for name, most in want.items():
        assert told(student, f"import resource\nresource.getrlimit(resource.RLIMIT_{name})") == (most, most)
        attempt = f"resource.setrlimit(resource.RLIMIT_{name}, ({most + 1},) * 2)"
        raised = f"try:\n    {attempt}\n    got = 1\nexcept (OSError, ValueError):\n    got = 0\ngot"
        assert told(student, raised) == 0


def test_memory_processes_and_files_really_end(start):
    with start() as kernel:
        (error,) = kernel.run("kept = torch = None\nx = bytearray(3 * 2**30)")
        assert error.ename == "MemoryError"
        (error,) = kernel.run("files = [open('/dev/null') for _ in range(200)]")
        assert "Too many open files" in error.evalue
        kernel.run("files = None")
        kernel.run("import threading\nstop = threading.Event()")
        (*_, error) = kernel.run("for _ in range(200):\n    threading.Thread(target=stop.wait).start()")
        assert "can't start new thread" in error.evalue
        kernel.run("stop.set()")
        assert told(kernel, "1") == 1


def test_the_environment_is_the_walls_own(student):
    found = told(student, "import os\ndict(os.environ)")
    ours = set(bubblewrap._environment())
    ipythons = {
        name
        for name in found
        if name.startswith(("JPY_", "MPL", "CLICOLOR", "FORCE_COLOR", "PAGER", "GIT_PAGER", "TERM"))
    }
    assert set(found) <= ours | ipythons | {
        "PWD",
        "LC_CTYPE",
        "KINETO_LOG_LEVEL",
        "TORCHINDUCTOR_CACHE_DIR",
        "PYDEVD_USE_FRAME_EVAL",
    }
    assert not set(SECRET.values()) & set(found.values())
    assert found["HOME"] == HOME


@pytest.mark.parametrize("name", [*CLOSED, "algorithms.maml", "recipes.maml_omniglot"])
def test_reference_modules_raise_a_sentence(student, name):
    (error,) = student.run(f"import metakit.{name}")
    assert (error.ename, MESSAGE in error.evalue) == ("ImportError", True)


@pytest.mark.parametrize("name", CLOSED)
def test_reference_modules_are_not_on_the_disk(student, name):
    import metakit

    assert _names(student, str(Path(metakit.__file__).parent / name)) <= {"__init__.py", "__pycache__"}
    assert _names(student, str(Path(metakit.__file__).parent / name / "__pycache__")) == set()


def test_kernels_do_not_see_one_another(start, nursery):
    with start() as one, start() as two:
        one.run(
            "import os\nopen('/scratch/mine', 'w').close()\n"
            "open('/dev/shm/mine', 'w').close()\nopen('mine', 'w').close()"
        )
        one.run(
            "import socket\ns = socket.socket(socket.AF_UNIX)\ns.bind('\\0mine')\ns.listen()\n"
            "t = socket.socket()\nt.bind(('127.0.0.1', 7777))\nt.listen()"
        )
        for path in ("/scratch/mine", "/dev/shm/mine", "mine"):
            assert not told(two, f"import os\nos.path.exists({path!r})")
        assert told(two, "import socket\nsocket.socket(socket.AF_UNIX).connect_ex('\\0mine')") != 0
        assert told(two, "socket.socket().connect_ex(('127.0.0.1', 7777))") != 0
        alive = "def alive(p):\n    try:\n        os.kill(p, 0)\n    except OSError:\n        return False\n"
        alive += "    return True\n"
        assert (
            told(two, f"{alive}\n[p for p in range(2, 400) if alive(p) and not os.path.exists(f'/x{{p}}')][40:]") == []
        )
        assert told(two, "(os.getpid(), os.getppid())") == (1, 0)
        folders = [path for path in nursery.room.iterdir() if (path / "k-1").exists()]
        assert len(folders) >= 2
        for folder in folders:
            assert told(two, f"[os.path.exists(p) for p in ('/room/{folder.name}', {str(folder)!r})]") == [False, False]


def test_no_file_that_leads_out_is_open(student):
    code = """
import os, stat
own = [os.stat(place).st_dev for place in ("/scratch", "/dev/shm", ".")]
def leads_out(fd):
    try:
        found = os.fstat(fd)
    except OSError:
        return False
    return found.st_dev not in own and (stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode))
"""
    assert told(student, f"{code}\n[fd for fd in range(100) if leads_out(fd)]") == []


def test_no_socket_of_the_nursery_is_open(student):
    """The door is a SOCK_SEQPACKET that listens; a kernel's own sockets are streams."""
    code = """
import os, socket, stat
def door(fd):
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            return False
        with socket.socket(fileno=os.dup(fd)) as s:
            return s.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_SEQPACKET
    except OSError:
        return False
"""
    assert told(student, f"{code}\n[fd for fd in range(100) if door(fd)]") == []


REFUSED = {
    "memfd_create": "os.memfd_create('x')",
    "shmget": "libc.shmget(0, 4096, 0o1600)",
    "unshare": "libc.unshare(0x10000000)",
    "clone": "libc.syscall(56, 0x10000011, 0, 0, 0, 0)",
    "mount": "libc.mount(b'x', b'/scratch', b'tmpfs', 0, None)",
    "umount": "libc.umount2(b'/proc', 2)",
    "ptrace": "libc.ptrace(0, 0, 0, 0)",
    "keyctl": "libc.syscall(250, 0, -3, 1)",
    "vsock": "socket.socket(socket.AF_VSOCK)",
    "AF_ALG": "socket.socket(socket.AF_ALG)",
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
def test_calls_that_lead_past_the_limits_are_refused(student, call):
    attempt = f"{LIBC}try:\n    got = {call}\nexcept OSError as error:\n    got = -error.errno\ngot"
    assert told(student, attempt) in (-1, -97)


def test_killing_a_kernel_ends_all_that_came_from_it(start):
    with start() as kernel:
        kernel.run(
            "import os, time\nfor _ in range(3):\n    if os.fork() == 0:\n        os.setsid()\n"
            "        if os.fork() == 0:\n"
            "            time.sleep(100)\n        os._exit(0)"
        )
        pid = kernel._manager.provisioner.pid
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        assert len(family) >= 4
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []


def test_what_runs_is_ended_by_its_pidfd(start):
    with start() as kernel:
        pidfd = kernel._manager.provisioner.pidfd
        assert select.select([pidfd], [], [], 0)[0] == []
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        assert select.select([pidfd], [], [], 5)[0] == [pidfd]


def test_the_folder_of_the_sockets_goes_with_the_kernel(start):
    with start() as kernel:
        folder = kernel._manager.provisioner.folder
        assert {path.name for path in folder.iterdir()} >= {"k-1", "k-2", "files"}
        assert not (folder / "files" / "link").exists()
        assert not (folder / "files" / "hw.ipynb").exists()
    assert not folder.exists()


def test_kernels_draw_different_numbers(start):
    draw = "import random, torch, numpy\n(random.random(), float(torch.rand(1)), float(numpy.random.rand()))"
    drawn = []
    for _ in range(2):
        with start() as kernel:
            drawn.append(told(kernel, draw))
    assert all(a != b for a, b in zip(*drawn, strict=True))


def test_torch_works_there_on_one_thread_and_with_gradients(student):
    student.run("import torch\ndef grad(x):\n    return torch.func.grad(lambda w: (w**3).sum())(x)")
    assert torch.equal(Student(student.ask).grad(torch.tensor([2.0])), torch.tensor([12.0]))
    assert told(student, "torch.get_num_threads()") == 1
    assert told(student, "import threading\nlen(torch.randn(300, 300) @ torch.randn(300, 300))") == 300


@pytest.fixture
def own_nursery(monkeypatch):
    with Nursery() as one:
        one.wait()
        monkeypatch.setenv(VARIABLE, str(one.room))
        yield one


@pytest.mark.parametrize("how", ["cell", "call"])
def test_the_end_of_the_sandbox_is_not_a_students_failure(own_nursery, beside, how):
    with StudentKernel(WALLED, Patience(), beside, LIMITS) as kernel:
        kernel.run("import time\ndef wait():\n    time.sleep(30)")
        threading.Timer(0.5, own_nursery.process.kill).start()
        with pytest.raises(SandboxGone):
            kernel.run("wait()") if how == "cell" else kernel.ask(
                encode({"function": "wait", "args": [], "kwargs": {}})
            )
    assert not is_there(own_nursery.room)
    with pytest.raises(NurseryError, match="gone or does not answer"):
        ask_for_kernel(own_nursery.room, "x", {}, Limits())


def test_a_nursery_that_lets_callers_in_but_never_answers_is_gone(beside):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.bind(str(beside / "door"))
        door.listen()
        threading.Timer(0.3, door.close).start()
        assert not is_there(beside)


def test_a_nursery_that_is_left_leaves_nothing(beside, monkeypatch):
    with Nursery() as one:
        one.wait()
        monkeypatch.setenv(VARIABLE, str(one.room))
        kernel = StudentKernel(WALLED, Patience(), beside, LIMITS).__enter__()
        family = [psutil.Process(one.process.pid), *psutil.Process(one.process.pid).children(recursive=True)]
        assert len(family) >= 3
    with pytest.raises(SandboxGone):
        kernel.run("1")
    kernel.__exit__()
    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert not one.room.exists()


def test_the_sandbox_ends_with_the_grader(tmp_path):
    code = "import time\nfrom autograder.wall.nursery import Nursery\nn = Nursery()\nn.wait()\n"
    code += "print(n.process.pid, flush=True)\ntime.sleep(60)"
    grader = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": "/tmp"}
    )
    assert grader.stdout is not None
    with grader, grader.stdout:
        first = psutil.Process(int(grader.stdout.readline()))
        family = [first, *first.children(recursive=True)]
        grader.kill()
    assert psutil.wait_procs(family, timeout=5)[1] == []
    Nursery().__exit__()  # the next sweeps up


def test_a_kernel_that_cannot_be_made_is_the_graders_fault(nursery):
    with pytest.raises(NurseryError, match="could not make a kernel"):
        ask_for_kernel(nursery.room, "not there", {"shell_port": 1}, Limits())
    assert is_there(nursery.room)


AS_USER = """
import sys
from pathlib import Path
from autograder.wall.kernel import WALLED, StudentKernel
from autograder.wall.patience import Patience
from autograder.wall.bubblewrap import why_no_wall
if why_no_wall():
    sys.exit(why_no_wall())
with StudentKernel(WALLED, Patience(), Path(sys.argv[1]), {}) as kernel:
    (seen,) = kernel.run("import os, torch\\nos.getuid(), os.getpid(), os.listdir('/proc')")
    print(seen["data"]["text/plain"])
    places = ["/", "/usr", "/etc", "/home", sys.prefix, str(Path(sys.argv[2]))]
    (seen,) = kernel.run(f"[p for p in {places} if os.access(p, os.W_OK)]")
    print(seen["data"]["text/plain"])
"""


def test_an_ordinary_user_has_the_same_wall(tmp_path):
    if os.getuid() != 0:
        pytest.skip("this is an ordinary user, so the other tests are about one")
    user = ["unshare", "--user", "--map-user=12345", "--map-group=12345"]
    if subprocess.run([*user, "true"], capture_output=True).returncode:
        pytest.skip("unshare cannot make another user here")
    folder = tmp_path / "beside"
    folder.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": "/tmp"}
    command = [*user, sys.executable, "-c", AS_USER, str(folder), str(Path(autograder.__file__).parent / "inside")]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert ran.stdout == "(12345, 1, [])\n[]\n", ran.stderr[-2000:]


@pytest.fixture
def asked_anew():
    why_no_wall.cache_clear()
    yield
    why_no_wall.cache_clear()


def test_a_machine_without_bubblewrap_is_told_how_to_get_it(monkeypatch, asked_anew, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "bubblewrap is not installed (Debian, Ubuntu: apt install bubblewrap" in why_no_wall()


def test_a_machine_that_forbids_namespaces_is_told_what_to_allow(monkeypatch, asked_anew, tmp_path):
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert shutil.which("bwrap") == str(refusing)
    assert "No permissions to create a new namespace" in why_no_wall()
    assert "allow user namespaces" in why_no_wall()


def test_another_system_is_told_to_use_linux(monkeypatch, asked_anew):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert why_no_wall() == "bubblewrap needs Linux, and this is darwin: grade in a Linux container or virtual machine."


def test_a_wall_that_stands_is_no_reason(asked_anew):
    began = time.monotonic()
    assert why_no_wall() == ""
    assert time.monotonic() - began < 10
