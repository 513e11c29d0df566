import subprocess
import sys

import pytest

from metakit.tasks.episodes import Episodes
from metakit.tasks.load import load_characters
from metakit.tasks.omniglot import DataUnavailable
from metakit.tasks.splits import official_split, random_split


@pytest.fixture
def no_omniglot(monkeypatch, tmp_path_factory) -> None:
    """No archives, and a cache folder in which glyphs are made once for all tests here."""
    monkeypatch.setenv("METAKIT_CACHE", str(tmp_path_factory.getbasetemp() / "glyphs"))
    monkeypatch.delenv("METAKIT_OMNIGLOT", raising=False)


@pytest.mark.parametrize("source", ["auto", "omniglot"])
def test_omniglot_is_loaded_where_it_is(real_omniglot, caplog, source):
    characters = load_characters(source)
    assert (characters.source, len(characters)) == ("omniglot", 1623)
    assert caplog.text == ""


def test_glyphs_stand_in_for_omniglot_with_one_sentence(no_omniglot, caplog):
    characters = load_characters()
    assert characters.source == "glyphs"
    (record,) = caplog.records
    sentence = record.getMessage()
    assert sentence.startswith("These are generated glyphs and not Omniglot: ")
    assert "is missing; to get Omniglot, run python -c" in sentence
    assert "\n" not in sentence


def test_glyphs_can_be_asked_for_and_then_nothing_is_said(no_omniglot, caplog):
    assert load_characters("glyphs").source == "glyphs"
    assert caplog.text == ""


def test_omniglot_by_name_is_never_replaced(no_omniglot):
    with pytest.raises(DataUnavailable, match=r"images_background\.zip is missing"):
        load_characters("omniglot")


def test_another_source_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="source must be one of auto, omniglot, glyphs; it is 'mnist'"):
        load_characters("mnist")


@pytest.mark.parametrize("split_of", [official_split, random_split])
def test_glyphs_split_into_parts_that_make_episodes(no_omniglot, split_of):
    for part in split_of(load_characters("glyphs"), n_validation=2, rotations=True):
        assert len(Episodes.of(part)._members) == len(part)


def test_the_sentence_is_seen_by_whoever_configures_no_logging(no_omniglot):
    code = "from metakit.tasks.load import load_characters; load_characters()"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert run.stderr.startswith("These are generated glyphs")
    assert run.stderr.count("\n") == 1
