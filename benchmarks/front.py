"""A real kernel with one widget in it, spoken to as a front end does."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jupyter_client.manager import start_new_kernel

PATIENCE = 60


class Front:
    """The messages between a page and its kernel."""

    def __init__(self, manager: Any, client: Any) -> None:
        """Speak to a kernel that has started."""
        self.client, self.interrupt = client, manager.interrupt_kernel
        self.comm = ""

    def run(self, code: str) -> str:
        """Execute a cell; return what it printed, and any error."""
        asked, printed = self.client.execute(code), ""
        while True:
            message = self.client.get_iopub_msg(timeout=PATIENCE)
            kind, content = message["msg_type"], message["content"]
            if kind == "comm_open" and "choices" in content["data"]["state"]:
                self.comm = content["comm_id"]
            if message["parent_header"].get("msg_id") != asked:
                continue
            if kind == "stream":
                printed += content["text"]
            elif kind == "error":
                printed += f"{content['ename']}: {content['evalue']}"
            elif kind == "status" and content["execution_state"] == "idle":
                return printed

    def choose(self, **choices: Any) -> None:
        """Send choices, as the page does."""
        data = {"method": "update", "state": {"choices": choices}, "buffer_paths": []}
        content = {"comm_id": self.comm, "data": data}
        self.client.shell_channel.send(self.client.session.msg("comm_msg", content))

    def heard(self, until: int) -> tuple[list[tuple[str, dict[str, Any]]], float]:
        """Return the widget's updates until request ``until`` is done or failed, and the seconds that took."""
        begun, updates = time.perf_counter(), []
        while time.perf_counter() - begun < PATIENCE:
            message = self.client.get_iopub_msg(timeout=PATIENCE)
            if message["msg_type"] != "comm_msg" or message["content"]["comm_id"] != self.comm:
                continue
            data = message["content"]["data"]
            if data["method"] != "update":
                continue
            updates += data["state"].items()
            status = data["state"].get("status", {})
            if status.get("request") == until and status["state"] in ("done", "failed"):
                return updates, time.perf_counter() - begun
        raise AssertionError(f"no answer to request {until} in {PATIENCE} s; heard {[name for name, _ in updates]}")


@contextmanager
def kernel() -> Iterator[Front]:
    """Start one, and end it."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        front = Front(manager, client)
        front.run("import torch; torch.set_num_threads(1)")
        yield front
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
