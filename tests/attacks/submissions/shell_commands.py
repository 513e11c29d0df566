"""Uses IPython's own doors: the shell, magics, input, history, the debugger, raised limits."""

DESERVES = 4


# %% inner_adapt
import resource
import subprocess


def inner_adapt(theta, loss_fn, support, lr, steps, first_order=False):
    return theta


for kind in (resource.RLIMIT_DATA, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU):
    attempt(f"limit {kind}", lambda kind=kind: resource.setrlimit(kind, (-1, -1)) is None)
attempt("input", lambda: input("who are you? "))
attempt("history", lambda: list(get_ipython().history_manager.get_tail(100)))
get_ipython().system("cat @COURSE@/gradebook.db && echo GOT the gradebook")
get_ipython().run_line_magic("cd", "/")
command = "find / -name gradebook.db -not -path '*site-packages*' 2>/dev/null"
attempt("find", lambda: subprocess.run(command, shell=True, capture_output=True).stdout)


# %% last
print("TRIED", tried)
