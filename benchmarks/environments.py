"""The peers' own virtual environments, made once under ``benchmarks/.envs``; what cannot be made is said, not hidden.

learn2learn, higher and TorchOpt share one, as they agree on torch; each is installed by itself, so that one which fails
does not take the others with it. JAX has its own. In ``requirements``, NAME.txt is installed as usual, NAME.no-deps.txt
after it without its dependencies, and NAME.build.txt pins what that is built with.
"""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.contenders import Contender

HERE = Path(__file__).parent
PATIENCE = 1800  # seconds for one installation


class NotInstalled(Exception):
    """A peer's environment could not be made; the message is the last error of the installer."""


def python_of(contender: Contender, pythons: dict[str, str], cuda: bool = False, root: Path = HERE / ".envs") -> str:
    """Return the Python that runs a contestant, after making its environment if need be.

    Args:
        contender: who.
        pythons: interpreters to use as they are, by environment, instead of making one.
        cuda: take the requirements for CUDA where there are any.
        root: where environments lie.

    Raises:
        NotInstalled: with the reason.
    """
    if contender.environment is None or contender.requirements is None:
        return sys.executable
    if contender.environment in pythons:
        return pythons[contender.environment]
    requirements = HERE / "requirements" / f"{contender.requirements}.txt"
    for_cuda = requirements.with_name(f"{contender.requirements}-cuda.txt")
    if cuda and for_cuda.exists():
        requirements = for_cuda
    folder = root / contender.environment
    python = folder / "bin" / "python"
    stamp = folder / f"{contender.requirements}.installed"
    alone = requirements.with_suffix(".no-deps.txt")
    build = requirements.with_suffix(".build.txt")
    files = [file for file in (requirements, alone, build) if file.exists()]
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return str(python)
    if not python.exists():
        _run([sys.executable, "-m", "venv", str(folder)])
    _run([str(python), "-m", "pip", "install", "-r", str(requirements)])
    if alone.exists():  # what is built from source is built with pinned tools, and its C files are made anew
        pinned = {"PIP_CONSTRAINT": str(build), "CYTHON_FORCE_REGEN": "1"} if build.exists() else {}
        _run([str(python), "-m", "pip", "install", "--no-deps", "-r", str(alone)], pinned)
    stamp.write_text(wanted)
    return str(python)


def _run(command: list[str], environ: dict[str, str] | None = None) -> None:
    try:
        subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, **(environ or {})}
        )
    except subprocess.CalledProcessError as error:
        raise NotInstalled(last_error(error.stderr + error.stdout)) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(str(error)) from error


def last_error(said: str) -> str:
    """Return the line that says why, of all that an installer or a program said."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(ERROR|error|fatal|\w*(Error|Exception)\b)", line)]
    return (errors or lines or ["it said nothing"])[-1][:300]
