"""Rosters are told apart by looking, and say of each file whose it is, for which exercise, or why it is left out."""

import io
import json
import stat
import zipfile
from types import SimpleNamespace

import pytest

from grader.batch.gather import gather
from grader.batch.rosters.read import read_roster
from grader.catalogue.catalogue import exercises, find
from grader.errors import UsageError

LEAF = "05_leaf_and_grad"
CODE = "def switch_on(x): ...\n"


class OldInfo(zipfile.ZipInfo):
    """A member whose name is stored as old programs did: as it is, with nothing that says in which encoding."""

    def _encodeFilenameFlags(self):  # noqa: N802  zipfile calls it
        return self.filename.encode("cp437"), 0


def zipped(path, members):
    """Make a zip; a name in bytes is stored as it is."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            info = OldInfo(name.decode("cp437")) if isinstance(name, bytes) else zipfile.ZipInfo(name)
            archive.writestr(info, data)
    return path


def folder(path, members):
    for name, data in members.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def read(path, roster="", encoding="", chosen=None):
    found = read_roster(path, roster, encoding)
    gathered = gather(found.source, found.handed_in, chosen or exercises())
    return SimpleNamespace(
        what=found.what,
        students=gathered.students,
        strays={each.path: each.why for each in gathered.strays},
        submissions={(each.student, each.exercise): each for each in gathered.submissions},
        files=gathered.submissions,
    )


class TestCanvas:
    def test_names(self, tmp_path):
        found = read(
            zipped(
                tmp_path / "s.zip",
                {
                    f"doejane_11_901_{LEAF}.py": CODE,
                    f"müllerjürgen_LATE_12_902_{LEAF}-1.py": CODE,
                    f"anon_ab1_903_{LEAF}.py": CODE,
                    f"LATE_anon_cd2_904_{LEAF}.py": CODE,
                    "roeron_13_text.html": "<p>hi</p>",
                    "roeron_13_905_notes.txt": "hi",
                },
            )
        )
        assert found.what == "Canvas's zip"
        assert {who: each.late for (who, _), each in found.submissions.items()} == {
            "11": False, "12": True, "anon_ab1": False, "anon_cd2": True,
        }  # fmt: skip
        assert found.students["12"].name == "müllerjürgen"
        assert found.strays["roeron_13_text.html"] == "was typed into Canvas, not handed in as a file"
        assert "belongs to no exercise" in found.strays["roeron_13_905_notes.txt"]

    def test_two_students_of_one_name_are_two(self, tmp_path):
        members = {f"doejane_11_901_{LEAF}.py": CODE, f"doejane_12_902_{LEAF}.py": CODE + "#"}
        assert len(read(zipped(tmp_path / "s.zip", members)).submissions) == 2


class TestMoodle:
    @pytest.mark.parametrize("form", ["{}/" + LEAF + ".py", "{}_/" + LEAF + ".py", "{}_" + LEAF + ".py"])
    def test_folders_of_all_versions_and_flat(self, tmp_path, form):
        names = ["Jane Doe_101_assignsubmission_file", "Participant_102_assignsubmission_file"]
        found = read(zipped(tmp_path / "m.zip", {form.format(name): CODE for name in names}))
        assert found.what == "Moodle's zip"
        assert {who: each.name for who, each in found.students.items()} == {"101": "Jane Doe", "102": ""}
        assert len(found.submissions) == 2

    def test_a_group_and_a_text(self, tmp_path):
        members = {
            f"Group_A_7_assignsubmission_file/sub/{LEAF}.py": CODE,
            "Jane Doe_101_assignsubmission_onlinetext/onlinetext.html": "<p>x</p>",
        }
        found = read(zipped(tmp_path / "m.zip", members))
        assert found.students["7"].name == "Group A"
        assert list(found.strays.values()) == ["was typed into Moodle, not handed in as a file"]


METADATA = """\
submission_1:
  :submitters:
  - :name: Jane Doe
    :sid: '007'
    :email: jane@example.org
  - :name: Ron Roe
    :sid: '008'
    :email: ron@example.org
  :created_at: 2026-11-30 17:00:00.000000000 Z
"""


class TestGradescope:
    def test_everybody_of_a_group_has_its_files(self, tmp_path):
        members = {
            "assignment_9_export/submission_metadata.yml": METADATA,
            f"assignment_9_export/submission_1/{LEAF}.py": CODE,
            f"assignment_9_export/submission_2/{LEAF}.py": CODE,
        }
        found = read(zipped(tmp_path / "g.zip", members))
        assert found.what == "Gradescope's export"
        assert [each.student for each in found.files] == ["jane@example.org", "ron@example.org"]
        assert found.students["jane@example.org"].sid == "007"
        assert found.files[0].at == 1796058000.0
        assert list(found.strays.values()) == ["is nobody's by submission_metadata.yml"]

    @pytest.mark.parametrize("text", ["a: [", "[]", "!!python/object/apply:os.system ['true']"])
    def test_what_does_not_say_whose_they_are_is_refused(self, tmp_path, text):
        with pytest.raises(UsageError, match="submission_metadata"):
            read(zipped(tmp_path / "g.zip", {"submission_metadata.yml": text, "submission_1/a.py": CODE}))


class TestFolders:
    def test_a_folder_for_each(self, tmp_path):
        members = {
            f"anna/{LEAF}.py": CODE, f"ben/deep/er/{LEAF}.py": CODE, "stray.py": CODE,
            f"anna/.ipynb_checkpoints/{LEAF}.py": CODE, f"__MACOSX/anna/._{LEAF}.py": CODE,
        }  # fmt: skip
        found = read(folder(tmp_path / "class", members))
        assert sorted(who for who, _ in found.submissions) == ["anna", "ben"]
        assert found.strays == {"stray.py": "lies in no student's folder"}

    def test_a_zip_of_one_folder_of_folders(self, tmp_path):
        found = read(zipped(tmp_path / "c.zip", {f"class/anna/{LEAF}.py": CODE, f"class/ben/{LEAF}.py": CODE}))
        assert sorted(found.students) == ["anna", "ben"]

    def test_one_student_alone_is_no_folder_of_folders(self, tmp_path):
        assert list(read(folder(tmp_path / "class", {f"anna/{LEAF}.py": CODE})).students) == ["anna"]

    def test_the_only_exercise_of_a_course_needs_no_name(self, tmp_path):
        found = read(folder(tmp_path / "class", {"anna/final.py": "x = 1"}), chosen=[find("05")])
        assert list(found.submissions) == [("anna", LEAF)]

    def test_files_of_another_exercise_are_told(self, tmp_path):
        found = read(folder(tmp_path / "class", {f"anna/{LEAF}.py": CODE}), chosen=[find("16"), find("24")])
        assert list(found.strays.values()) == [f"is for {LEAF}, which is not in this course"]


class TestManifest:
    def test_what_it_lists(self, tmp_path):
        folder(tmp_path, {"files/a.py": CODE})
        (tmp_path / "list.csv").write_text(
            "\ufeffStudent;Exercise;Path;Time;Name\njane;5;files/a.py;2026-11-30T18:00:00+01:00;Doe, Jane\n"
            "ron;leaf_and_grad;files/b.py;;\n"
        )
        found = read(tmp_path / "list.csv")
        assert found.submissions["jane", LEAF].at == 1796058000.0
        assert found.students["jane"].name == "Doe, Jane"
        assert found.submissions["ron", LEAF].problem == "is not there"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("student,exercise\na,5\n", "has no column 'path'"),
            ("student,path\n,a.py\n", "line 2: the student is missing"),
            ("student,path,time\na,a.py,yesterday\n", "line 2: 'yesterday' is not a time"),
            ("", "has no column"),
        ],
    )
    def test_what_is_wrong_is_said_with_its_line(self, tmp_path, text, said):
        (tmp_path / "list.csv").write_text(text)
        with pytest.raises(UsageError, match=said):
            read(tmp_path / "list.csv")


class TestWhatIsHandedIn:
    @pytest.mark.parametrize(
        ("data", "problem"),
        [
            (b"%PDF-1.7 ...", "is a PDF, not Python"),
            (b"PK\x03\x04...", "is a zip in a zip or a document, not Python"),
            (b"", "is empty"),
            (b"x = '\xe4'", "is not UTF-8 text: line 1 holds an invalid byte"),
            ("x = 1".encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
            (b"#" * 1_000_001, "holds more than 1 MB, which is too much"),
        ],
    )
    def test_what_cannot_be_read_is_a_submission_with_its_reason(self, tmp_path, data, problem):
        found = read(folder(tmp_path / "class", {f"anna/{LEAF}.py": data}))
        assert found.submissions["anna", LEAF].problem == problem

    def test_a_picture_beside_the_file_does_not_count(self, tmp_path):
        found = read(folder(tmp_path / "class", {f"anna/{LEAF}.py": CODE, f"anna/{LEAF}.pdf": b"%PDF"}))
        assert found.submissions["anna", LEAF].text == CODE
        assert found.strays == {f"anna/{LEAF}.pdf": "is a PDF, not Python"}

    def test_a_notebook_is_its_code(self, tmp_path):
        cells = [
            {"cell_type": "markdown", "source": "# hi"},
            {"cell_type": "code", "source": ["%matplotlib inline\n", "import torch\n"]},
            {"cell_type": "code", "source": "%%bash\nrm -rf x"},
            {"cell_type": "code", "source": "%%step 05 switch_on\ndef switch_on(x):\n    !ls\n    return x"},
        ]
        found = read(folder(tmp_path / "class", {f"anna/{LEAF}.ipynb": json.dumps({"cells": cells})}))
        submission = found.submissions["anna", LEAF]
        assert submission.note == "is a notebook: its code cells (3) are graded"
        space = {}
        exec(submission.text.replace("import torch", ""), space)
        assert space["switch_on"](3) == 3
        assert "# rm -rf x" in submission.text

    @pytest.mark.parametrize(("data", "problem"), [("{", "does not hold JSON"), ('{"cells": []}', "without code")])
    def test_what_is_no_notebook(self, tmp_path, data, problem):
        found = read(folder(tmp_path / "class", {f"anna/{LEAF}.ipynb": data}))
        assert problem in found.submissions["anna", LEAF].problem

    def test_a_folder_in_place_of_a_file(self, tmp_path):
        found = read(folder(tmp_path / "class", {f"anna/{LEAF}.py/notes.txt": "x"}))
        assert list(found.strays) == [f"anna/{LEAF}.py/notes.txt"]

    def test_a_link_is_not_followed(self, tmp_path):
        root = folder(tmp_path / "class", {"ben/05.py": CODE})
        (root / "anna").mkdir()
        (root / "anna" / f"{LEAF}.py").symlink_to(root / "ben" / "05.py")
        assert read(root).submissions["anna", LEAF].problem == "is a link; links are not followed here"

    def test_the_file_of_another_exercise_under_this_name_is_noted(self, tmp_path):
        text = find("16").handed_out.read_text(encoding="utf-8")
        found = read(folder(tmp_path / "class", {f"anna/{LEAF}.py": text}))
        assert found.submissions["anna", LEAF].note == f"defines no step of {LEAF}, but those of 16_custom_module"

    def test_texts_of_a_student_steer_no_terminal(self, tmp_path):
        found = read(folder(tmp_path / "class", {f"an\x1b[31mna/{LEAF}.py": CODE}))
        assert not any("\x1b" in who for who in found.students)


class TestZips:
    def test_a_link_a_bomb_and_what_is_damaged(self, tmp_path):
        link = zipfile.ZipInfo(f"anna/{LEAF}.py")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(link, "/etc/passwd")
            archive.writestr(f"ben/{LEAF}.py", b"#" * 50_000_000)
            archive.writestr(zipfile.ZipInfo(f"carl/{LEAF}.py"), "x = 1  # to be damaged")
            archive.writestr(f"dora/{LEAF}.py", CODE)
        (tmp_path / "c.zip").write_bytes(packed.getvalue().replace(b"to be damaged", b"to be damaged"[::-1]))
        found = read(tmp_path / "c.zip").submissions
        assert found["anna", LEAF].problem == "is a link; links are not followed here"
        assert found["ben", LEAF].problem == "holds more than 1 MB, which is too much"
        assert "is damaged in the zip" in found["carl", LEAF].problem
        assert not found["dora", LEAF].problem

    def test_a_path_that_leads_elsewhere_leads_nowhere(self, tmp_path):
        found = read(zipped(tmp_path / "c.zip", {f"../../etc/{LEAF}.py": CODE, f"anna/{LEAF}.py": CODE}))
        assert sorted(found.students) == ["..", "anna"]
        assert not (tmp_path.parent / "etc").exists()

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_a_name_twice_is_two_files(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
            archive.writestr(f"anna/{LEAF}.py", "first = 1")
            archive.writestr(f"anna/{LEAF}.py", "second = 1")
        assert sorted(each.text for each in read(tmp_path / "c.zip").files) == ["first = 1", "second = 1"]

    @pytest.mark.parametrize(("name", "encoding"), [("김지훈", "cp949"), ("이서연", "utf-8"), ("Müller", "cp437")])
    def test_names_are_in_the_encoding_of_their_system(self, tmp_path, name, encoding):
        members = {f"{name}/{LEAF}.py".encode(encoding): CODE, f"anna/{LEAF}.py": CODE}
        assert sorted(read(zipped(tmp_path / "c.zip", members)).students) == sorted([name, "anna"])

    def test_an_encoding_can_be_forced(self, tmp_path):
        path = zipped(tmp_path / "c.zip", {f"田中/{LEAF}.py".encode("cp932"): CODE, f"b/{LEAF}.py": CODE})
        assert sorted(read(path, encoding="cp932").students) == ["b", "田中"]
        with pytest.raises(UsageError, match="there is no encoding 'cp99'"):
            read(path, encoding="cp99")

    def test_letters_and_their_marks_are_one(self, tmp_path):
        members = {f"u\u0308ber/{LEAF}.py": CODE, "\u00fcber/16_custom_module.py": CODE}
        assert list(read(zipped(tmp_path / "c.zip", members)).students) == ["\u00fcber"]


def test_what_is_no_roster_is_refused(tmp_path):
    (tmp_path / "a.zip").write_text("no zip")
    (tmp_path / "empty").mkdir()
    folder(tmp_path / "flat", {"a.py": CODE})
    for name, said in (("a.zip", "neither a folder nor a sound zip"), ("empty", "is empty"), ("flat", "is no roster"),
                       ("nothing", "there is no folder or file")):  # fmt: skip
        with pytest.raises(UsageError, match=said):
            read(tmp_path / name)


def test_a_roster_can_be_forced(tmp_path):
    root = folder(tmp_path / "class", {f"doejane_1_2_{LEAF}.py": CODE, f"anna/{LEAF}.py": CODE, f"ben/{LEAF}.py": CODE})
    assert sorted(read(root).students) == ["anna", "ben"]
    assert sorted(read(root, "canvas").students) == ["1"]
