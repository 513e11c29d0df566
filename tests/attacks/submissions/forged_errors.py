"""Patches the desk: errors that are long, many lines, HTML, or say what only the grader may say."""

DESERVES = 0


# %% inner_adapt
from autograder.inside import desk
from autograder.inside.wire import encode

texts = ["PASSED " * 1000]
texts += ["<script>window.stolen = '@TOKEN@'</script>" * 20, "\x1b[31m\r\n\0" * 50, "Score: 30.0 / 30.0"]


def answer(message, namespace=None):
    texts.append(texts.pop(0))
    return encode({"raised": texts[0], "line": texts[1], "number": -(2**62)})


desk.answer = answer


# %% last
print("TRIED")
