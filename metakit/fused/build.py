"""Compile a C++ file of this folder on first use, keep what came out, and say why not where that is impossible."""

import ctypes
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import uuid
from functools import cache
from pathlib import Path

logger = logging.getLogger(__name__)

FLAGS = ("-std=c++20", "-O3", "-march=native", "-fno-math-errno", "-shared", "-fPIC")


class CannotBuild(RuntimeError):
    """There is no compiled kernel; the message says why."""


def library(source: Path, *options: str) -> ctypes.CDLL:
    """Return ``source`` compiled with ``options``, from the cache if it was compiled before on such a machine.

    The compiler is the one named by CXX, or c++, g++ or clang++. METAKIT_FUSED=0 turns all this off.

    Raises:
        CannotBuild: turned off, no compiler, or it failed.
    """
    outcome = _outcome(source, options)
    if isinstance(outcome, CannotBuild):
        raise outcome
    return outcome


@cache
def _outcome(source: Path, options: tuple[str, ...]) -> ctypes.CDLL | CannotBuild:
    """Try once a process, and say once if it cannot be."""
    if os.environ.get("METAKIT_FUSED") == "0":
        return CannotBuild("METAKIT_FUSED=0 turns compiled kernels off")
    try:
        return _load(source, options)
    except CannotBuild as error:
        logger.warning(
            "PyTorch stands in for %s, several times slower (METAKIT_FUSED=0 if you mean it): %s", source.name, error
        )
        return error


def _load(source: Path, options: tuple[str, ...]) -> ctypes.CDLL:
    names = [os.environ["CXX"]] if os.environ.get("CXX") else ["c++", "g++", "clang++"]
    compiler = next((path for name in names if (path := shutil.which(name))), None)
    if compiler is None:
        raise CannotBuild(f"no C++ compiler found (looked for {', '.join(names)}); install g++ or clang++")
    command = [compiler, *FLAGS, *options]
    built = _folder() / f"{source.stem}-{_key(source, command)}.so"
    if not built.is_file():
        _compile(command, source, built)
    try:
        return ctypes.CDLL(str(built))
    except OSError as error:
        raise CannotBuild(f"{built} cannot be loaded ({error}); delete it") from error


def _folder() -> Path:
    named = os.environ.get("METAKIT_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "metakit"


def _key(source: Path, command: list[str]) -> str:
    """Everything the machine code depends on: source, command, compiler and processor."""
    version = subprocess.run([command[0], "--version"], capture_output=True, text=True, check=False).stdout
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else [platform.processor()]
    processor = sorted({line for line in lines if line.startswith(("flags", "Features", "model name"))}) or lines
    text = "\n".join([source.read_text(), *command, version, platform.platform(), *processor])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _compile(command: list[str], source: Path, built: Path) -> None:
    """Compile, with OpenMP if there is, to a name of its own that is changed at the end: the file appears whole."""
    new = built.with_name(f"{built.name}.{uuid.uuid4().hex}")
    try:
        built.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotBuild(f"cannot compile {source.name} into {built.parent}: {error}") from error
    try:
        logger.info("Compiling %s with %s, once; this takes some seconds.", source.name, command[0])
        for openmp in (["-fopenmp"], ["-Wno-unknown-pragmas"]):
            whole = [*command, *openmp, str(source), "-o", str(new)]
            done = subprocess.run(whole, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                new.replace(built)
                return
        said = next((line for line in done.stderr.splitlines() if "error" in line), "it said nothing of an error")
        raise CannotBuild(f"{command[0]} failed to compile {source.name}: {said}")
    except OSError as error:
        raise CannotBuild(f"cannot compile {source.name} into {built.parent}: {error}") from error
    finally:
        new.unlink(missing_ok=True)
