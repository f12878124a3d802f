"""What a form sends: values and files, checked by the form's access."""

import pytest

from satchel.model.app import Access
from satchel.model.fields import Field, FieldType, FileLimits
from satchel.model.files import FileKind
from satchel.model.forms import access_faults, file_references, missing_required
from satchel.model.ids import FieldId
from satchel.model.linked_files import NewLinkedFile

NAME, COUNT, DOC, PICS = FieldId("name"), FieldId("count"), FieldId("doc"), FieldId("pics")
FIELDS = (
    Field(number=0, id=NAME, label="Name", type=FieldType.TEXT),
    Field(number=1, id=COUNT, label="Count", type=FieldType.INTEGER),
    Field(number=2, id=DOC, label="Document", type=FieldType.FILE, files=FileLimits(max_files=1)),
    Field(number=3, id=PICS, label="Pictures", type=FieldType.PHOTO, files=FileLimits()),
)
FORM = {NAME: Access.REQUIRE, COUNT: Access.READ, DOC: Access.REQUIRE, PICS: Access.EDIT}


def test_hidden_read_only_and_unknown_names_answer_alike() -> None:
    faults = access_faults({**FORM, NAME: Access.HIDE}, ["name", "count", "secret", "doc"])

    assert [fault.field for fault in faults] == ["name", "count", "secret"]
    assert {(fault.code, fault.message) for fault in faults} == {
        ("not_writable", "This form does not accept a value for it.")
    }


@pytest.mark.parametrize(
    ("values", "files", "missing"),
    [
        ({}, {}, ["name", "doc"]),
        ({"name": "Desk"}, {DOC: 1}, []),
        ({"name": None}, {DOC: 0}, ["name", "doc"]),
        ({"name": False}, {DOC: 1}, []),
    ],
)
def test_required_fields_need_a_value_or_a_file(
    values: dict[str, object], files: dict[FieldId, int], missing: list[str]
) -> None:
    assert [fault.field for fault in missing_required(FIELDS, [NAME, DOC], values, files)] == missing


@pytest.mark.parametrize(("given", "ids"), [(None, ()), ("", ()), ([], ()), (5, (5,)), ("5", (5,)), ([5], (5,))])
def test_files_are_named_by_one_id_a_list_or_nothing(given: object, ids: tuple[int, ...]) -> None:
    assert file_references(FIELDS[2], given) == (ids, [])


def test_files_that_are_kept_elsewhere_are_named_by_their_addresses() -> None:
    named = {"url": "https://drive.example/a", "name": "Plan 1/2", "description": "of the hall", "kind": "drive"}

    found, faults = file_references(FIELDS[3], [7, {"url": "https://drive.example/b/terms.pdf"}, named])

    assert faults == []
    assert found == (
        7,
        NewLinkedFile(url="https://drive.example/b/terms.pdf", name="terms.pdf"),
        NewLinkedFile(url="https://drive.example/a", name="Plan 1_2", description="of the hall", kind=FileKind.DRIVE),
    )


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (True, "type"),
        (1.0, "type"),
        (0, "type"),
        (-3, "type"),
        (2**63, "type"),
        ("abc", "type"),
        ("٣", "type"),
        ({"id": 5}, "type"),
        ({"url": "https://drive.example/a", "id": 5}, "type"),
        ({"url": "javascript:alert(1)"}, "type"),
        ({"url": "https://[::"}, "type"),
        ({"url": "https://drive.example/a", "kind": "stored"}, "type"),
        ({"url": "https://drive.example/a", "name": 5}, "type"),
        ({"url": "https://drive.example/a", "description": "d" * 2_001}, "too_long"),
        ([{"url": "https://drive.example/a"}, {"url": "https://drive.example/a"}], "duplicate"),
        ([None], "type"),
        ([5, 5], "duplicate"),
        ([5, "5"], "duplicate"),
        (list(range(1, 10_002)), "too_many_files"),
    ],
)
def test_other_shapes_are_refused(given: object, code: str) -> None:
    ids, faults = file_references(FIELDS[3], given)

    assert ids == ()
    assert [(fault.field, fault.code) for fault in faults] == [("pics", code)]
