"""Ids for whatever students are called."""

import random
import re
import unicodedata

import pytest

from autograder.door.names import LONGEST, free_id, is_id, safe_id

ALPHABET = [chr(code) for code in (*range(128), 0xE9, 0x301, 0x1F600, 0x4E2D, 0xD800, 0x2028, 0xDF)]


@pytest.mark.parametrize("name", ["ada", "Ada_Lovelace", "b00123", "a.b-c", "_x", "7", "x" * 64, "jose-0123abcd"])
def test_a_name_that_can_be_an_id_stays(name):
    assert safe_id(name) == name


@pytest.mark.parametrize(
    "name",
    ["", " ", ".", "..", "-x", ".x", "x.", "a b", "a+b", "a/b", "[x]", "*", "x" * 65, "é", "CON", "nul.txt", "a\n"],
)
def test_any_other_name_becomes_an_id_that_stays(name):
    found = safe_id(name)
    assert found != name
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*-[0-9a-f]{8}", found)
    assert len(found) <= LONGEST
    assert safe_id(found) == found


def test_an_id_can_be_read():
    assert safe_id("José  Núñez (TA)").startswith("jose-nunez-ta-")
    assert safe_id("王小明").startswith("student-")


def test_names_that_look_alike_get_ids_of_their_own():
    names = [
        "josé",
        unicodedata.normalize("NFD", "josé"),
        "JOSÉ",
        "José",
        "j osé",
        "jose ",
        "x" * 300,
        "x" * 301,
        "[a]",
        "*a*",
    ]
    assert len({safe_id(name).casefold() for name in names}) == len(names)


def test_thousands_of_random_names_get_different_good_ids():
    draw = random.Random(0)
    names = {"".join(draw.choices(ALPHABET, k=draw.randrange(12))) for _ in range(5000)}
    ids = [safe_id(name) for name in names]
    assert len(set(ids)) == len(names) > 4000
    assert all(is_id(one) for one in ids)


def test_an_id_that_is_taken_is_not_given_again_in_upper_or_lower_case():
    assert free_id("ada", ["bob"]) == "ada"
    second = free_id("ada", ["Ada"])
    assert second.startswith("ada-2-")
    assert free_id("ada", ["ADA", second.upper()]).startswith("ada-3-")
