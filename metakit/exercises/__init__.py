"""Instant answers to a lecture's exercises: specific, kind, and silent about the solution.

``answers`` is what all checks share; each lecture has a module of its own checks.
"""

from metakit.exercises.answers import Verdict, beside, exercise, not_yet, right

__all__ = ["Verdict", "beside", "exercise", "not_yet", "right"]
