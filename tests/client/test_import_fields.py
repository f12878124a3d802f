"""Which field is meant by a name, what a value is there, and what an import never leaves unsaid."""

from functools import partial

import pytest

from satchel.client.import_fields import Fields, NoField, UnfitError, fitting
from satchel.client.import_manifest import ManifestFile, ManifestInstance
from satchel.client.import_origin import MOST_CHARS, origin
from satchel.client.sources.listing import OffsetCursor, number_of, utc
from satchel.model.api.apps import App, Column, Field, Option, StartForm
from satchel.model.errors import InvalidRequest

field = partial(Field, description="", searchable=False)
column = partial(Column, required=False)

APP = App(
    id=1,
    code="APP",
    name="App",
    category="",
    description="",
    version=1,
    tasks={},
    steps=[],
    retired=False,
    messages={},
    actions=[],
    may=[],
    fields=[
        field(number=1, id="name", label="Name", type="text"),
        field(number=2, id="note_1", label="Note", type="text"),
        field(number=3, id="note_2", label="Note", type="text"),
        field(number=4, id="7", label="Seven", type="text"),
    ],
    start=StartForm(fields={"name": "require"}),
)
OPTIONS = [
    Option(id="r", label="Red"),
    Option(id="g", label="Green, light"),
    Option(id="b", label="Blue"),
]


def _fields(*, is_lenient: bool = True, is_numbered: bool = False, **names: str) -> Fields:
    return Fields(APP, names=names, skip=frozenset({"Secret"}), is_lenient=is_lenient, is_numbered=is_numbered)


@pytest.mark.parametrize(
    ("name", "labels", "found"),
    [
        ("name", {}, "name"),
        (" NAME ", {}, "name"),
        ("q_x", {"q_x": "name"}, "name"),
        ("mapped", {}, "note_2"),
        ("q_y", {"q_y": "mapped"}, "note_2"),
        ("7", {}, "7"),
        ("1", {}, NoField.UNKNOWN),
        ("Note", {}, NoField.UNKNOWN),  # two are called so
        ("other", {}, NoField.UNKNOWN),
        ("q_z", {"q_z": "Secret"}, NoField.SKIPPED),
        (None, {}, NoField.TAB),
    ],
)
def test_a_name_is_a_field_by_the_users_word_by_id_or_by_its_only_label(
    name: str | None, labels: dict[str, str], found: str | NoField
) -> None:
    known = _fields(mapped="note_2").named(name, labels)
    assert (known if isinstance(known, NoField) else known.id) == found


def test_numbers_count_only_where_names_are_numbers_and_unknown_names_are_refused_unless_lenient() -> None:
    known = _fields(is_numbered=True).named("1", {})
    assert isinstance(known, Field)
    assert known.id == "name"
    with pytest.raises(InvalidRequest, match="--map other=FIELD"):
        _fields(is_lenient=False).named("other", {})
    with pytest.raises(InvalidRequest, match="no field nowhere"):
        _fields(other="nowhere").check()


@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [
        ("choice", "r", "r"),
        ("choice", " red ", "r"),
        ("choice", [{"value": "b", "display": "Blue"}], "b"),
        ("choices", "Green, light", ["g"]),
        ("choices", "Red, Blue", ["r", "b"]),
        ("choices", ["Blue", "b"], ["b"]),
        ("boolean", "Yes", True),
        ("boolean", 0, False),
        ("integer", "12", "12"),
        ("decimal", 2.5, "2.5"),
        ("date", "2026-03-01T00:00:00+02:00", "2026-03-01"),
        ("date", "2026-03-01", "2026-03-01"),
        ("text", ["a", True], "a, true"),
        ("multiline", "a\nb", "a\nb"),
        ("link", "https://a.example", "https://a.example"),
        ("table", '[{"Item":"x","amount":"2","empty":""}]', [{"item": "x", "amount": "2"}]),
    ],
)
def test_a_value_takes_the_form_of_its_field(kind: str, value: object, fits: object) -> None:
    columns = [
        column(id="item", label="Item", type="text"),
        column(id="amount", label="Amount", type="decimal"),
    ]
    known = field(number=1, id="x", label="X", type=kind, options=OPTIONS, columns=columns)
    assert fitting(known, value) == fits


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("choice", "Purple"),
        ("choice", ["r", "b"]),
        ("choices", "Red, Purple"),
        ("boolean", "perhaps"),
        ("integer", "twelve"),
        ("decimal", True),
        ("text", "a\nb"),
        ("text", {"a": 1}),
        ("link", "javascript:alert(1)"),
        ("table", "no JSON"),
        ("table", [{"unknown": "x"}]),
        ("separator", "x"),
    ],
)
def test_a_value_without_such_a_form_is_told_to_have_none(kind: str, value: object) -> None:
    known = field(number=1, id="x", label="X", type=kind, options=OPTIONS)
    with pytest.raises(UnfitError):
        fitting(known, value)


def test_the_first_comment_names_each_files_date_and_owner_and_stays_short() -> None:
    found = ManifestInstance(id=1, app="T", identifier="T-1", state="ended", starter="Carla", started_at="2026-01-02Z")
    file = ManifestFile(id=2, instance=1, name="scan\n.pdf", created_at="2026-01-03Z", created_by=7)
    bare = ManifestFile(id=3, instance=1, name="unknown.txt")
    assert origin("https://a.example", found, [file, bare]) == (
        "Imported from https://a.example: T-1, started 2026-01-02Z by Carla, ended.\n"
        "scan .pdf: attached 2026-01-03Z by 7"
    )
    many = origin("https://a.example", found, [file] * 1_000)
    assert len(many) < MOST_CHARS + 100
    assert many.endswith(" more files.")


def test_moments_are_in_utc_and_names_have_the_same_number_on_each_run() -> None:
    assert utc("2022-10-25T11:11:16-07:00") == "2022-10-25T18:11:16Z"
    assert utc("2024-04-02T20:26:27.77941695Z") == "2024-04-02T20:26:27Z"
    assert [utc(text) for text in ("2024-04-02 20:26:27", "", None, "soon")] == [None] * 4
    assert number_of("EVA-1") == number_of("EVA-1") == 2939479940975144199
    assert number_of("a", "b") != number_of("ab")
    assert 0 <= number_of("x") < 2**63


def test_a_list_that_shifted_is_begun_anew_but_not_for_ever() -> None:
    place = OffsetCursor.read(OffsetCursor().following(3, "c:d"))
    assert (place.start, place.last, place.is_shifted("c:d"), place.is_shifted("x")) == (2, "c:d", False, True)
    turns = 0
    here: OffsetCursor | None = place
    while here is not None and (here := here.again()) is not None:
        turns += 1
    assert turns == 10
