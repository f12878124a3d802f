"""What a form sends: values and files, checked by the form's access."""

from datetime import UTC, datetime

import pytest

from satchel.model.app import Access
from satchel.model.errors import InvalidValues
from satchel.model.fields import Field, FieldType, FileLimits
from satchel.model.forms import check_access, check_form, file_references, missing_required
from satchel.model.ids import FieldId

NOW = datetime(2026, 3, 2, tzinfo=UTC)
NAME, COUNT, DOC, PICS = FieldId("name"), FieldId("count"), FieldId("doc"), FieldId("pics")
FIELDS = (
    Field(number=0, id=NAME, label="Name", type=FieldType.TEXT),
    Field(number=1, id=COUNT, label="Count", type=FieldType.INTEGER),
    Field(number=2, id=DOC, label="Document", type=FieldType.FILE, files=FileLimits(max_files=1)),
    Field(number=3, id=PICS, label="Pictures", type=FieldType.PHOTO, files=FileLimits()),
)
FORM = {NAME: Access.REQUIRE, COUNT: Access.READ, DOC: Access.REQUIRE, PICS: Access.EDIT}


def test_values_and_files_are_told_apart() -> None:
    given = {"name": "Desk", "doc": 5, "pics": [7, "8"]}

    sent = check_form(FIELDS, FORM, given, now=NOW, time_zone=UTC)

    assert sent.values == {"name": "Desk"}
    assert sent.files == {"doc": (5,), "pics": (7, 8)}


def test_faults_of_access_values_and_files_come_at_once() -> None:
    given = {"name": 5, "count": 1, "doc": [1, 2], "secret": "x"}

    with pytest.raises(InvalidValues) as raised:
        check_form(FIELDS, FORM, given, now=NOW, time_zone=UTC)

    assert {(fault.field, fault.code) for fault in raised.value.faults} == {
        ("name", "type"),
        ("count", "not_writable"),
        ("doc", "too_many_files"),
        ("secret", "not_writable"),
    }


def test_a_change_without_a_form_may_write_every_field() -> None:
    assert check_form(FIELDS, None, {"count": 1}, now=NOW, time_zone=UTC).values == {"count": 1}
    with pytest.raises(InvalidValues):
        check_form(FIELDS, None, {"secret": 1}, now=NOW, time_zone=UTC)


def test_hidden_read_only_and_unknown_names_answer_alike() -> None:
    with pytest.raises(InvalidValues) as raised:
        check_access({**FORM, NAME: Access.HIDE}, ["name", "count", "secret"])

    assert {(fault.code, fault.message) for fault in raised.value.faults} == {
        ("not_writable", "This form does not take a value for it.")
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
    assert [fault.field for fault in missing_required(FIELDS, FORM, values, files)] == missing


@pytest.mark.parametrize(("given", "ids"), [(None, ()), ("", ()), ([], ()), (5, (5,)), ("5", (5,)), ([5], (5,))])
def test_files_are_named_by_one_id_a_list_or_nothing(given: object, ids: tuple[int, ...]) -> None:
    assert file_references(FIELDS[2], given) == (ids, [])


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
