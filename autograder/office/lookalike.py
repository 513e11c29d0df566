"""Which solutions look alike: for an instructor to look at, never a verdict.

Ten lines that do one thing look much the same whoever writes them. So what stands in the release or in the model
solution does not count, what many have counts for nothing, and what few have counts for more. Two solutions are shown
if they share enough of what is left, in number (``LEAST``) and in share (``THRESHOLD``).

How the numbers were chosen, on homework 2: 4 right, 32 wrong and 3 sample solutions and 6 more written for
``tests/grading/styles.py``, each in its own way. Of these 990 pairs, none of which copied, the most alike that share 20
fingerprints reach 0.51 (both detach the gradients in a list) and 0.49; the wrong solutions, one line off the model,
share too little to count. Copies with all names changed, lines put between or lines rewritten reach 0.82 to 1.0. Where
one of two functions was copied, it is about the share of the code that this function has: most such copies stay under
the threshold. At 0.7 nothing independent was shown and no whole copy missed; at 0.45, two pairs too many.
"""

import builtins
import io
import keyword
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import log

GRAM = 6
"""Tokens in a fingerprint."""

LEAST = 20
"""Fingerprints that a pair must share; less is a line or two."""

THRESHOLD = 0.7
"""Similarity from which a pair is shown."""

LONGEST = 100_000
"""Characters of a solution that are looked at; more is no solution."""

_WORDS = re.compile(r"\w+|[^\w\s]")
_SKIPPED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
_KEPT = {*keyword.kwlist, *dir(builtins)}

Gram = tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """Two solutions that look alike.

    Args:
        students: whose they are, in alphabetical order.
        similarity: of the smaller one's weight, the share that the other one has as well; 0 to 1.
        shared: how many fingerprints both have.
    """

    students: tuple[str, str]
    similarity: float
    shared: int


def lookalikes(solutions: Mapping[str, str], boilerplate: list[str], threshold: float = THRESHOLD) -> list[Pair]:
    """Return the pairs of students whose solutions look alike, the most similar first.

    A fingerprint is ``GRAM`` tokens in a row. Every one of them is kept, since solutions are short: winnowing would
    save memory that nobody needs. Its weight is log(1 + n_students / n_who_have_it). One that more than ten students
    and more than a twentieth of the class have is the natural way of writing it, and left out; this also bounds the
    work, which grows with the class, and not with its square. A ring of more than that is therefore not found.

    Args:
        solutions: text by student.
        boilerplate: texts that everyone may have, such as the release and the model solution.
        threshold: the least similarity.
    """
    known = {gram for text in boilerplate for gram in fingerprints(text)}
    holders: dict[Gram, list[str]] = defaultdict(list)
    for student in sorted(solutions):
        for gram in fingerprints(solutions[student]) - known:
            holders[gram].append(student)
    telling = {gram: who for gram, who in holders.items() if len(who) <= max(10, len(solutions) / 20)}
    total: dict[str, float] = defaultdict(float)
    weight: dict[tuple[str, str], float] = defaultdict(float)
    shared: dict[tuple[str, str], int] = defaultdict(int)
    rarity = {gram: log(1 + len(solutions) / len(who)) for gram, who in telling.items()}
    for gram, who in telling.items():
        for student in who:
            total[student] += rarity[gram]
    for pair, gram in meetings(telling):
        weight[pair] += rarity[gram]
        shared[pair] += 1
    found = [
        Pair(pair, min(1.0, weight[pair] / min(total[pair[0]], total[pair[1]])), n)
        for pair, n in shared.items()
        if n >= LEAST
    ]
    return sorted(
        (pair for pair in found if pair.similarity >= threshold), key=lambda p: (-p.similarity, -p.shared, p.students)
    )


def meetings(holders: Mapping[Gram, list[str]]) -> Iterator[tuple[tuple[str, str], Gram]]:
    """Yield every two students who have a fingerprint in common, with it: this is all the work there is."""
    for gram, who in holders.items():
        for pair in combinations(who, 2):
            yield pair, gram


def fingerprints(text: str) -> set[Gram]:
    """Return every ``GRAM`` tokens in a row; of a shorter text, none."""
    found = tokens(text)
    return {tuple(found[i : i + GRAM]) for i in range(len(found) - GRAM + 1)}


def tokens(text: str) -> list[str]:
    """Return what is left of a text when what is quickly changed is gone: comments, docstrings, layout, own names.

    A student's own names all become ``v``, since renaming is the first thing that is done to a copy. Names that belong
    to Python or to a library stay: keywords, builtins, what follows a dot, and arguments in a call. Text that is not
    Python, or only nearly, is cut into words instead.
    """
    text = text[:LONGEST]
    try:
        words = _python(text)
    except (tokenize.TokenError, SyntaxError, ValueError):  # the last for null bytes and half characters
        words = _WORDS.findall(text)
    found, depth = [], 0
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        depth += (word in "([{") - (word in ")]}")
        argument = depth > 0 and after == "=" and before in ("(", ",")
        own = word.isidentifier() and word not in _KEPT and before != "." and not argument
        found.append("v" if own else word)
    return found


def _python(text: str) -> list[str]:
    found: list[str] = []
    begins = True  # a statement; a string that is all of it is a docstring
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.STRING and begins and token.line.strip().endswith(token.string.splitlines()[-1]):
            continue
        if token.type in _SKIPPED:
            begins = begins or token.type == tokenize.NEWLINE
            continue
        begins = False
        found.append(token.string)
    return found
