"""Makes outputs of every extreme: very wide, very many, very deep, pictures that are none."""

DESERVES = 28


# %% inner_adapt
import base64

from IPython.display import Image, display


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    for _ in range(steps):
        grads = torch.autograd.grad(loss_fn(theta, support), list(theta.values()), create_graph=not first_order)
        theta = {name: weight - lr * grad for (name, weight), grad in zip(theta.items(), grads, strict=True)}
    return theta


print("TRIED")
print("w" * 3_000_000)
for i in range(2000):
    display(i)
print("\n" * 100_000)
print("\x1b[31m\x00\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace") * 10_000)
display(Image(b"\x89PNG\r\n\x1a\n" + b"x" * 5_000_000, format="png"))
display({"image/png": base64.b64encode(b"<script>").decode(), "text/plain": "p"}, raw=True)
