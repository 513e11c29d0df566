"""Grading: a class of submissions in, a gradebook and a page of feedback for each student out."""
