"""One list of packages, one list of versions."""

import re
from importlib.metadata import version

import yaml

from tests.frame.house import PROJECT, ROOT, canonical, direct


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    exact = [re.fullmatch(r"([\w.-]+)==([\w.]+)", line) for line in lines if not line.startswith("#")]
    assert all(exact), "every line of constraints.txt must be name==version"
    return {canonical(match[1]): match[2] for match in exact if match}


def test_every_direct_dependency_has_one_exact_version() -> None:
    assert direct() <= set(pins())
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == len(pins())


def test_no_cuda_package_is_pinned() -> None:
    assert [name for name in pins() if re.match(r"nvidia|cuda|triton", name)] == []


def test_what_is_tested_are_the_pinned_versions() -> None:
    installed = {name: version(name).split("+")[0] for name in pins()}
    assert installed == pins()


def test_conda_takes_its_packages_from_pyproject_and_says_nothing_twice() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, (pip_section,) = environment["dependencies"][0], *[[x] for x in environment["dependencies"][1:]]
    assert environment["name"] == PROJECT["name"]
    assert python == "python" + PROJECT["requires-python"]
    assert pip == ["pip"]
    assert pip_section == {"pip": ["--constraint constraints.txt", "--editable .[dev]"]}


def test_the_extra_dev_holds_all_others() -> None:
    extras = PROJECT["optional-dependencies"]
    held, queue = set(), ["dev"]
    while queue:
        name = queue.pop()
        held.add(name)
        for named in re.findall(r"metakit\[([\w,]+)\]", " ".join(extras[name])):
            queue += named.split(",")
    assert held == set(extras)
