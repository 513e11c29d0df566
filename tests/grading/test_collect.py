"""From downloads as Canvas and Moodle make them to nbgrader's folders."""

import csv
import io
import json
import os
import stat
import tarfile
import unicodedata
import zipfile
from datetime import UTC, datetime

import pytest
from nbgrader.utils import parse_utc

from autograder.alone import alone
from autograder.course import CourseError
from autograder.door.archives import LARGEST_FILE
from autograder.door.collect import collect
from autograder.door.intake import take_in
from autograder.door.ledger import arrival_of
from autograder.door.lms import Sent, who_sent
from tests.grading.submissions import HW, honest, release

NB = f"{HW}.ipynb"


@pytest.fixture
def root(tmp_path):
    course = tmp_path / "course"
    course.mkdir()
    return course


def zipped(path, files, when=(2026, 3, 1, 12, 0, 0), method=zipfile.ZIP_DEFLATED):
    """A zip with these files, names as they are."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name, when)
            info.compress_type = method
            archive.writestr(info, data)
    return path


def zip_bytes(files):
    buffer = io.BytesIO()
    zipped(buffer, files)
    return buffer.getvalue()


def tar_bytes(files, mode="w:gz", **special):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name, target in special.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return buffer.getvalue()


def tree(folder):
    """Every file below with what is in it, the lock that keeps other runs out aside."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".grading")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def notebooks(root):
    """What is in submitted/, by student, where there is nothing but the notebook."""
    found = tree(root / "submitted")
    assert all(path.endswith((f"{HW}/{NB}", "timestamp.txt")) for path in found)
    return {path.split("/")[0]: data.decode() for path, data in found.items() if path.endswith(NB)}


def students(root):
    with (root / "students.csv").open(newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def submitted(root, student):
    return tree(root / "submitted" / student / HW)


CANVAS = {
    f"doejane_12345_67890_{NB}": b"jane",
    f"smithbob_LATE_12346_67891_{HW}-1.ipynb": b"bob",
    "muellerjörg_12347_67892_Homework 2 (final)_v3.ipynb": b"joerg",
    f"anon_aB3xY_67893_{NB}": b"anonymous",
    "leeann_12348_text.html": b"<p>I could not upload</p>",
}


def test_canvas_s_names_are_read(tmp_path, root):
    collected = {one.student: one for one in collect(zipped(tmp_path / "submissions.zip", CANVAS), root, HW)}
    assert {one.state for one in collected.values()} == {"new"}
    joerg = next(one for one in collected if one.startswith("muellerjorg-"))
    assert submitted(root, "doejane") == {NB: b"jane"}
    assert submitted(root, "smithbob") == {NB: b"bob"}
    assert submitted(root, joerg) == {NB: b"joerg"}
    assert submitted(root, "student-anon_aB3xY") == {NB: b"anonymous"}
    assert submitted(root, "leeann") == {"text.html": b"<p>I could not upload</p>"}
    assert {one: row["lms_id"] for one, row in students(root).items()} == {
        "doejane": "12345",
        "smithbob": "12346",
        joerg: "12347",
        "student-anon_aB3xY": "anon_aB3xY",
        "leeann": "12348",
    }
    assert list(students(root)["doejane"]) == ["id", "name", "lms_id", "email"]
    assert {name for name, one in collected.items() if one.flags} == {"smithbob"}
    assert collected["smithbob"].flags == ("late",)
    assert collected[joerg].notes == (f"Homework 2 (final)_v3.ipynb was taken for {NB}; call it that next time.",)
    assert collected["doejane"].notes == ()
    assert arrival_of(root, HW, "smithbob").late
    assert not arrival_of(root, HW, "doejane").late
    assert arrival_of(root, HW, "nobody") is None


MOODLE = {
    f"Ana María Ruiz_1234567_assignsubmission_file_/{NB}": b"ana",
    f"Toni - Marie_1234568_assignsubmission_file/sub/{NB}": b"toni",
    "Toni - Marie_1234568_assignsubmission_file/sub/data.csv": b"1,2",
    f"Bo Li_1234569_assignsubmission_file_{NB}": b"bo",
    "Cy Fox_1234570_assignsubmission_onlinetext/onlinetext.html": b"<p>sorry</p>",
    f"Default group_assignsubmission_file_/{NB}": b"group",
}


def test_moodle_s_names_are_read(tmp_path, root):
    collect(zipped(tmp_path / "m.zip", MOODLE), root, HW)
    by_name = {row["name"]: row for row in students(root).values()}
    found = {name: submitted(root, row["id"]) for name, row in by_name.items()}
    assert found == {
        "Ana María Ruiz": {NB: b"ana"},
        "Toni - Marie": {NB: b"toni", "data.csv": b"1,2"},
        "Bo Li": {NB: b"bo"},
        "Cy Fox": {"onlinetext.html": b"<p>sorry</p>"},
        "Default group": {NB: b"group"},
    }
    assert by_name["Bo Li"]["lms_id"] == by_name["Bo Li"][f"moodle:{HW}"] == "1234569"


def test_folders_and_notebooks_with_a_student_s_name_are_read(tmp_path, root):
    download = tmp_path / "download"
    for name in (f"ada/{NB}", "ada/data/a.csv", f"bob/{HW}/{NB}", "cy.ipynb", "dan.zip", "README.txt", ".git/config"):
        (download / name).parent.mkdir(parents=True, exist_ok=True)
        (download / name).write_bytes(zip_bytes({f"work/{NB}": b"dan"}) if name == "dan.zip" else name.encode())
    collected = {one.handed_in_as: one for one in collect(download, root, HW)}
    assert submitted(root, "ada").keys() == {NB, "data/a.csv", "timestamp.txt"}
    assert submitted(root, "bob")[NB] == f"bob/{HW}/{NB}".encode()
    assert submitted(root, "cy")[NB] == b"cy.ipynb"
    assert submitted(root, "dan")[NB] == b"dan"
    assert collected["README.txt"].state == "left out"
    assert collected["README.txt"].student == ""
    assert set(students(root)) == {"ada", "bob", "cy", "dan"}


@pytest.mark.parametrize(
    "files", [CANVAS, MOODLE, {f"ada/{NB}": b"a", "bob.ipynb": b"b"}], ids=["canvas", "moodle", "plain"]
)
def test_the_same_again_changes_nothing(tmp_path, root, files):
    what = zipped(tmp_path / "w.zip", files)
    collect(what, root, HW)
    before = tree(root)
    assert {one.state for one in collect(what, root, HW)} == {"same"}
    assert tree(root) == before


@pytest.mark.parametrize("wrapper", ["download", "other"])
def test_a_folder_around_everything_makes_no_difference_to_an_lms_s_names(tmp_path, root, wrapper):
    collect(zipped(tmp_path / "download.zip", {f"{wrapper}/{name}": data for name, data in CANVAS.items()}), root, HW)
    assert submitted(root, "doejane") == {NB: b"jane"}


def test_a_folder_with_the_archive_s_name_is_no_student(tmp_path, root):
    collect(zipped(tmp_path / "class.zip", {f"class/ada/{NB}": b"a", f"__MACOSX/class/ada/._{NB}": b"x"}), root, HW)
    assert notebooks(root) == {"ada": "a"}


def test_who_sent_what_is_read_from_real_names():
    names = ["johndoe_987122_46871556_Project 4.4 (1).ipynb", "smith-x.ipynb", "lee_2b_1_2_a_3_4_b.py"]
    found = who_sent(names, HW)
    assert found[names[0]] == Sent("canvas", "johndoe", "987122", "Project 4.4 (1).ipynb", False, 46871556)
    assert found[names[1]] is None
    assert found[names[2]] == Sent("canvas", "lee_2b", "1", "a_3_4_b.py", False, 2)


def test_a_later_archive_wins_and_what_was_there_is_kept(tmp_path, root):
    first = zipped(tmp_path / "1.zip", {f"doejane_1_10_{NB}": b"one"})
    second = zipped(tmp_path / "2.zip", {f"doejane_1_20_{HW}-1.ipynb": b"two"})
    assert [one.state for one in collect(first, root, HW)] == ["new"]
    assert [one.state for one in collect(second, root, HW)] == ["newer"]
    assert notebooks(root) == {"doejane": "two"}
    assert tree(root / "submitted_before") == {f"doejane/{HW}/1/{NB}": b"one"}
    before = tree(root)
    assert [one.state for one in collect(first, root, HW)] == ["same"]
    assert tree(root) == before


def test_an_earlier_archive_that_comes_later_goes_to_what_was_before(tmp_path, root):
    collect(zipped(tmp_path / "2.zip", {f"doejane_1_9_{NB}": b"two"}), root, HW)
    collected = collect(zipped(tmp_path / "1.zip", {f"doejane_LATE_1_8_{NB}": b"one"}), root, HW)
    assert collected[0].state == "older"
    assert notebooks(root) == {"doejane": "two"}
    assert tree(root / "submitted_before") == {f"doejane/{HW}/1/{NB}": b"one"}
    assert not arrival_of(root, HW, "doejane").late
    collect(zipped(tmp_path / "3.zip", {f"doejane_1_10_{NB}": b"three"}), root, HW)
    assert notebooks(root) == {"doejane": "three"}
    assert tree(root / "submitted_before") == {f"doejane/{HW}/1/{NB}": b"one", f"doejane/{HW}/2/{NB}": b"two"}


def test_of_several_notebooks_in_one_archive_the_newest_counts_by_number_not_by_name(tmp_path, root):
    files = {f"doejane_1_{order}_{HW}{n}.ipynb": str(order).encode() for order, n in ((9, "-2"), (100, ""), (20, "-1"))}
    what = zipped(tmp_path / "w.zip", {**files, "doejane_1_11_data.csv": b"data"})
    assert [one.state for one in collect(what, root, HW)] == ["newer"]
    assert submitted(root, "doejane") == {NB: b"100", "data.csv": b"data"}
    assert tree(root / "submitted_before") == {f"doejane/{HW}/1/{NB}": b"9", f"doejane/{HW}/2/{NB}": b"20"}
    before = tree(root)
    collect(what, root, HW)
    assert tree(root) == before


def test_where_only_times_tell_the_later_wins(tmp_path, root):
    name = f"Bo Li_7_assignsubmission_file_/{NB}"
    collect(zipped(tmp_path / "2.zip", {name: b"two"}, (2026, 3, 2, 0, 0, 0)), root, HW)
    collect(zipped(tmp_path / "1.zip", {name: b"one"}, (2026, 3, 1, 0, 0, 0)), root, HW)
    assert list(notebooks(root).values()) == ["two"]
    collect(zipped(tmp_path / "3.zip", {name: b"one"}, (2026, 3, 3, 0, 0, 0)), root, HW)
    assert list(notebooks(root).values()) == ["one"]
    collect(zipped(tmp_path / "4.zip", {name: b"four"}, (2026, 3, 3, 0, 0, 0)), root, HW)
    assert list(notebooks(root).values()) == ["four"]


def test_what_was_put_there_by_hand_is_kept(tmp_path, root):
    there = root / "submitted" / "doejane" / HW
    there.mkdir(parents=True)
    (there / NB).write_bytes(b"by hand")
    collect(zipped(tmp_path / "1.zip", {f"doejane_1_10_{NB}": b"one"}), root, HW)
    assert tree(root / "submitted_before") == {f"doejane/{HW}/1/{NB}": b"by hand"}
    (there / NB).write_bytes(b"mended by hand")
    collect(tmp_path / "1.zip", root, HW)
    assert notebooks(root) == {"doejane": "mended by hand"}


def test_what_was_deleted_or_lost_when_the_machine_stopped_is_put_there_again(tmp_path, root):
    what = zipped(tmp_path / "1.zip", {f"doejane_1_10_{NB}": b"one"})
    collect(what, root, HW)
    (root / "submitted" / "doejane" / HW).rename(tmp_path / "gone")
    collect(what, root, HW)
    assert notebooks(root) == {"doejane": "one"}
    assert [one.state for one in collect(what, root, HW)] == ["same"]
    assert (
        sum(bool(one["place"]) for one in json.loads((root / f"collected/{HW}/doejane.json").read_text())["handed_in"])
        == 1
    )


def test_an_older_one_is_taken_where_the_newer_was_deleted(tmp_path, root):
    collect(zipped(tmp_path / "2.zip", {f"doejane_1_20_{NB}": b"two"}), root, HW)
    (root / "submitted" / "doejane" / HW).rename(tmp_path / "gone")
    collect(zipped(tmp_path / "1.zip", {f"doejane_1_10_{NB}": b"one"}), root, HW)
    assert notebooks(root) == {"doejane": "one"}


def test_the_same_file_with_another_number_is_the_same(tmp_path, root):
    collect(zipped(tmp_path / "1.zip", {f"doejane_1_10_{NB}": b"one"}), root, HW)
    collect(
        zipped(tmp_path / "2.zip", {f"doejane_1_20_{NB}": b"two", "doejane_1_21_data.zip": zip_bytes({"d/a": b"1"})}),
        root,
        HW,
    )
    what = zipped(
        tmp_path / "3.zip", {f"doejane_LATE_1_30_{NB}": b"two", "doejane_1_31_data.zip": zip_bytes({"d/a": b"1"})}
    )
    (root / "submitted" / "doejane" / HW / "link").symlink_to("/nowhere")
    assert [one.state for one in collect(what, root, HW)] == ["same"]
    record = json.loads((root / "collected" / HW / "doejane.json").read_text())["handed_in"]
    assert [one["place"] for one in record] == [f"submitted_before/doejane/{HW}/1", "", f"submitted/doejane/{HW}"]
    assert arrival_of(root, HW, "doejane").late


def test_of_other_files_with_one_name_the_newest_is_kept(tmp_path, root):
    files = {f"doejane_1_10_{NB}": b"nb", "doejane_1_11_data.csv": b"old", "doejane_1_12_data.csv": b"new"}
    collect(zipped(tmp_path / "w.zip", files), root, HW)
    assert submitted(root, "doejane") == {NB: b"nb", "data.csv": b"new"}
    assert not tree(root / "submitted_before")


def test_a_number_at_the_end_of_a_name_is_canvas_s_only_in_canvas(tmp_path, root):
    (one,) = collect(zipped(tmp_path / "w.zip", {f"ada/{HW}-1.ipynb": b"a"}), root, HW)
    assert one.notes == (f"{HW}-1.ipynb was taken for {NB}; call it that next time.",)


def test_an_id_in_the_list_that_is_none_is_not_used(tmp_path, root):
    (root / "students.csv").write_text("id,name\nold one,Old One\n")
    collect(zipped(tmp_path / "w.zip", {f"Old One_7_assignsubmission_file_/{NB}": b"a"}), root, HW)
    assert all(one.startswith("old-one-") for one in notebooks(root))


def test_who_is_stopped_before_the_record_is_written_goes_on_where_it_was(tmp_path, root):
    record = root / "collected" / HW / "doejane.json"
    collect(zipped(tmp_path / "1.zip", {f"doejane_1_10_{NB}": b"one"}), root, HW)
    earlier = record.read_bytes()
    second = zipped(tmp_path / "2.zip", {f"doejane_LATE_1_20_{NB}": b"two"})
    collect(second, root, HW)
    complete = json.loads(record.read_text())
    record.write_bytes(earlier)
    assert [one.state for one in collect(second, root, HW)] == ["same"]
    assert arrival_of(root, HW, "doejane").late
    assert json.loads(record.read_text()) == complete
    assert notebooks(root) == {"doejane": "two"}
    assert tree(root / "submitted_before") == {f"doejane/{HW}/1/{NB}": b"one"}


def test_two_students_of_one_name_are_two_and_stay_who_they_are(tmp_path, root):
    maria = {f"Maria Garcia_{n}_assignsubmission_file_/{NB}": str(n).encode() for n in (11, 12)}
    collected = collect(zipped(tmp_path / "1.zip", maria), root, HW)
    ids = {row[f"moodle:{HW}"]: one for one, row in students(root).items()}
    assert len(ids) == 2
    assert {n: notebooks(root)[one] for n, one in ids.items()} == {"11": "11", "12": "12"}
    assert any("has the same name as" in note for one in collected for note in one.notes)
    collect(
        zipped(tmp_path / "2.zip", {name: b"x" + data for name, data in maria.items()}, (2027, 1, 1, 0, 0, 0)), root, HW
    )
    assert {n: notebooks(root)[one] for n, one in ids.items()} == {"11": "x11", "12": "x12"}
    jane = {f"doejane_{n}_{n}_{NB}": str(n).encode() for n in (1, 2)}
    collect(zipped(tmp_path / "3.zip", jane), root, HW)
    assert {row["lms_id"]: notebooks(root)[one] for one, row in students(root).items() if row["name"] == "doejane"} == {
        "1": "1",
        "2": "2",
    }


def test_a_student_of_moodle_has_another_number_in_the_next_homework_and_is_the_same(tmp_path, root):
    collect(zipped(tmp_path / "1.zip", {f"Bo Li_7_assignsubmission_file_/{NB}": b"1"}), root, HW)
    collect(zipped(tmp_path / "2.zip", {"Bo Li_8_assignsubmission_file_/hw3.ipynb": b"2"}), root, "hw3")
    (row,) = students(root).values()
    assert (row[f"moodle:{HW}"], row["moodle:hw3"], row["lms_id"]) == ("7", "8", "8")
    twice = {f"Bo Li_{n}_assignsubmission_file_/hw4.ipynb": b"3" for n in (9, 10)}
    collect(zipped(tmp_path / "3.zip", twice), root, "hw4")
    assert len(students(root)) == 3  # nobody can tell which of them is the one of before


def test_the_list_of_students_is_used_and_extended_and_nothing_in_it_is_lost(tmp_path, root):
    text = 'id,name,group,email\nb01,"Doe, Jane",red,jane@x.org\nb02,Bo Li,blue,\nB03,,,\nold one,Old One,,\n'
    (root / "students.csv").write_text("\ufeff" + text)
    collect(zipped(tmp_path / "1.zip", {f"doejane_1_1_{NB}": b"j", f"b03_2_2_{NB}": b"x"}), root, HW)
    collect(zipped(tmp_path / "2.zip", {f"Bo Li_7_assignsubmission_file_/{NB}": b"b"}), root, HW)
    rows = students(root)
    assert {one: (row["name"], row["group"], row["email"], row["lms_id"]) for one, row in rows.items()} == {
        "b01": ("Doe, Jane", "red", "jane@x.org", "1"),
        "b02": ("Bo Li", "blue", "", "7"),
        "B03": ("", "", "", ""),
        "old one": ("Old One", "", "", ""),
        "b03-2": ("b03", "", "", "2"),
    }
    assert notebooks(root) == {"b01": "j", "b02": "b", "b03-2": "x"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("name;mail\n", "no column 'id'"), ("id,name\na,b,c\n", "more columns"), (b"id,name\na,\xe9\n", "not in UTF-8")],
)
def test_a_list_of_students_that_is_none_is_refused_and_left_alone(tmp_path, root, text, sentence):
    data = text if isinstance(text, bytes) else text.encode()
    (root / "students.csv").write_bytes(data)
    with pytest.raises(CourseError, match=sentence):
        collect(zipped(tmp_path / "1.zip", CANVAS), root, HW)
    assert tree(root) == {"students.csv": data}


def test_odd_names_get_folders_of_their_own(tmp_path, root):
    names = ["*", "[a]", "a b", "José", unicodedata.normalize("NFD", "José"), "é" * 80, "Ada", "ada"]
    collect(zipped(tmp_path / "w.zip", {f"{name}/{NB}": name.encode() for name in names}), root, HW)
    assert sorted(notebooks(root).values()) == sorted(names)
    assert len({one.casefold() for one in notebooks(root)}) == len(names)
    assert {row["name"] for row in students(root).values()} == set(names)


def test_names_that_a_mac_did_not_mark_as_unicode_are_read(tmp_path, root):
    what = zipped(tmp_path / "w.zip", {"xxxxxx.ipynb": b"1"})
    what.write_bytes(what.read_bytes().replace(b"xxxxxx.ipynb", "Jösé.ipynb".encode()))
    collect(what, root, HW)
    assert [row["name"] for row in students(root).values()] == ["Jösé"]


def mode(name, kind):
    info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr = 3, (kind | 0o644) << 16
    return info


def test_what_leads_outside_is_left_out_and_the_rest_is_taken(tmp_path, root):
    files = {
        f"ada/{NB}": b"a",
        "../../evil.txt": b"x",
        "/etc/evil.txt": b"x",
        "C:\\evil.txt": b"x",
        "ada/../../evil.txt": b"x",
        "ada\\..\\evil.txt": b"x",
        "ada/\x07bell": b"x",
        mode("ada/link", stat.S_IFLNK): b"/etc/passwd",
        mode("ada/pipe", stat.S_IFIFO): b"",
        f"ada/{'x' * 300}": b"x",
    }
    collected = collect(zipped(tmp_path / "w.zip", files), root, HW)
    assert notebooks(root) == {"ada": "a"}
    assert sum(one.state == "left out" for one in collected) == 9
    assert not list(tmp_path.rglob("evil*"))


def test_links_in_a_folder_are_left_out(tmp_path, root):
    (tmp_path / "d" / "ada").mkdir(parents=True)
    (tmp_path / "d" / "ada" / NB).write_bytes(b"a")
    (tmp_path / "d" / "ada" / "secret").symlink_to("/etc/passwd")
    (tmp_path / "d" / "bob").symlink_to(tmp_path / "d" / "ada")
    os.mkfifo(tmp_path / "d" / "pipe.ipynb")
    collected = collect(tmp_path / "d", root, HW)
    assert notebooks(root) == {"ada": "a"}
    assert sum("it is a link" in note for one in collected for note in one.notes) == 3


@pytest.mark.parametrize(
    "archive",
    [
        zip_bytes({f"my work/{NB}": b"nb", "my work/data/a.csv": b"1", f"__MACOSX/my work/._{NB}": b"x"}),
        tar_bytes({f"./my work/{NB}": b"nb", "my work/data/a.csv": b"1"}, escape="/etc/passwd"),
        tar_bytes({f"my work/{NB}": b"nb", "my work/data/a.csv": b"1"}, mode="w:xz"),
        tar_bytes({f"{NB}": b"nb", "data/a.csv": b"1"}, mode="w:bz2"),
        tar_bytes({f"{NB}": b"nb", "data/a.csv": b"1", "../evil": b"1", "timestamp.txt": b"2000-01-01"}, mode="w"),
    ],
    ids=["zip", "tar.gz", "tar.xz", "tar.bz2", "tar"],
)
def test_a_student_s_archive_is_unpacked(tmp_path, root, archive, request):
    name = f"doejane_1_1_hw.{request.node.callspec.id}"
    collect(zipped(tmp_path / "w.zip", {name: archive}), root, HW)
    assert submitted(root, "doejane") == {NB: b"nb", "data/a.csv": b"1"}


def test_of_several_notebooks_in_an_archive_the_one_with_the_right_name_goes_to_the_top(tmp_path, root):
    inner = zip_bytes({f"work/{NB}": b"nb", "work/scratch.ipynb": b"s"})
    collect(zipped(tmp_path / "w.zip", {"doejane_1_1_a.zip": inner}), root, HW)
    assert submitted(root, "doejane") == {NB: b"nb", "scratch.ipynb": b"s"}


def locked_zip():
    data = bytearray(zip_bytes({NB: b"nb"}))
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "archive", "sentence"),
    [
        ("a.zip", b"PK\x03\x04 no zip", "could not be unpacked"),
        ("a.tar.gz", b"\x1f\x8b no gzip", "could not be unpacked"),
        ("a.tar.xz", tar_bytes({NB: b"x" * 5000}, mode="w:xz")[:-40], "could not be unpacked"),
        ("a.tar", b"no tar" * 1000, "could not be unpacked"),
        ("a.zip", zip_bytes({"zeros": b"\0" * 20_000_000}), "more than 200 times its size"),
        ("a.tar.gz", tar_bytes({"zeros": b"\0" * (LARGEST_FILE + 1)}), "unpacks to more than 64 MB"),
        ("a.zip", locked_zip(), "locked with a password"),
    ],
    ids=["broken zip", "broken gzip", "cut xz", "broken tar", "zip bomb", "tar bomb", "locked"],
)
def test_an_archive_that_cannot_be_unpacked_is_said_to_be_that_and_stops_nobody(
    tmp_path, root, name, archive, sentence
):
    what = zipped(tmp_path / "w.zip", {f"a_1_1_{name}": archive, f"b_2_2_{NB}": b"b"}, method=zipfile.ZIP_STORED)
    collected = {one.student: one for one in collect(what, root, HW)}
    assert sentence in collected["a"].notes[0]
    assert submitted(root, "b") == {NB: b"b"}
    taken = take_in(root / "submitted" / "a" / HW, HW, release())
    assert "was not handed in" in taken.trouble


def test_a_bomb_in_the_download_itself_stops_nobody(tmp_path, root):
    collected = collect(
        zipped(tmp_path / "w.zip", {"a_1_1_a.ipynb": b"\0" * 30_000_000, f"b_2_2_{NB}": b"b"}), root, HW
    )
    assert "more than 200 times its size" in collected[0].notes[0]
    assert submitted(root, "b") == {NB: b"b"}


def test_many_tiny_files_and_large_ones_are_bounded(tmp_path, root):
    inner = zip_bytes({**{f"f{n:04}": b"x" for n in range(1000)}, NB: b"nb"})
    collected = collect(zipped(tmp_path / "w.zip", {"a_1_1_a.zip": inner}), root, HW)
    assert len(submitted(root, "a")) == 500
    assert "at most 128 MB and 500 files are taken" in collected[0].notes[0]


def test_a_notebook_of_70_megabytes_is_cut_so_that_the_student_hears_that_it_is_too_large(tmp_path, root):
    data = os.urandom(2**20) * 70
    collect(zipped(tmp_path / "w.zip", {f"a_1_1_{NB}": data}, method=zipfile.ZIP_STORED), root, HW)
    assert "larger than 20 MB" in take_in(root / "submitted" / "a" / HW, HW, release()).trouble


def test_a_file_where_another_has_a_folder_is_noted(tmp_path, root):
    collected = collect(zipped(tmp_path / "w.zip", {f"ada/{NB}": b"a", "ada/x": b"1", "ada/x/y": b"2"}), root, HW)
    assert "could not be written" in collected[0].notes[0]


def test_times_are_taken_from_files_but_not_from_an_lms_s(tmp_path, root):
    collect(zipped(tmp_path / "1.zip", {f"ada/{NB}": b"a"}, (2026, 3, 1, 12, 0, 0)), root, HW)
    local = datetime(2026, 3, 1, 12).astimezone(UTC).replace(tzinfo=None)
    assert parse_utc((root / "submitted/ada" / HW / "timestamp.txt").read_text().strip()) == local
    collect(zipped(tmp_path / "2.zip", CANVAS), root, HW)
    assert not (root / "submitted/doejane" / HW / "timestamp.txt").exists()
    collect(zipped(tmp_path / "3.zip", {f"x_7_7_{NB}": b"x"}), root, HW, when=datetime(2026, 1, 2, 3, tzinfo=UTC))
    assert (root / "submitted/x" / HW / "timestamp.txt").read_text() == "2026-01-02 03:00:00.000000 UTC\n"


@pytest.mark.parametrize(
    ("name", "stamp", "kept"),
    [
        (f"ada/{HW}", b"2020-01-01 00:00:00 UTC", True),
        (f"ada/{HW}", b"tomorrow or so", False),
        ("Bo Li_7_assignsubmission_file_", b"2020-01-01 00:00:00 UTC", False),
    ],
)
def test_a_timestamp_is_believed_only_where_no_student_could_write_it(tmp_path, root, name, stamp, kept):
    collect(zipped(tmp_path / "1.zip", {f"{name}/{NB}": b"a", f"{name}/timestamp.txt": stamp}), root, HW)
    (folder,) = (root / "submitted").glob(f"*/{HW}")
    path = folder / "timestamp.txt"
    assert (path.exists() and path.read_bytes() == stamp) == kept


def test_what_is_collected_can_be_taken_in_and_nbgrader_finds_it(tmp_path, root):
    name = f"Ana María Ruiz_12_assignsubmission_file_/{HW} (1).ipynb"
    collect(zipped(tmp_path / "m.zip", {name: json.dumps(honest())}), root, HW)
    (folder,) = (root / "submitted").glob(f"*/{HW}")
    assert take_in(folder, HW, release()).trouble == ""
    assert (folder / NB).is_file()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert not list((root / "submitted_before").iterdir())


def test_a_student_s_folder_that_is_a_link_is_not_written_through(tmp_path, root):
    (root / "submitted").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (root / "submitted" / "doejane").symlink_to(tmp_path / "elsewhere")
    collected = collect(zipped(tmp_path / "w.zip", CANVAS), root, HW)
    assert "is a link" in next(one for one in collected if one.student == "doejane").notes[0]
    assert not list((tmp_path / "elsewhere").iterdir())


def test_nothing_is_collected_while_another_run_is_at_work(tmp_path, root):
    with (
        alone(root),
        pytest.raises(CourseError, match=f"process {os.getpid()}. is collecting or grading"),
    ):
        collect(zipped(tmp_path / "w.zip", {f"ada/{NB}": b"a"}), root, HW)
    assert not (root / "submitted").exists()


def test_what_is_no_download_is_refused_with_a_sentence(tmp_path, root):
    (tmp_path / "text").write_text("text")
    (root / "submitted").mkdir()
    for what, sentence in (
        (tmp_path / "nowhere.zip", "There is no"),
        (tmp_path / "text", "neither a folder nor a zip"),
        (root / "submitted", "the course's own"),
        (tmp_path, "the course's own"),
    ):
        with pytest.raises(CourseError, match=sentence):
            collect(what, root, HW)


def test_a_damaged_record_is_named(tmp_path, root):
    what = zipped(tmp_path / "w.zip", {f"a_1_1_{NB}": b"a"})
    collect(what, root, HW)
    (root / "collected" / HW / "a.json").write_text("{")
    with pytest.raises(CourseError, match=r"a\.json is damaged"):
        collect(what, root, HW)
