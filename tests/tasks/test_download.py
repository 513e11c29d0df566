import resource
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import metakit.tasks.omniglot as module
from metakit.tasks.omniglot import DataUnavailable, fetch, omniglot


class Server:
    """A real server on this machine; ``files`` may be changed, and ``sends`` says how many bytes of a file go out."""

    def __init__(self, folder: Path) -> None:
        self.files = {path.name: path.read_bytes() for path in folder.glob("images_*.zip")}
        self.sends: dict[str, int] = {}
        self.stalls = False
        self.asked: list[str] = []
        self.url = ""
        self.hung_up = threading.Event()


@pytest.fixture
def server(small) -> Iterator[Server]:
    state = Server(small.folder)
    with served(state):
        yield state


@contextmanager
def served(state: Server) -> Iterator[None]:
    released = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rsplit("/", 1)[-1]
            state.asked.append(name)
            if name not in state.files:
                self.send_error(404)
                self.connection.settimeout(5)
                if self.rfile.read(1) == b"":
                    state.hung_up.set()
                return
            body = state.files[name]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: state.sends.get(name, len(body))])
            if state.stalls:
                released.wait(20)

        def log_message(self, *_: object) -> None: ...

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{http.server_port}/python"
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    try:
        yield
    finally:
        released.set()
        http.shutdown()
        thread.join()
        http.server_close()


def everything_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def test_archives_are_downloaded_verified_and_kept(small, server, own_folders):
    folder = fetch(base_url=server.url, archives=small.archives)
    assert folder == own_folders / "omniglot"
    assert everything_in(folder) == ["images_background.zip", "images_evaluation.zip"]
    for name, body in server.files.items():
        assert (folder / name).read_bytes() == body
    assert server.asked == ["images_background.zip", "images_evaluation.zip"]


def test_the_downloaded_file_may_be_read_by_whom_the_umask_lets(small, server, tmp_path):
    folder = fetch(tmp_path / "shared", server.url, small.archives)
    (tmp_path / "ordinary").touch()
    assert (folder / "images_background.zip").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_nothing_is_downloaded_unless_asked(small, server, own_folders):
    with pytest.raises(DataUnavailable, match="is missing"):
        omniglot(base_url=server.url, archives=small.archives)
    assert server.asked == []
    assert len(omniglot(download=True, base_url=server.url, archives=small.archives)) == 5


def test_what_is_there_is_not_downloaded_again(small, server, own_folders):
    shutil.copytree(small.folder, own_folders / "omniglot")
    fetch(base_url=server.url, archives=small.archives)
    assert server.asked == []
    (own_folders / "omniglot" / "images_evaluation.zip").unlink()
    fetch(base_url=server.url, archives=small.archives)
    assert server.asked == ["images_evaluation.zip"]


def test_decoded_characters_need_no_archives(small, server, own_folders):
    first = omniglot(download=True, base_url=server.url, archives=small.archives)
    shutil.rmtree(own_folders / "omniglot")
    server.asked.clear()
    again = omniglot(download=True, base_url=server.url, archives=small.archives)
    assert server.asked == []
    assert again.images.equal(first.images)


def test_a_wrong_file_that_was_there_before_is_named_and_left_to_its_owner(small, server, tmp_path):
    (tmp_path / "images_background.zip").write_bytes(b"my thesis")
    with pytest.raises(DataUnavailable, match=r"images_background\.zip cannot be read as a zip archive .*; delete it"):
        fetch(tmp_path, server.url, small.archives)
    assert (tmp_path / "images_background.zip").read_bytes() == b"my thesis"


def truncate(server: Server) -> None:
    body = server.files["images_background.zip"]
    server.files["images_background.zip"] = body[: len(body) // 2]


def corrupt(server: Server) -> None:
    body = bytearray(server.files["images_background.zip"])
    body[len(body) // 2] ^= 1
    server.files["images_background.zip"] = bytes(body)


def send_a_page(server: Server) -> None:
    server.files["images_background.zip"] = b"<html>Please log in to this network</html>"


def interrupt(server: Server) -> None:
    server.sends["images_background.zip"] = len(server.files["images_background.zip"]) // 2


def stall(server: Server) -> None:
    interrupt(server)
    server.stalls = True


def lose(server: Server) -> None:
    del server.files["images_background.zip"]


def unplug(server: Server) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        server.url = f"http://127.0.0.1:{closed.getsockname()[1]}"


@pytest.mark.parametrize(
    ("accident", "message"),
    [
        (truncate, r"what http://.*background\.zip sent cannot be read as a zip archive \(File is not a zip file\)"),
        (corrupt, r"what http://.*background\.zip sent (cannot be read as a zip archive|does not hold the pictures)"),
        (send_a_page, r"what http://.*background\.zip sent cannot be read as a zip archive"),
        (interrupt, r"could not be downloaded .*IncompleteRead"),
        (stall, r"could not be downloaded .*Read timed out"),
        (lose, r"could not be downloaded .*404"),
        (unplug, r"could not be downloaded .*Connection refused"),
    ],
)
def test_each_accident_ends_in_one_clear_error_and_leaves_nothing_behind(
    small, server, own_folders, monkeypatch, accident, message
):
    monkeypatch.setattr(module, "TIMEOUT", 0.5)
    good = server.files.copy()
    accident(server)
    with pytest.raises(DataUnavailable, match=message) as caught:
        omniglot(download=True, base_url=server.url, archives=small.archives)
    assert "try again, or download images_background.zip" in str(caught.value)
    assert "set METAKIT_OMNIGLOT to their folder" in str(caught.value)
    assert everything_in(own_folders) == ["omniglot"]

    healed = Server(small.folder)
    healed.files = good
    with served(healed):
        assert len(omniglot(download=True, base_url=healed.url, archives=small.archives)) == 5


def test_an_accident_to_the_second_archive_keeps_the_first(small, server, own_folders):
    server.files["images_evaluation.zip"] = b""
    with pytest.raises(DataUnavailable, match=r"images_evaluation\.zip sent cannot be read"):
        fetch(base_url=server.url, archives=small.archives)
    assert everything_in(own_folders) == ["images_background.zip", "omniglot"]


def test_a_refused_download_keeps_no_connection(small, server, own_folders):
    lose(server)
    with pytest.raises(DataUnavailable, match="404") as caught:
        fetch(base_url=server.url, archives=small.archives)
    assert server.hung_up.wait(3), f"still connected, for as long as somebody holds {caught.value!r}"


@contextmanager
def full_disk(n_bytes: int) -> Iterator[None]:
    """Let no file grow beyond ``n_bytes``: as on a full disk, a write fails half way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_ends_in_one_clear_error_and_leaves_nothing_behind(small, server, own_folders):
    with full_disk(20_000), pytest.raises(DataUnavailable, match=r"could not be downloaded .*File too large") as caught:
        fetch(base_url=server.url, archives=small.archives)
    assert "set METAKIT_OMNIGLOT to their folder" in str(caught.value)
    assert server.asked == ["images_background.zip"]
    assert everything_in(own_folders) == ["omniglot"]


def test_a_folder_that_cannot_be_made_is_said(small, server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataUnavailable, match=r"could not be downloaded to .*Not a directory.*mend that and try again"):
        fetch(tmp_path / "file" / "folder", server.url, small.archives)


FETCH = """
import sys
from pathlib import Path
from metakit.tasks.omniglot import fetch
from metakit.tasks.omniglot_archive import Archive
fetch(Path(sys.argv[1]), sys.argv[2], (Archive("images_background", sys.argv[3], ""),))
"""


@pytest.mark.slow
def test_a_process_killed_in_the_middle_leaves_nothing_that_is_trusted(small, server, tmp_path):
    server.stalls = True
    interrupt(server)
    process = subprocess.Popen([sys.executable, "-c", FETCH, str(tmp_path), server.url, small.archives[0].digest])
    try:
        while not any(path.is_file() for path in tmp_path.rglob("*")):
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    assert not (tmp_path / "images_background.zip").exists()
    server.sends.clear()
    server.stalls = False
    fetch(tmp_path, server.url, small.archives)
    assert (tmp_path / "images_background.zip").read_bytes() == server.files["images_background.zip"]


@pytest.mark.slow
def test_the_real_archives_can_be_downloaded(real_omniglot, tmp_path):
    with served(real := Server(real_omniglot)):
        assert everything_in(fetch(tmp_path, real.url)) == ["images_background.zip", "images_evaluation.zip"]
