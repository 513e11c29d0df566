"""Fills every folder that it can write to, with large files and with many small ones."""

DESERVES = 4


# %% inner_adapt
import os


def fill(folder):
    total = 0
    try:
        for i in range(100):
            with open(f"{folder}/{i}.bin", "wb") as file:
                for _ in range(100):
                    total += file.write(b"x" * 2**20)
    except OSError:
        pass
    return total > 40 * 2**20 and total


def crumbs(folder):
    made = 0
    try:
        for i in range(200_000):
            open(f"{folder}/crumb{i}", "w").close()
            made += 1
    except OSError:
        pass
    return made > 20_000 and made


for folder in ("/scratch", "/dev/shm", os.path.expanduser("~"), "/var/tmp", "/dev", "/run", "/"):
    attempt(folder, lambda folder=folder: fill(folder))
for folder in ("/scratch", "/dev/shm", "."):
    for name in os.listdir(folder):
        if name.endswith(".bin"):
            os.remove(f"{folder}/{name}")
    attempt(f"crumbs in {folder}", lambda folder=folder: crumbs(folder))
attempt("one large file", lambda: os.truncate(os.open("/scratch/large", os.O_CREAT | os.O_RDWR), 2**40) is None)


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    return theta


# %% last
print("TRIED", tried)
