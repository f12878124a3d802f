"""What a call was given: each parameter is read as its type, or refused by its name in the surface's words."""

from collections.abc import Callable

import pytest

from satchel.model.errors import InvalidRequest
from satchel.surfaces.kit.given import Given, Words
from satchel.surfaces.kit.texts import read_pairs, whole_number


class Strict(Given):
    """Takes nothing for anything else."""

    words = Words(missing="must not be null", out_of_range="must be from {low} to {high}")
    empty_is_absent = False
    has_json_texts = False
    text_chars = (1, 5)


class AnyCase(Given):
    """Finds names in any case."""

    @classmethod
    def key(cls, name: str) -> str:
        return name.lower()


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda given: given.integer("number"), 12),
        (lambda given: given.integer("digits"), 12),
        (lambda given: given.integer_or("empty", 7), 7),
        (lambda given: given.text_or_none("null", "empty"), None),
        (lambda given: given.text("missing", "word"), "abc"),
        (lambda given: given.flag("yes"), True),
        (lambda given: given.flag("missing", default=True), True),
        (lambda given: given.mapping("object"), {"a": 1}),
        (lambda given: given.mapping_or_empty("blank"), {}),
        (lambda given: given.sequence("list"), [1, "2"]),
        (lambda given: given.integers("list"), [1, 2]),
        (lambda given: sorted(given.names & {"null", "empty"}), ["empty"]),
    ],
)
def test_a_parameter_is_read_as_its_type_however_it_came(read: Callable[[Given], object], expected: object) -> None:
    given = Given(
        {
            "number": 12,
            "digits": " 12",
            "empty": "",
            "null": None,
            "word": "abc",
            "yes": "True",
            "blank": " ",
            "object": '{"a": 1}',
            "list": '[1, "2"]',
        }
    )
    assert read(given) == expected


@pytest.mark.parametrize(
    ("read", "why"),
    [
        (lambda given: given.integer("missing"), "box.missing must not be null."),
        (lambda given: given.integer("empty"), "box.empty must be a whole number from 0 to 9223372036854775807."),
        (lambda given: given.integer("yes"), "box.yes must be a whole number from 0 to 9223372036854775807."),
        (lambda given: given.integer("number", high=11), "box.number must be from 0 to 11."),
        (lambda given: given.text("number"), "box.number must be a text."),
        (lambda given: given.text("empty"), "box.empty must have 1 to 5 characters."),
        (lambda given: given.text("list", longest=2), "box.list must have 1 to 2 characters."),
        (lambda given: given.flag("number"), "box.number must be true or false."),
        (lambda given: given.mapping("list"), "box.list must be an object."),
        (lambda given: given.sequence("list"), "box.list must be a list."),
        (lambda given: given.texts("mixed"), "box.mixed must be a text."),
    ],
)
def test_a_refusal_names_the_parameter_in_the_words_of_the_surface(read: Callable[[Given], object], why: str) -> None:
    given = Strict({"number": 12, "empty": "", "yes": True, "list": "[1]", "mixed": ["a", 1]}, within="box")
    with pytest.raises(InvalidRequest) as refused:
        read(given)
    assert refused.value.message == why


def test_a_name_that_comes_twice_must_say_the_same() -> None:
    given = AnyCase([("Size", "12"), ("size", 12), ("SIZE", None)])
    assert given.raw("sIzE") == 12
    with pytest.raises(InvalidRequest, match="size is given more than once"):
        AnyCase([("Size", "12"), ("size", 13)])


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "1_0", "٣", "9223372036854775808", "0" * 20])
def test_only_ascii_digits_are_a_whole_number(text: str) -> None:
    assert whole_number(text) is None


def test_a_whole_number_is_within_its_bounds() -> None:
    assert [whole_number("7", low, high) for low, high in ((7, 7), (8, 9), (0, 6))] == [7, None, None]


@pytest.mark.parametrize("raw", [b"a=%ff", b"a=%00", b"\xe4=1", b"&".join(b"a%d=1" % number for number in range(201))])
def test_a_form_that_is_no_text_or_too_long_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidRequest, match=r"^The form "):
        read_pairs(raw, "The form")
