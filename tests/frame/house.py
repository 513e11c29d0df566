"""Where things are, and how to ask for them."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("[a-z]*/*.md")])
OPTIONS = ("ARGS", "PORT", "PYTHON", "TORCH_INDEX")


def run(*command: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command, as if not from within make."""
    left_out = (*OPTIONS, "MFLAGS", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    return subprocess.run(command, cwd=cwd, env=environment | variables, capture_output=True, text=True, timeout=300)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(lines: list[str]) -> set[str]:
    names = {canonical(re.split(r"[\[<>=!~; ]", line)[0]) for line in lines}
    return names - {canonical(PROJECT["name"])}


def direct() -> set[str]:
    extras = PROJECT["optional-dependencies"].values()
    return requirements([*PROJECT["dependencies"], *(line for extra in extras for line in extra)])
