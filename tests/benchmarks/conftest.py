import sys
from collections.abc import Callable

import pytest
import torch

from benchmarks.configurations import Configuration
from metakit.tasks.characters import Characters

TINY = Configuration("tiny", n_tasks=2, n_way=2, k_shot=1, steps=2, n_query=1)


@pytest.fixture
def tiny() -> Configuration:
    return TINY


@pytest.fixture(scope="session")
def noise() -> Characters:
    images = torch.randint(0, 256, (6, 4, 28, 28), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    return Characters(images, torch.zeros(6, dtype=torch.int64), ("A",), tuple("abcdef"), "noise", "")


@pytest.fixture
def fake() -> Callable[..., list[str]]:
    return lambda *ways: [sys.executable, "-m", "tests.benchmarks.fake", *ways]
