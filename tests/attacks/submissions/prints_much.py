"""Prints a gigabyte in a cell."""

DESERVES = 15


# %% first
print("TRIED")


# %% maml_loss
for _ in range(1000):
    print("x" * 2**20)
