"""Takes all the memory that one process can have, in several ways."""

DESERVES = 15


# %% maml_loss
import mmap

attempt("tensor", lambda: len(torch.ones(2**32)))
attempt("private pages", lambda: len(mmap.mmap(-1, 2**34, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)))
print("TRIED", tried, flush=True)
kept = []
while len(kept) < 200:
    kept.append(bytearray(2**26))
print("GOT" + " memory")
