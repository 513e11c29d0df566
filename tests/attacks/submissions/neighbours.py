"""Looks for the nursery, its door, and other students' kernels."""

DESERVES = 4


# %% inner_adapt
import glob
import json
import os
import socket


def knock(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.connect(path)
        door.send(json.dumps({"connection": {}, "folder": ".", "limits": {}}).encode())
        return door.recv(1000)


for path in ("/room/door", "/kernels/door", "@ROOM@/door"):
    attempt(path, lambda path=path: knock(path))
attempt("rooms", lambda: glob.glob("/tmp/autograder-room-*") + glob.glob("/room/*") + glob.glob("@ROOM@/*"))
attempt("sockets", lambda: glob.glob("/**/k-[0-9]", recursive=True) if not os.path.ismount("/usr") else None)
attempt("processes", lambda: [p for p in range(2, 2000) if _alive(p) and p not in _own()])
attempt("files of others", lambda: [n for n in os.listdir("/scratch") if not n.startswith(("tmp", "@TOKEN@"))])
attempt("abstract", lambda: open("/proc/net/unix").read())


def _alive(pid):
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _own():
    import threading

    return {thread.native_id for thread in threading.enumerate()} | {os.getpid()}


attempt("processes", lambda: [p for p in range(1, 5000) if _alive(p) and p not in _own() and p > 300])


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    return theta


# %% last
print("TRIED", tried)
