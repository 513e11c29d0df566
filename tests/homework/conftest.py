from pathlib import Path

import nbformat
import pytest

HOMEWORK = Path(__file__).resolve().parents[2] / "homework"


@pytest.fixture(scope="session")
def source():
    return nbformat.read(HOMEWORK / "source/hw2_maml/hw2_maml.ipynb", as_version=4)
