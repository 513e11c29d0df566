"""Puts scripts into all that a page could show: outputs, pictures, texts of exceptions, the written answer."""

DESERVES = 0
ANSWER = r"""
[a]: javascript:alert('@TOKEN@')
[there][a] [entity](&#106;avascript:alert('@TOKEN@')) <javascript:alert('@TOKEN@')> [web](https://example.com)
<script>alert('@TOKEN@')</script>
<img src=x onerror="alert('@TOKEN@')">
<a href="javascript:alert('@TOKEN@')">here</a> [here](javascript:alert('@TOKEN@'))
<iframe srcdoc="<script>alert('@TOKEN@')</script>"></iframe><svg onload="alert('@TOKEN@')"></svg>
<style>body { display: none }</style><meta http-equiv="refresh" content="0;url=http://x.invalid">
<form action="http://x.invalid"><input name="a"></form><base href="http://x.invalid">
$\href{javascript:alert('@TOKEN@')}{x}$ ![x](x" onerror="alert('@TOKEN@'))
"""


# %% inner_adapt
from IPython.display import HTML, SVG, Javascript, Latex, Markdown, display

evil = "<script>alert('@TOKEN@')</script><img src=x onerror=alert('@TOKEN@')><iframe srcdoc='@TOKEN@'></iframe>"
for kind in (HTML, Javascript, Markdown, Latex):
    display(kind(evil))
display(SVG(f"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert('@TOKEN@')</script></svg>"))
for mime in ("text/html", "image/svg+xml", "application/javascript", "text/markdown", "text/latex", "image/png"):
    display({mime: evil, "text/plain": evil}, raw=True)
print(evil)
print("\x1b[31m" + evil + "\x1b]8;;javascript:alert(1)\x07")


class Evil(Exception):
    pass


Evil.__name__ = Evil.__qualname__ = evil


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    return theta


print("TRIED")
raise Evil(evil)


# %% maml_loss
def maml_loss(theta, loss_fn, tasks, lr, steps, first_order=False):
    raise Evil(evil)  # <script>alert('@TOKEN@')</script>
