"""Grades out: whose are refused, what the platforms get, and who could not be matched."""

import csv
import os
import shutil
import sys
import warnings
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from sqlalchemy.exc import SAWarning

from autograder.office.export import export
from autograder.office.plain import as_text
from autograder.office.points import LATE, gradebook_points
from autograder.office.sheets import ExportError, Sheet, number, read_sheet, write_sheet
from autograder.verdict import Outcome, Way, write_verdict
from tests.grading.verdicts import HW, mark, verdict, write_class

PASSED, FAILED, HAND = Outcome.PASSED, Outcome.FAILED, Outcome.BY_HAND
CANVAS_FILE = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Quiz (7),hw2_maml (12345),Final Score\r\n"
    ",,,,,,Manual Posting,\r\n"
    "    Points Possible,,,,,5,4.00,(read only)\r\n"
    '"Lovelace, Ada",101,u101,ada@uni.edu,"A, and B",3,1.5,88\r\n'
    '"Müller, Ben",102,u102,bmu,A,EX,,70\r\n'
    '"Nobody, Nina",103,u103,nina,A,,2,\r\n'
)
MOODLE_FILE = (
    '\ufeffIdentifier,"Full name","Email address",Status,Grade,"Maximum Grade",'
    '"Last modified (grade)","Feedback comments"\n'
    'Participant 9001,"Ada Lovelace",ada@uni.edu,"Submitted for grading",,4.00,-,"<p>Good,\nreally.</p>"\n'
    'Participant 9002,"Ben Müller",,"Submitted for grading",1.00,4.00,"Sunday, 1 March 2026, 9:00 AM",\n'
    'Participant 9003,"Nina Nobody",nina@uni.edu,"No submission",,4.00,-,\n'
)


@pytest.fixture
def root(tmp_path) -> Path:
    """Ada has 3 of 4 points, Ben 1.333.., Cleo handed in what cannot be read."""
    write_verdict(tmp_path, verdict("ada", mark("a", PASSED), mark("b", FAILED, 0.5)))
    write_verdict(tmp_path, verdict("ben", mark("a", FAILED, 2 / 3), mark("b", Outcome.NOT_REACHED)))
    write_verdict(tmp_path, verdict("cleo", way=Way.NOT_RUN, trouble="It is not JSON."))
    return tmp_path


def people(root, text: str, columns: str = "id,name,lms_id,email") -> None:
    (root / "students.csv").write_text(f"{columns}\n{text}", encoding="utf-8")


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def given_file(root, text: str) -> Path:
    path = root / "from platform.csv"
    path.write_bytes(text.encode())
    return path


def test_marks_that_were_not_given_behind_the_wall_are_refused_by_name_unless_allowed(root) -> None:
    write_verdict(root, verdict("mallory", mark("a", PASSED), way=Way.NOT_WALLED))
    with pytest.raises(ExportError, match=r"not given behind the wall.*: mallory\. .*--allow-not-walled"):
        export(root, HW, "csv", given={})
    path = export(root, HW, "csv", given={}, allow_not_walled=True).path
    assert ["mallory", "2", "not walled"] in [[row[0], row[4], row[6]] for row in rows(path)]


@pytest.mark.parametrize(("outcome", "says"), [(HAND, "wait for a person"), (Outcome.OUR_FAULT, "grader failed on")])
def test_who_waits_is_refused_by_name_or_left_out_or_given_points(root, outcome, says) -> None:
    write_verdict(root, verdict("dan", mark("a", PASSED), mark("c", outcome)))
    with pytest.raises(ExportError, match=f"{says}.*: dan.*--leave-out-waiting"):
        export(root, HW, "csv", given={})
    assert not (root / "exports").exists()
    left = export(root, HW, "csv", given={}, leave_out_waiting=True)
    assert left.left_out == ("dan",)
    assert [row[0] for row in rows(left.path)] == ["id", "ada", "ben", "cleo"]
    done = export(root, HW, "csv", given={"dan": {"c": 0.5}})
    assert done.left_out == ()
    assert ["dan", "2.5"] in [[row[0], row[4]] for row in rows(done.path)]


def test_what_could_not_be_read_gets_zero_or_is_left_out(root) -> None:
    assert ["cleo", "0", "not run"] in [[r[0], r[4], r[6]] for r in rows(export(root, HW, "csv", given={}).path)]
    left = export(root, HW, "csv", given={}, leave_out_not_run=True)
    assert (left.left_out, [row[0] for row in rows(left.path)]) == (("cleo",), ["id", "ada", "ben"])


def test_without_verdicts_or_for_a_platform_unknown_a_sentence_says_so(root) -> None:
    with pytest.raises(ExportError, match=r"no verdicts on 'hw9'"):
        export(root, "hw9", "csv", given={})
    with pytest.raises(ExportError, match="no export for 'excel'; there are: canvas, moodle, csv"):
        export(root, HW, "excel", given={})
    with pytest.raises(ExportError, match="Only a file of Canvas's or Moodle's"):
        export(root, HW, "csv", given={}, into=given_file(root, CANVAS_FILE))


def test_the_plain_table_has_every_check_and_what_a_person_changed(root) -> None:
    path = export(root, HW, "csv", given={"ada": {"a": 0.75, LATE: -1}}).path
    assert path == root / "exports" / f"{HW}_csv.csv"
    assert rows(path)[:3] == [
        ["id", "name", "lms_id", "email", "points", "maximum", "way", "a", "b", "late penalty"],
        ["ada", "", "", "", "0.75", "4", "walled", "0.75", "1", "-1"],
        ["ben", "", "", "", "1.33", "4", "walled", "1.33", "0", "0"],
    ]
    assert path.read_bytes().startswith(b"\xef\xbb\xbfid,")  # by which Excel knows UTF-8


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_name_cannot_be_a_formula_in_the_plain_table_and_stays_as_it_is_elsewhere(root, name) -> None:
    people(root, f'ada,"{name}",5,a@b.c\n')
    assert rows(export(root, HW, "csv", given={}).path)[1][:4] == ["ada", f"'{name}", "5", "a@b.c"]
    assert rows(export(root, HW, "canvas", given={}).path)[2][0] == name


def test_a_tab_or_a_line_break_does_not_hide_a_formula() -> None:
    assert [as_text(text) for text in ("\t=1", "\r=1", "a=1", "")] == ["'\t=1", "'\r=1", "a=1", ""]


def test_a_new_file_for_canvas_has_its_columns_and_the_points_possible(root) -> None:
    people(root, 'ada,"Lovelace, Ada",101,\n')
    assert rows(export(root, HW, "canvas", given={}, column="Homework 2 (77)").path) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Homework 2 (77)"],
        ["    Points Possible", "", "", "", "", "4"],
        ["Lovelace, Ada", "101", "", "", "", "3"],
        ["ben", "", "", "ben", "", "1.33"],
        ["cleo", "", "", "cleo", "", "0"],
    ]


def test_a_new_file_for_moodle_has_the_columns_that_its_import_wants(root) -> None:
    people(root, "ada,Ada Lovelace,17,ada@uni.edu,9001\nben,,,,\n", "id,name,lms_id,email,moodle:hw2_maml")
    exported = export(root, HW, "moodle", given={})
    assert rows(exported.path) == [
        ["Identifier", "Full name", "Email address", "Grade", "Maximum Grade", "Last modified (grade)"],
        ["Participant 9001", "Ada Lovelace", "ada@uni.edu", "3", "4", "-"],
    ]
    assert exported.unknown_there == ("ben", "cleo")


def test_moodle_s_numbers_of_another_assignment_are_not_taken(root) -> None:
    people(root, "ada,Ada,17,,9001\n", "id,name,lms_id,email,moodle:hw1")
    assert rows(export(root, HW, "moodle", given={}).path)[1][0] == "Participant 17"


def test_canvas_s_own_file_is_filled_in_one_column_and_stays_as_it_was_in_all_others(root) -> None:
    people(root, "ada,,101,\nben,,,BMU\ncleo,Cleo,,\n")
    source = given_file(root, CANVAS_FILE)
    exported = export(root, HW, "canvas", given={}, into=source)
    expected = CANVAS_FILE.replace(",3,1.5,88", ",3,3,88").replace("EX,,", "EX,1.33,")
    assert exported.path.read_bytes().decode() == expected
    assert source.read_bytes().decode() == CANVAS_FILE
    assert exported.unknown_there == ("cleo",)
    assert exported.unknown_here == ("Nobody, Nina",)


def test_moodle_s_own_file_is_filled_in_with_line_breaks_and_byte_order_mark_kept(root) -> None:
    people(root, "ada,,9001,\nben,ben müller,8002,\n")
    exported = export(root, HW, "moodle", given={}, into=given_file(root, MOODLE_FILE))
    before, after = read_sheet(given_file(root, MOODLE_FILE)), read_sheet(exported.path)
    assert [row.pop(4) for row in after.rows] == ["3", "1.33", ""]
    assert [row.pop(4) for row in before.rows] == ["", "1.00", ""]
    assert (after.header, after.rows, after.bom, after.newline) == (before.header, before.rows, True, "\n")
    assert (exported.unknown_there, exported.unknown_here) == (("cleo",), ("Nina Nobody",))
    assert exported.notes == ("Found by the name alone, so look whether it is them: ben.",)


def test_a_number_counts_more_than_an_address_and_an_address_more_than_a_name(root) -> None:
    """The e-mail of Ada's entry is Nina's, and Ben is called Ada: the number and the address decide."""
    people(root, "ada,X,9001,nina@uni.edu\nben,Ada Lovelace,,nina@uni.edu\n")
    after = read_sheet(export(root, HW, "moodle", given={}, into=given_file(root, MOODLE_FILE)).path)
    assert [row[4] for row in after.rows] == ["3", "1.00", "1.33"]


def test_a_line_that_is_somebody_s_by_number_is_nobody_else_s_by_address_or_name(root) -> None:
    people(root, "ada,,9001,\nben,Ada Lovelace,,ada@uni.edu\n")
    exported = export(root, HW, "moodle", given={}, into=given_file(root, MOODLE_FILE))
    assert [row[4] for row in read_sheet(exported.path).rows] == ["3", "1.00", ""]
    assert exported.unknown_there == ("ben", "cleo")


def test_who_could_be_two_is_matched_with_neither(root) -> None:
    people(root, "ada,Nina Nobody,,\nben,nina nobody,,\n")
    exported = export(root, HW, "moodle", given={}, into=given_file(root, MOODLE_FILE))
    assert exported.unknown_there == ("ada", "ben", "cleo")
    assert len(exported.unknown_here) == 3
    twice = MOODLE_FILE.replace("Participant 9003", "Participant 9001")
    people(root, "ada,,9001,\n")
    assert "ada" in export(root, HW, "moodle", given={}, into=given_file(root, twice)).unknown_there


def test_a_platform_that_counts_out_of_other_points_is_refused_or_scaled_to(root) -> None:
    people(root, "ada,,9001,\n")
    hundred = given_file(root, MOODLE_FILE.replace("4.00", "100,0".replace(",", ".")))
    with pytest.raises(ExportError, match=r"counts out of 100, the homework out of 4\. .*--scale"):
        export(root, HW, "moodle", given={}, into=hundred)
    after = read_sheet(export(root, HW, "moodle", given={}, into=hundred, scale=True).path)
    assert after.rows[0][4] == "75"
    with pytest.raises(ExportError, match="counts out of 8"):
        export(root, HW, "canvas", given={}, into=given_file(root, CANVAS_FILE.replace("4.00", "8")))


def test_a_grade_above_moodle_s_maximum_is_told(root) -> None:
    given = {"ada": {"a": 5}, "ben": {"a": 4}}  # Ben has just the maximum
    assert export(root, HW, "moodle", given=given).notes == (
        "Moodle passes over grades above its maximum, without a word: ada.",
    )
    assert export(root, HW, "canvas", given=given).notes == ()


def test_a_column_that_is_not_there_is_answered_with_those_that_are(root) -> None:
    with pytest.raises(ExportError, match=r"0 columns .* 'Homework 2'; say which \(--column\): .*Quiz \(7\), hw2_maml"):
        export(root, HW, "canvas", given={}, into=given_file(root, CANVAS_FILE), column="Homework 2")
    with pytest.raises(ExportError, match="2 columns"):
        export(root, "hw2_maml", "canvas", given={}, into=given_file(root, CANVAS_FILE.replace("Quiz", "HW2_MAML")))
    with pytest.raises(ExportError, match="no column Identifier"):
        export(root, HW, "moodle", given={}, into=given_file(root, CANVAS_FILE), column="Quiz", scale=True)


def test_a_file_that_is_not_what_it_should_be_is_named(root) -> None:
    (root / "latin.csv").write_bytes("Student,ID\nMüller,1".encode("latin-1"))
    with pytest.raises(ExportError, match=r"latin\.csv is not UTF-8"):
        read_sheet(root / "latin.csv")
    (root / "empty.csv").write_text("")
    with pytest.raises(ExportError, match=r"empty\.csv is empty"):
        read_sheet(root / "empty.csv")
    people(root, "ada\n", "who")
    with pytest.raises(ExportError, match="has no column id; its columns are: who"):
        export(root, HW, "csv", given={})


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_sheet_is_read_as_it_was_written(tmp_path, delimiter) -> None:
    cells = [["1", 'quote "x"', "two\nlines"], [], ["ü", "", " "]]
    sheet = Sheet(["a", "b, c", "d"], cells, delimiter, "\n", bom=False)
    assert read_sheet(write_sheet(tmp_path / "some" / "sheet.csv", sheet)) == sheet
    assert [path.name for path in (tmp_path / "some").iterdir()] == ["sheet.csv"]


@pytest.mark.parametrize(("points", "text"), [(3.0, "3"), (4 / 3, "1.33"), (0.125, "0.12"), (123456.7, "123456.7")])
def test_points_are_written_with_two_decimals_at_most(points: float, text: str) -> None:
    assert number(points) == text


def test_a_class_of_sixty_goes_out_with_one_line_each(tmp_path) -> None:
    verdicts = write_class(tmp_path, 60)
    given = {one.student: {"why_second_order": 1.0, "inner_adapt_one_step": 2.0} for one in verdicts}
    people(tmp_path, "".join(f"{one.student},Name {one.student},{1000 + i},\n" for i, one in enumerate(verdicts)))
    exported = export(tmp_path, HW, "canvas", given=given, allow_not_walled=True)
    table = rows(exported.path)
    assert [row[1] for row in table[2:]] == [str(1000 + i) for i in range(60)]
    assert table[1][-1] == "23"
    for row, one in zip(table[2:], verdicts, strict=True):
        others = sum(m.points for m in one.marks if m.check not in given[one.student])
        assert row[-1] == number(others + 3.0)


@pytest.fixture(scope="module")
def new_gradebook(tmp_path_factory) -> Path:
    """nbgrader's gradebook with three students who handed in an assignment of three cells."""
    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)  # it calls alembic by its name
        warnings.simplefilter("ignore", SAWarning)  # nbgrader adds a submission in two steps
        with Gradebook(f"sqlite:///{path}") as book:
            book.add_assignment(HW)
            book.add_notebook(HW, HW)
            for name, kind in (("a", "code"), ("b", "code"), ("c", "markdown")):
                book.add_grade_cell(name, HW, HW, max_score=2, cell_type=kind)
            for student in ("ada", "ben", "cleo"):
                book.add_student(student)
                book.add_submission(HW, student)
    return path


def gradebook(root, new_gradebook) -> Gradebook:
    return Gradebook(f"sqlite:///{shutil.copy(new_gradebook, root)}")


def test_what_a_person_gave_is_read_from_nbgrader_s_gradebook(root, new_gradebook) -> None:
    assert gradebook_points(root, HW) == {}
    assert not (root / "gradebook.db").exists()
    with gradebook(root, new_gradebook) as book:
        find = lambda cell, student: book.find_grade(cell, HW, HW, student)  # noqa: E731
        for student in ("ada", "ben", "cleo"):
            find("a", student).auto_score = 2.0
        find("c", "ada").manual_score, find("c", "ada").extra_credit = 1.5, 0.25
        find("a", "ben").manual_score = 0.5  # instead of the machine's 2
        find("b", "ben").auto_score, find("b", "ben").extra_credit = 1.0, 0.5
        find("c", "ben").auto_score = 0.0  # nobody touched the answer
        book.find_submission_notebook(HW, HW, "ben").late_submission_penalty = 0.75
        book.db.commit()
    assert gradebook_points(root, HW) == {
        "ada": {"c": 1.75},
        "ben": {"a": 0.5, "b": 1.5, "c": 0.0, LATE: -0.75},
    }
    assert gradebook_points(root, "hw9") == {}


def test_the_export_takes_the_gradebook_s_points_by_itself_and_gives_what_nbgrader_gives(root, new_gradebook) -> None:
    write_verdict(root, verdict("ada", mark("a", PASSED), mark("b", FAILED), mark("c", HAND)))
    with gradebook(root, new_gradebook) as book:
        with pytest.raises(ExportError, match="wait for a person"):
            export(root, HW, "csv")
        for cell, points in (("a", 2.0), ("b", 0.0)):
            book.find_grade(cell, HW, HW, "ada").auto_score = points
        book.find_grade("c", HW, HW, "ada").manual_score = 1.5
        book.find_submission_notebook(HW, HW, "ada").late_submission_penalty = 0.5
        book.db.commit()
        submission = book.find_submission(HW, "ada")
        nbgraders = max(0.0, submission.score - submission.late_submission_penalty)
    assert rows(export(root, HW, "csv").path)[1][4] == number(nbgraders) == "3"
