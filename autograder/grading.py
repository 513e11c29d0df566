"""The instructor's main job: a folder of submissions in; gradebook, feedback and a CSV file out."""

from collections.abc import Callable

from autograder.course import Course
from autograder.gradebook import Row, exercises, read_row, what_happened


def grade_class(course: Course, assignment: str, told: Callable[[str], None] = lambda student: None) -> list[Row]:
    """Grade everything that was handed in for ``assignment``; nothing one student does stops the others.

    Args:
        course: where; ``submitted/`` is read, and ``release/``, ``autograded/``, ``feedback/``, ``gradebook.db`` and
            ``grades.csv`` are written anew. Marks given by a person are kept.
        assignment: which homework.
        told: called with each student's name before their turn.

    Raises:
        CourseError: no such assignment, or nobody handed anything in.
    """
    order = [cell for cells in exercises(course.source(assignment)).values() for cell in cells]
    students = course.students(assignment)
    course.generate(assignment)
    rows = []
    for student in students:
        told(student)
        trouble = course.autograde(assignment, student)
        course.feedback(assignment, student, trouble)
        note = trouble or what_happened(course.autograded(assignment, student))
        with course.gradebook() as gradebook:
            rows.append(read_row(gradebook, assignment, student, order, note))
    course.export()
    return rows
