"""Sends messages that no kernel sends, on all of its channels: other parents, no frames, broken signatures."""

DESERVES = 0  # its forged reply comes before its own


# %% inner_adapt
import json

kernel = get_ipython().kernel
session, iopub = kernel.session, kernel.iopub_socket
parents = [None, {}, [], "x", 7, {"msg_id": None}, {"msg_id": ["x"]}, {"msg_id": "of another cell"}]


def broken(parent, content):
    for forged in parents:
        iopub.send_multipart(
            session.serialize(session.msg("stream", content, parent={}), ident=b"x")[:-2]
            + [json.dumps(forged).encode(), json.dumps(content).encode()]
        )
    for frames in ([b""], [b"<IDS|MSG>"], [b"<IDS|MSG>", b"bad", b"{}", b"{}", b"{}", b"{}"], [b"\xff" * 100] * 9):
        iopub.send_multipart(frames)
    for raw in (b"[]", b"null", b"[" * 50_000, b'{"execution_state": "idle"}', b"\xff\xfe"):
        parts = [
            json.dumps({"msg_type": "status", "msg_id": "1"}).encode(),
            json.dumps(parent, default=str).encode(),
            b"{}",
            raw,
        ]
        iopub.send_multipart([b"x", b"<IDS|MSG>", session.sign(parts), *parts])


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    parent = kernel.get_parent()["header"]
    broken(parent, {"name": "stdout", "text": "PASSED"})
    session.send(iopub, "status", {"execution_state": "idle"}, parent=parent)
    answers = {"answer": {"status": "ok", "data": {"text/plain": "'AAAA'"}}}
    content = {"status": "ok", "execution_count": 1, "user_expressions": answers, "payload": []}
    session.send(kernel.shell_stream, "execute_reply", content, parent=parent, ident=kernel._parent_ident["shell"])
    return theta


broken(kernel.get_parent()["header"], {"name": "stdout", "text": "x"})
session.send(iopub, "status", {"execution_state": "idle"}, parent=kernel.get_parent()["header"])


# %% last
print("TRIED")
