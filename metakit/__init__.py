"""The reference library of the course: the lecture is the architecture (see README.md)."""
