import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pooch
import pytest
import torch

from metakit.tasks.cache import cache_folder, cached
from metakit.tasks.characters import Characters
from tests.tasks.test_download import full_disk


def make() -> Characters:
    images = torch.randint(0, 256, (4, 20, 28, 28), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    names = ("Ä/character01", "Ä/character02", "B/character01", "B/character02")
    return Characters(images, torch.tensor([0, 0, 1, 1]), ("Ä", "B"), names, "test", "d" * 64)


def never() -> Characters:
    raise AssertionError("this should have come from the cache")


def same(a: Characters, b: Characters) -> bool:
    rest = [(c.alphabets, c.names, c.source, c.digest) for c in (a, b)]
    return a.images.equal(b.images) and a.alphabet.equal(b.alphabet) and rest[0] == rest[1]


def test_what_was_made_comes_back_the_same_without_being_made_again(own_folders):
    assert same(cached("key", make), make())
    again = cached("key", never)
    assert same(again, make())
    assert again.images.dtype == torch.uint8
    assert again.alphabet.dtype == torch.int64


def test_another_key_is_another_file(own_folders):
    cached("one", make)
    with pytest.raises(AssertionError, match="should have come"):
        cached("two", never)
    assert [path.name for path in own_folders.iterdir()] == ["one.npz"]


def test_the_cache_folder_is_the_named_one_else_the_users(monkeypatch):
    monkeypatch.delenv("METAKIT_CACHE", raising=False)
    assert cache_folder() == pooch.os_cache("metakit")
    monkeypatch.setenv("METAKIT_CACHE", "/named")
    assert str(cache_folder()) == "/named"


@pytest.mark.parametrize("damage", ["cut", "emptied", "one pixel", "a name", "a shape", "no zip", "other arrays"])
def test_a_damaged_cache_is_made_again(own_folders, caplog, damage):
    cached("key", make)
    path = own_folders / "key.npz"
    whole = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "emptied":
        path.write_bytes(b"")
    elif damage == "one pixel":
        whole[len(whole) // 2] ^= 1
        path.write_bytes(whole)
    elif damage == "a name":
        whole[whole.index("B/c".encode("utf-32-le"))] ^= 1
        path.write_bytes(whole)
    elif damage == "a shape":
        path.write_bytes(whole.replace(b"28, 28)", b"28, 14)"))
    elif damage == "no zip":
        path.write_bytes(b"not a zip file" * 100)
    else:
        np.savez(path, pictures=np.zeros(3))
    assert same(cached("key", make), make())
    assert [record.getMessage().count("is made again") for record in caplog.records] == [1]
    assert same(cached("key", never), make())


class Trap:
    """Unpickling it creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_nothing_in_the_cache_is_ever_run(own_folders, tmp_path):
    own_folders.mkdir()
    np.savez(own_folders / "key.npz", images=np.array([Trap(tmp_path / "sprung")], dtype=object))
    assert same(cached("key", make), make())
    assert not (tmp_path / "sprung").exists()


def test_where_nothing_can_be_written_the_characters_come_with_a_sentence(monkeypatch, tmp_path, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("METAKIT_CACHE", str(tmp_path / "file" / "cache"))
    assert same(cached("key", make), make())
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "Nothing is kept in the cache" in caplog.text
    assert "Not a directory" in caplog.text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_cache_is_read_and_never_written(own_folders, caplog):
    cached("key", make)
    own_folders.chmod(0o555)
    assert same(cached("key", never), make())
    assert same(cached("other", make), make())
    assert "Permission denied" in caplog.text
    own_folders.chmod(0o755)


def test_a_full_disk_costs_the_cache_and_not_the_characters(own_folders, caplog):
    with full_disk(30_000):
        assert same(cached("key", make), make())
    assert len(caplog.records) == 1
    assert "Nothing is kept in the cache" in caplog.text
    assert "File too large" in caplog.text
    assert list(own_folders.iterdir()) == []


def test_writers_at_once_leave_one_whole_file(own_folders, caplog):
    n = 6
    all_have_found_nothing = threading.Barrier(n)

    def make_together() -> Characters:
        all_have_found_nothing.wait()
        return make()

    with ThreadPoolExecutor(n) as pool:
        results = list(pool.map(lambda _: cached("key", make_together), range(n)))
    assert all(same(result, make()) for result in results)
    assert caplog.text == ""
    assert [path.name for path in own_folders.iterdir()] == ["key.npz"]
    assert same(cached("key", never), make())


def test_the_cache_may_be_read_by_whom_the_umask_lets(own_folders, tmp_path):
    cached("key", make)
    (tmp_path / "ordinary").touch()
    assert (own_folders / "key.npz").stat().st_mode == (tmp_path / "ordinary").stat().st_mode
